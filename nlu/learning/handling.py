"""Train what nlu.handling asks about short messages that no rule claims: ``python -m nlu.learning.handling``.

A softmax regression over character n-grams. Ordinary matters are the sentences to be answered or dispatched together with
our sentences for request types and the examples of the catalogue, so that the rare ways stay rare.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from nlu.files import data_path, read_yaml
from nlu.handling import CLASSES
from nlu.learning.ngram_model import fit, held_out, matrix, vocabulary
from nlu.learning.ngram_model import write as write_model
from nlu.learning.request_type import sentences as requests
from nlu.text import normalise

_PENALTY = 60.0
_NOT_ORDINARY = {"2123", "2404", "2408", "2409", "2410", "2411", "2415", "2416", "2417", "2418", "2425", "2426"}
"""Matters whose examples go other ways: corruption, courts, petitions, disclosure, central units and the army, private debts, nothing."""


def sentences() -> list[tuple[str, tuple[str, str | None]]]:
    """Return the project's sentences as (text, class); the ones about stability only are ordinary."""
    data = read_yaml(data_path("reading", "handling_sentences.yml"))
    rows = []
    for way, lines in data.items():
        name, _, channel = way.partition(" ")
        kind = (name, channel or None) if (name, channel or None) in CLASSES else CLASSES[0]
        rows += [(line.strip().lstrip("!"), kind) for line in (lines or "").splitlines() if line.strip()]
    return rows


def matters() -> list[str]:
    """Return the catalogue's examples of what is answered or dispatched."""
    texts: list[str] = []
    for file in sorted(data_path("catalogue").glob("*.yml")):
        items = read_yaml(file).get("items", ())
        texts += [example for item in items if item["code"] not in _NOT_ORDINARY for example in item.get("examples", ())]
    return texts


def write(file: Path) -> None:
    """Train on the sentences that aren't held out and write the weights to ``file``."""
    rows = [(normalise(text), kind) for text, kind in sentences() if not held_out(text)]
    ordinary = [text for text, _ in requests()] + [normalise(text) for text in matters()]
    rows += [(text, CLASSES[0]) for text in ordinary if not held_out(text)]
    texts = [text for text, _ in rows]
    known = vocabulary(texts)
    labels = np.array([CLASSES.index(kind) for _, kind in rows])
    weights, bias = fit(matrix(texts, known), labels, len(CLASSES), penalty=_PENALTY)
    sys.stderr.write(f"{len(rows)} sentences learnt, {write_model(file, known, weights, bias, smallest=0.1)} n-grams\n")


if __name__ == "__main__":
    write(data_path("reading", "handling_model.json"))
