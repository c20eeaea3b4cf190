"""Exact wording: BM25 over single characters and pairs of characters, which needs no word list and no rebuilding of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BUCKET_BITS = 20
_BUCKETS = 1 << _BUCKET_BITS
_MIX = np.uint64(0x9E3779B97F4A7C15)
_NOT_TEXT = re.compile(r"[\W_]+")
_K1 = 1.2
_B = 0.75


@dataclass(frozen=True, slots=True)
class Bag:
    """The distinct terms of a text, as bucket numbers in ascending order, and how often each occurs."""

    terms: NDArray[np.int32]
    counts: NDArray[np.float32]


def bag(text: str) -> Bag:
    """Return the characters and pairs of characters of ``text``, punctuation left out."""
    characters = np.frombuffer(_NOT_TEXT.sub("", text).encode("utf-32-le"), np.uint32).astype(np.uint64)
    pairs = (characters[:-1] << np.uint64(21)) | characters[1:]
    mixed = np.concatenate((characters, pairs)) * _MIX  # a character is below 2**21, a pair of them is not
    terms, counts = np.unique((mixed >> np.uint64(64 - _BUCKET_BITS)).astype(np.int32), return_counts=True)
    return Bag(terms, counts.astype(np.float32))


class GramIndex:
    """BM25 weights of many texts, term by term."""

    def __init__(self, bags: Sequence[Bag]) -> None:
        self._size = len(bags)
        if not bags:
            return
        terms = np.concatenate([each.terms for each in bags])
        counts = np.concatenate([each.counts for each in bags])
        texts = np.repeat(np.arange(self._size, dtype=np.int32), [len(each.terms) for each in bags])
        lengths = np.array([each.counts.sum() for each in bags], np.float32)
        frequency = np.bincount(terms, minlength=_BUCKETS)
        self._idf = np.log1p((self._size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        shape = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
        weights = self._idf[terms] * counts * (_K1 + 1) / (counts + shape[texts])
        order = np.argsort(terms, kind="stable")
        self._texts = texts[order]
        self._weights = weights[order].astype(np.float32)
        self._starts = np.concatenate(([0], np.cumsum(frequency)))

    def scores(self, query: Bag) -> NDArray[np.float32]:
        """Return every text's BM25 score divided by the weight of the whole query: about 0 to 1, comparable between queries."""
        if not self._size or not len(query.terms):
            return np.zeros(self._size, np.float32)
        slices = [slice(self._starts[term], self._starts[term + 1]) for term in query.terms]
        texts = np.concatenate([self._texts[each] for each in slices])
        weights = np.concatenate([self._weights[each] for each in slices])
        total = float(self._idf[query.terms].sum())
        return (np.bincount(texts, weights, minlength=self._size) / max(total, 1e-6)).astype(np.float32)

    def share_covered(self, text: Bag, *queries: Bag) -> float:
        """Return the weighted share of ``text``'s terms that occur in one of ``queries``, 0 to 1."""
        if not self._size or not len(text.terms):
            return 0.0
        known = np.concatenate([query.terms for query in queries])
        weights = self._idf[text.terms]
        return float(weights[np.isin(text.terms, known)].sum() / max(float(weights.sum()), 1e-6))
