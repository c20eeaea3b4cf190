"""Train what nlu.survey_reply falls back to where its cues find nothing: ``python -m nlu.learning.survey_reply``.

Softmax regressions over character n-grams, one a question and one for whether the text is an answer at all, written as one
model. Requests of our own are what is no answer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from nlu.files import data_path
from nlu.learning.ngram_model import fit, held_out, matrix, vocabulary
from nlu.learning.ngram_model import write as write_model
from nlu.learning.request_type import sentences as requests
from nlu.survey_reply import CLASSES
from nlu.text import normalise

_PENALTY = 20.0
_EVERY_REQUEST = 6  # one request in six: enough to know them, not so many that silence always wins
_CODES = {"y": "yes", "n": "no", "-": None}, {"yes": "yes", "no": "no", "part": "partial", "-": None}
_SATISFIED = {"s": "satisfied", "n": "neutral", "d": "dissatisfied", "-": None}


def sentences() -> list[tuple[str, tuple[str | None, str | None, str | None]]]:
    """Return the project's answers as (text, (contacted, resolved, satisfied))."""
    rows = []
    for line in data_path("reading", "survey_reply_sentences.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            contacted, resolved, satisfied, text = line.split(" ", 3)
            rows.append((text, (_CODES[0][contacted], _CODES[1][resolved], _SATISFIED[satisfied])))
    return rows


def write(file: Path) -> None:
    """Train on the answers that aren't held out and write the weights to ``file``."""
    answers = [(normalise(text), gold) for text, gold in sentences() if not held_out(text)]
    others = [text for text, _ in requests() if not held_out(text)]
    known = vocabulary([text for text, _ in answers] + others)
    some = answers + [(text, (None, None, None)) for text in others[::_EVERY_REQUEST]]
    features = matrix([text for text, _ in some], known)
    parts = []
    for question, classes in enumerate(CLASSES[:3]):
        labels = np.array([classes.index(gold[question]) for _, gold in some])
        parts.append(fit(features, labels, len(classes), penalty=_PENALTY))
    everything = [(text, int(gold == (None, None, None))) for text, gold in answers] + [(text, 1) for text in others]
    kinds = np.array([kind for _, kind in everything])
    parts.append(fit(matrix([text for text, _ in everything], known), kinds, 2, penalty=_PENALTY))
    kept = write_model(file, known, np.hstack([weights for weights, _ in parts]), np.hstack([bias for _, bias in parts]))
    sys.stderr.write(f"{len(everything)} sentences learnt, {kept} n-grams\n")


if __name__ == "__main__":
    write(data_path("reading", "survey_reply_model.json"))
