"""Scoring a text by the weights of its character n-grams: what linear models trained by nlu.learning look like at run time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from nlu.files import data_path

_HEAD, _TAIL = 500, 300
_NUMBER = re.compile(r"[0-9]+")


def shorten(text: str) -> str:
    """Return the beginning and the end of a long text, where people say what they want."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def ngrams(text: str) -> set[str]:
    """Return the runs of one to three characters of normalised ``text``, with its borders marked and numbers alike."""
    text = "^" + _NUMBER.sub("0", shorten(text)) + "$"
    pairs = [text[start : start + 2] for start in range(len(text) - 1)]
    triples = [text[start : start + 3] for start in range(len(text) - 2)]
    return {*text, *pairs, *triples}


@dataclass(frozen=True, slots=True)
class NgramModel:
    """A linear model: one ``bias`` a class and, in hundredths, the ``weights`` of every n-gram that it knows."""

    bias: list[float]
    weights: dict[str, list[int]]

    def scores(self, text: str) -> list[float]:
        """Return the score of every class for normalised ``text``, in log-odds."""
        return self.scores_of(ngrams(text))

    def scores_of(self, grams: set[str]) -> list[float]:
        """Return the score of every class for a text with these n-grams, for callers that ask several models."""
        known = list(filter(None, map(self.weights.get, grams)))
        if not known:
            return list(self.bias)
        scale = len(known) ** -0.5 / 100
        return [bias + scale * sum(column) for bias, column in zip(self.bias, zip(*known, strict=True), strict=True)]


def load(name: str) -> NgramModel:
    """Return the model in ``data/reading/<name>``."""
    data = json.loads(data_path("reading", name).read_text(encoding="utf-8"))
    return NgramModel(data["bias"], data["weights"])
