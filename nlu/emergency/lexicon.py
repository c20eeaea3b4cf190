"""The emergency lexicon: the signs of danger and the contexts that take them back (``data/emergency/*.yml``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from nlu.files import data_path

LINES = ("119", "122", "110", "120")
"""In the order in which they are named first when a message calls for several."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One kind of danger: ``acute`` wording tells of danger by itself, ``event`` wording only with a sign of urgency."""

    name: str
    line: str
    also: tuple[str, ...]
    words: re.Pattern[str]
    acute: re.Pattern[str] | None
    event: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Context:
    """Words around a sign: ``weight`` is added to what the sign counts; ``window`` is how many characters either side are read."""

    name: str
    weight: int
    scope: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``words`` finds whether a message is worth reading at all; ``harmless`` matches phrases that only sound like danger."""

    words: re.Pattern[str]
    harmless: re.Pattern[str]
    signs: tuple[Sign, ...]
    contexts: tuple[Context, ...]


SCOPES = ("clause", "sentence", "message")


@lru_cache(maxsize=1)
def load() -> Lexicon:
    """Read the lexicon; raises ValueError naming file and entry when an entry is wrong."""
    signs: list[Sign] = []
    words: list[str] = []
    for entry in _read("signs.yml")["signs"]:
        sign = _sign(entry)
        signs.append(sign)
        words.extend(entry["words"])
    contexts = _read("contexts.yml")
    return Lexicon(
        words=_any_word(words),
        harmless=_compile("contexts.yml", "harmless", contexts["harmless"]),
        signs=tuple(signs),
        contexts=tuple(_context(entry) for entry in contexts["contexts"]),
    )


def _read(name: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(data_path("emergency", name).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"data/emergency/{name}: {error}") from error
    if not isinstance(content, dict):
        raise TypeError(f"data/emergency/{name}: a mapping is expected")
    return content


def _sign(entry: dict[str, Any]) -> Sign:
    name = str(entry.get("name"))
    also = tuple(entry.get("also", ()))
    for line in (entry.get("line"), *also):
        if line not in LINES:
            raise ValueError(f"data/emergency/signs.yml: {name}: {line!r} is none of {', '.join(LINES)}")
    if not entry.get("words"):
        raise ValueError(f"data/emergency/signs.yml: {name}: words are missing")

    def pattern(key: str) -> re.Pattern[str] | None:
        return _compile("signs.yml", f"{name}, {key}", entry[key]) if entry.get(key) else None

    return Sign(name, entry["line"], also, _any_word(entry["words"]), pattern("acute"), pattern("event"), pattern("unless"))


def _context(entry: dict[str, Any]) -> Context:
    name = str(entry.get("name"))
    if entry.get("scope") not in SCOPES:
        raise ValueError(f"data/emergency/contexts.yml: {name}: scope is none of {', '.join(SCOPES)}")
    return Context(name, int(entry["weight"]), entry["scope"], _compile("contexts.yml", name, entry["pattern"]))


def _any_word(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, set(words)))))


def _compile(file: str, where: str, alternatives: list[str]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(alternatives))
    except re.error as error:
        raise ValueError(f"data/emergency/{file}: {where}: {error}") from error
