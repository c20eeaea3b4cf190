"""How alike two complaints are: by the characters they share and by what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from dispatch.knowledge.embedding import Encoder, shared_encoder

Similarities = NDArray[np.float32]

_POLITE = re.compile(
    r"(尊敬的)?(领导|书记|市长|工作人员)?[，,：:!！]?(您好|你好)|我是[^，,。]{0,12}(居民|业主|市民|村民)|我?(想|要)?(反映|投诉|咨询|举报|请问)(一下)?|"
    r"希望(有关|相关)?部门[^。！]*|谢谢|麻烦(您|你)?们?(了)?|请(尽快|及时)(处理|解决)(一下)?|市民来电|来电人"
)
_ENCODED = 120
"""Characters of a text whose meaning is taken: the first ones say what it is about."""

WORDS, MEANING = 0.4, 0.6
"""Shares of the characters (their root: short complaints share few) and of the meaning in ``alike``."""

SAME_PLACE, OTHER_PLACE = 0.06, -0.1
"""What it adds that two complaints are known to be of one place, or of two."""


def plain(text: str) -> str:
    """Return ``text`` without greetings and phrases that every complaint has."""
    return _POLITE.sub("", re.sub(r"\s+", "", text)) or text


def characters(texts: Sequence[str]) -> csr_matrix:
    """Return unit vectors of the texts' runs of two and three characters, rare ones weighing more."""
    if not any(len(text) > 1 for text in texts):
        return csr_matrix((len(texts), 1), dtype=np.float32)
    return TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True, dtype=np.float32).fit_transform(texts)


def meanings(texts: Sequence[str], encoder: Encoder | None = None) -> Similarities:
    """Return unit vectors of what the texts mean, about 500 texts a second."""
    return (encoder or shared_encoder()).encode([text[:_ENCODED] for text in texts])


def alike(texts: Sequence[str], places: Sequence[str | None] | None = None, encoder: Encoder | None = None) -> Similarities:
    """Return how alike each of ``texts`` (prepared by ``plain``) is to each other, about 0 to 1.

    ``places`` are where they happened, None where that isn't known. n texts take n x n x 4 bytes, several times.
    """
    shared = characters(texts)
    meant = meanings(texts, encoder)
    together = np.clip(meant @ meant.T, 0.0, 1.0)
    together *= MEANING
    together += WORDS * np.sqrt((shared @ shared.T).toarray().clip(0.0, 1.0))
    if places is not None:
        numbers = {place: number for number, place in enumerate(sorted({place for place in places if place}))}
        known = np.array([numbers[place] if place else -1 for place in places])
        both = (known[:, None] >= 0) & (known[None, :] >= 0)
        together += np.where(both, np.where(known[:, None] == known[None, :], SAME_PLACE, OTHER_PLACE), 0.0).astype(np.float32)
    similar: Similarities = together
    return similar
