"""Homophones in place of what residents complain of, put right: 物也 for 物业, 躁音 for 噪音."""

from __future__ import annotations

import re
from functools import lru_cache

from nlu.files import data_path, read_yaml

_FILES = (("emergency", "typos.yml"), ("reading", "typos.yml"))


def correct(text: str) -> str:
    """Return normalised ``text``, as long as before, with the known homophones put right."""
    pattern, meant = _typos()
    return pattern.sub(lambda match: meant[match[0]], text)


@lru_cache(maxsize=1)
def _typos() -> tuple[re.Pattern[str], dict[str, str]]:
    """Raises ValueError naming file and entry where a word isn't as long as what is meant."""
    meant: dict[str, str] = {}
    for parts in _FILES:
        for typo, word in read_yaml(data_path(*parts)).items():
            if len(typo) != len(word):
                raise ValueError(f"data/{'/'.join(parts)}: {typo}: {word} isn't as long")
            meant[typo] = word
    return re.compile("|".join(map(re.escape, sorted(meant, key=len, reverse=True)))), meant
