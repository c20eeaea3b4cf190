"""Cleaning a message before anything reads it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import zhconv

MAX_CHARACTERS = 20_000
"""No reader looks further into a message than this."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_SCRIPT = re.compile(r"<(script|style)\b[^<>]{0,200}>.{0,2000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,200}>")
_SPACE = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"\n\s*")
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;\n])")


@lru_cache(maxsize=1)
def _traditional() -> frozenset[str]:
    """Return the characters that converting would change; most messages have none, and looking is cheaper than converting."""
    blocks = (range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x2FA20))
    return frozenset(chr(code) for block in blocks for code in block if zhconv.convert(chr(code), "zh-hans") != chr(code))


@lru_cache(maxsize=32)  # each reader of one message asks for the same text
def normalise(text: str) -> str:
    """Return ``text`` as the readers expect it.

    Full-width letters and digits become half-width (NFKC), traditional characters simplified, control and invisible
    characters go, runs of blanks fold to one. Chinese punctuation that NFKC would turn into ASCII is kept readable by
    both forms, so patterns must accept both. At most ``MAX_CHARACTERS`` characters are kept.
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _INVISIBLE.sub("", text)
    text = text.translate(_CONTROLS)
    if not _traditional().isdisjoint(text):
        text = zhconv.convert(text, "zh-hans")
    text = _SPACE.sub(" ", text)
    return _LINES.sub("\n", text).strip()[:MAX_CHARACTERS]


def without_markup(text: str) -> str:
    """Return ``text`` without HTML tags and what stands in scripts and styles: somebody pasted it, nobody said it."""
    return _TAG.sub(" ", _SCRIPT.sub(" ", text)) if "<" in text else text


def sentences(text: str) -> list[str]:
    """Split ``text`` at 。！？；!?; and line ends; the pieces keep their end mark, empty ones are left out."""
    return [piece.strip() for piece in _SENTENCE_END.split(text) if piece.strip()]
