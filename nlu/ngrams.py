"""Scoring a text by the weights of its character n-grams: what linear models trained by nlu.learning look like at run time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from nlu.files import data_path
from nlu.rows import pack, unpack

_HEAD, _TAIL = 500, 300
_NUMBER = re.compile(r"[0-9]+")


def shorten(text: str) -> str:
    """Return the beginning and the end of a long text, where people say what they want."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


@lru_cache(maxsize=8)  # the readers of one message ask for the same text
def ngrams(text: str) -> frozenset[str]:
    """Return the runs of one to three characters of normalised ``text``, with its borders marked and numbers alike."""
    text = "^" + _NUMBER.sub("0", shorten(text)) + "$"
    pairs = [text[start : start + 2] for start in range(len(text) - 1)]
    triples = [text[start : start + 3] for start in range(len(text) - 2)]
    return frozenset((*text, *pairs, *triples))


@dataclass(frozen=True, slots=True)
class NgramModel:
    """One or more linear models over n-grams, each n-gram looked up once for all of them.

    ``biases`` has the biases of each model's classes; ``weights`` has for every n-gram a packed row (nlu.rows): the weights of all
    the models' classes, in hundredths, and then for each model 1 if it knows the n-gram, else 0.
    """

    biases: tuple[tuple[float, ...], ...]
    weights: dict[str, int]

    @classmethod
    def of(cls, *models: tuple[Sequence[float], Mapping[str, Sequence[int]]]) -> NgramModel:
        """Return the model of ``models``, each of them its biases and the weights of its n-grams."""
        table = {}
        for gram in dict.fromkeys(chain.from_iterable(weights for _, weights in models)):
            own = [weights.get(gram, (0,) * len(bias)) for bias, weights in models]
            table[gram] = pack((*chain.from_iterable(own), *(int(gram in weights) for _, weights in models)))
        return cls(tuple(tuple(bias) for bias, _ in models), table)

    def scores(self, text: str) -> list[float]:
        """Return the score of every class of the first model for normalised ``text``, in log-odds."""
        return self.all_scores(text)[0]

    def all_scores(self, text: str) -> list[list[float]]:
        """Return for each model the score of every class for normalised ``text``, in log-odds."""
        known = sum(filter(None, map(self.weights.get, ngrams(text))))
        sums = iter(unpack(known, sum(map(len, self.biases)) + len(self.biases)))
        own = [list(islice(sums, len(bias))) for bias in self.biases]
        scales = [max(count, 1) ** -0.5 / 100 for count in sums]
        each = zip(self.biases, own, scales, strict=True)
        return [[start + scale * total for start, total in zip(bias, totals, strict=True)] for bias, totals, scale in each]


def load(*names: str) -> NgramModel:
    """Return the models in ``data/reading/<name>``, to be asked together."""
    found = [json.loads(data_path("reading", name).read_text(encoding="utf-8")) for name in names]
    return NgramModel.of(*((each["bias"], each["weights"]) for each in found))
