"""Train what nlu.emergency asks where its signs find nothing: ``python -m nlu.learning.emergency``.

A softmax regression over character n-grams: no danger, or the line to ring first. It learns from our emergency sentences
(those of tests/nlu/emergency_sentences.yml that aren't held out); requests of our own are what is no danger.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import yaml

from nlu.emergency.lexicon import CLASSES
from nlu.files import data_path
from nlu.learning.ngram_model import fit, held_out, matrix, vocabulary
from nlu.learning.ngram_model import write as write_model
from nlu.learning.request_type import sentences as requests
from nlu.text import normalise

_PENALTY = 10.0
_SENTENCES = data_path().parent / "tests" / "nlu" / "emergency_sentences.yml"


def sentences() -> list[tuple[str, str]]:
    """Return our sentences as (text, line to ring first or "none")."""
    groups = yaml.safe_load(_SENTENCES.read_text(encoding="utf-8"))
    return [(text, lines.split()[0]) for lines, texts in groups.items() for text in texts]


def others() -> list[str]:
    """Return requests of our own without danger: those of nlu.request_type and the catalogue's examples."""
    texts = [text for text, _ in requests()]
    for file in sorted(data_path("catalogue").glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        texts += [example for item in content.get("items", ()) for example in item.get("examples", ())]
    return texts


def write(file: Path) -> None:
    """Train on the sentences that aren't held out and write the weights to ``file``."""
    ours = [(normalise(text), CLASSES.index(line)) for text, line in sentences() if not held_out(text)]
    rows = ours + [(normalise(text), CLASSES.index("none")) for text in others() if not held_out(text)]
    known = vocabulary([text for text, _ in ours])
    features = matrix([text for text, _ in rows], known)
    weights, bias = fit(features, np.array([kind for _, kind in rows]), len(CLASSES), penalty=_PENALTY)
    kept = write_model(file, known, weights, bias)
    sys.stderr.write(f"{len(rows)} sentences learnt, {kept} n-grams\n")


if __name__ == "__main__":
    write(data_path("emergency", "model.json"))
