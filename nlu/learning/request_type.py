"""Train the n-gram weights of nlu.request_type from the project's own sentences: ``python -m nlu.learning.request_type``.

A softmax regression over character n-grams whose starting point is what the hand-set cues say, so that it learns only what
they miss. A fifth of the sentences, chosen by hash, is held out and only counted.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import yaml

from nlu.files import data_path
from nlu.learning.ngram_model import fit, held_out, matrix, vocabulary
from nlu.learning.ngram_model import write as write_model
from nlu.request_type import NAMES, cue_scores
from nlu.text import normalise

_PENALTY = 6.0
_SHRINK = 0.7  # how far the n-grams are believed beside the cues: our sentences are shorter and plainer than real messages
_MORE_SUGGESTIONS = 0.3  # log-odds: real messages suggest more often than ours


def sentences() -> list[tuple[str, str]]:
    """Return the project's sentences as (text, request type)."""
    with data_path("reading", "request_type.yml").open(encoding="utf-8") as handle:
        data = yaml.safe_load(handle)
    return [(normalise(line), name) for name in NAMES for line in data[name].splitlines() if line.strip()]


def write(file: Path) -> None:
    """Train on four fifths of the sentences, report on the fifth held out, write the weights to ``file``."""
    rows = sentences()
    texts = [text for text, _ in rows if not held_out(text)]
    labels = np.array([NAMES.index(name) for text, name in rows if not held_out(text)])
    known = vocabulary(texts)
    cues = np.array([cue_scores(text)[0] for text in texts])
    weights, bias = fit(matrix(texts, known), labels, len(NAMES), penalty=_PENALTY, offsets=cues)
    weights, bias = weights * _SHRINK, bias * _SHRINK
    bias[NAMES.index("建议")] += _MORE_SUGGESTIONS
    check = [row for row in rows if held_out(row[0])]
    scores = matrix([text for text, _ in check], known) @ weights + np.array([cue_scores(text)[0] for text, _ in check]) + bias
    right = sum(NAMES[guess] == name for guess, (_, name) in zip(scores.argmax(axis=1), check, strict=True))
    kept = write_model(file, known, weights, bias)
    sys.stderr.write(f"{len(texts)} sentences learnt, {right} of {len(check)} held out right, {kept} n-grams\n")


if __name__ == "__main__":
    write(data_path("reading", "request_type_model.json"))
