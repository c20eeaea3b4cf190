"""English messages in the words of the catalogue: no translation, but what matter, place and request type can be read from."""

from __future__ import annotations

import re
from functools import lru_cache

from nlu.files import data_path, read_yaml
from nlu.text import normalise

_LATIN = re.compile(r"[A-Za-z]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_FEWEST = 2
"""Words that must be known: one alone says too little."""


def is_english(text: str) -> bool:
    """Return whether ``text`` is written in Latin letters: at least three words, and no more than a few Chinese characters."""
    beginning = text[:400]
    words = _LATIN.findall(beginning)
    return len(words) >= 3 and sum(map(len, words)) > 4 * len(_HAN.findall(beginning))


def gloss(text: str) -> str:
    """Return for an English ``text`` its known words in Chinese, in their order; any other text as it is.

    "the street light in Wangjing is broken" gives "路灯，望京，坏了".
    """
    if not is_english(text):
        return text
    pattern, meanings = _words()
    found = [meanings[int(match.lastgroup[1:])] for match in pattern.finditer(normalise(text).lower()) if match.lastgroup]
    return "，".join(dict.fromkeys(found)) if len(found) >= _FEWEST else text


@lru_cache(maxsize=1)
def _words() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return a pattern with a group for every phrase, longer ones first, and what each group means."""
    data = read_yaml(data_path("reading", "english.yml"))
    entries = sorted({**data["places"], **data["words"]}.items(), key=lambda entry: -len(entry[0]))
    groups = "|".join(f"(?P<w{number}>{phrase})" for number, (phrase, _) in enumerate(entries))
    return re.compile(rf"\b(?:{groups})\b"), tuple(meaning for _, meaning in entries)
