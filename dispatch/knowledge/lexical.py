"""Exact wording: BM25 over single characters and pairs of characters, which needs no word list and no rebuilding of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NOT_TEXT = re.compile(r"[\W_]+")
_K1 = 1.2
_B = 0.75


@dataclass(frozen=True, slots=True)
class Bag:
    """The distinct terms of a text, as numbers in ascending order, and how often each occurs."""

    terms: NDArray[np.uint64]
    counts: NDArray[np.float32]


def bag(text: str) -> Bag:
    """Return the characters and pairs of characters of ``text``, punctuation left out."""
    characters = np.frombuffer(_NOT_TEXT.sub("", text).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    pairs = (characters[:-1] << np.uint64(21)) | characters[1:]  # a character is below 2**21, a pair of them is not
    terms, counts = np.unique(np.concatenate((characters, pairs)), return_counts=True)
    return Bag(terms, counts.astype(np.float32))


class GramIndex:
    """BM25 weights of many texts, term by term."""

    def __init__(self, bags: Sequence[Bag]) -> None:
        self._size = len(bags)
        if not bags:
            return
        counts = np.concatenate([each.counts for each in bags])
        texts = np.repeat(np.arange(self._size, dtype=np.int32), [len(each.terms) for each in bags])
        lengths = np.array([each.counts.sum() for each in bags], np.float32)
        self._terms, places, frequency = np.unique(np.concatenate([each.terms for each in bags]), return_inverse=True, return_counts=True)
        idf = _idf(frequency.astype(np.float32), self._size)
        shape = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
        weights = idf[places] * counts * (_K1 + 1) / (counts + shape[texts])
        order = np.argsort(places, kind="stable")
        self._frequency = frequency.astype(np.float32)
        self._texts = texts[order]
        self._weights = weights[order].astype(np.float32)
        self._starts = np.concatenate(([0], np.cumsum(frequency)))

    def scores(self, *queries: Bag) -> NDArray[np.float32]:
        """Return every text's BM25 score divided by the weight of the whole query: about 0 to 1, comparable between queries.

        Several wordings of one question count as their mean.
        """
        scores = np.zeros(self._size, np.float32)
        if not self._size:
            return scores
        terms = np.concatenate([query.terms for query in queries])
        shares = [np.full(len(query.terms), 1 / max(float(self._weight(query.terms).sum()), 1e-6) / len(queries)) for query in queries]
        distinct, inverse = np.unique(terms, return_inverse=True)
        factors = np.bincount(inverse, np.concatenate(shares), minlength=len(distinct)) if len(terms) else np.empty(0)
        places = self._places(distinct)
        for place, factor in zip(places[places >= 0], factors[places >= 0].astype(np.float32), strict=True):
            found = slice(self._starts[place], self._starts[place + 1])
            scores[self._texts[found]] += factor * self._weights[found]  # a text occurs once a term
        return scores

    def share_covered(self, text: Bag, *queries: Bag) -> float:
        """Return the weighted share of ``text``'s terms that occur in one of ``queries``, 0 to 1."""
        if not self._size or not len(text.terms):
            return 0.0
        asked = np.concatenate([query.terms for query in queries])
        weights = self._weight(text.terms)
        return float(weights[np.isin(text.terms, asked)].sum() / max(float(weights.sum()), 1e-6))

    def _places(self, terms: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return where each term stands in the index, -1 where it doesn't occur in any text."""
        if not len(self._terms):
            return np.full(len(terms), -1, np.intp)
        places = np.minimum(np.searchsorted(self._terms, terms), len(self._terms) - 1)
        return np.where(self._terms[places] == terms, places, -1)

    def _weight(self, terms: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Return the inverse document frequency of each term, the highest for terms that occur nowhere."""
        places = self._places(terms)
        frequency = np.where(places >= 0, np.append(self._frequency, 0)[places], 0).astype(np.float32)
        return _idf(frequency, self._size)


def _idf(frequency: NDArray[np.float32], texts: int) -> NDArray[np.float32]:
    return np.log1p((texts - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
