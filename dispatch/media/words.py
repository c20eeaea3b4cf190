"""The words by which a picture's text is found."""

from __future__ import annotations

import re

import rjieba

_MAX_WORDS = 300
_LENGTHS = (2, 40)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]{3,39}")
_USEFUL = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]")


def words_of(text: str) -> set[str]:
    """Return words of two or more characters and whole codes (licence numbers, plates), in lower case."""
    words = {match[0].lower() for match in _CODE.finditer(text)}
    for word in rjieba.cut(text):
        plain = word.strip().lower()
        if _LENGTHS[0] <= len(plain) <= _LENGTHS[1] and _USEFUL.search(plain):
            words.add(plain)
    return set(sorted(words, key=lambda word: (-len(word), word))[:_MAX_WORDS])
