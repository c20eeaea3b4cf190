"""The emergency lexicon: the signs of danger and the contexts that take them back (``data/emergency/*.yml``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick
import yaml

from nlu.files import data_path, read_yaml

LINES = ("119", "122", "110", "120")
"""In the order in which they are named first when a message calls for several."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One kind of danger: ``acute`` wording tells of danger by itself, ``event`` wording only with a sign of urgency.

    Contexts named in ``despite`` take nothing from it.
    """

    name: str
    line: str
    also: tuple[str, ...]
    acute: re.Pattern[str] | None
    event: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    despite: frozenset[str]


@dataclass(frozen=True, slots=True)
class Context:
    """Words around a sign: ``weight`` is added to what the sign counts; ``window`` is how many characters either side are read."""

    name: str
    weight: int
    scope: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``words`` finds the numbers of the signs worth trying on a text; ``harmless`` matches phrases that only sound like danger.

    ``english`` finds the English words of danger, whatever their case. ``typos`` finds the homophones of ``meant``, each as long as
    what is meant.
    """

    words: ahocorasick.Automaton
    harmless: re.Pattern[str]
    signs: tuple[Sign, ...]
    contexts: tuple[Context, ...]
    english: re.Pattern[str]
    typos: re.Pattern[str]
    meant: dict[str, str]

    def worth_trying(self, text: str) -> list[Sign]:
        """Return, in their order, the signs of which a word occurs in ``text``."""
        return [self.signs[number] for number in sorted({number for _, numbers in self.words.iter(text) for number in numbers})]

    def mask(self, text: str) -> str:
        """Return ``text``, as long as before, with the phrases that only sound like danger blanked out."""
        return self.harmless.sub(lambda match: "※" * len(match[0]), text)

    def correct(self, text: str) -> str:
        """Return ``text``, as long as before, with the words of danger spelt right."""
        return self.typos.sub(lambda match: self.meant[match[0]], text)


SCOPES = ("clause", "sentence", "message")


@lru_cache(maxsize=1)
def load() -> Lexicon:
    """Read the lexicon; raises ValueError naming file and entry when an entry is wrong."""
    signs: list[Sign] = []
    tried_by: dict[str, list[int]] = {}
    content = _read("signs.yml")
    vocabulary = {name: "".join(words.split()) for name, words in content["vocabulary"].items()}
    for entry in content["signs"]:
        for word in dict.fromkeys(entry.get("words", ())):
            tried_by.setdefault(str(word), []).append(len(signs))
        signs.append(_sign(entry, vocabulary))
    contexts = _read("contexts.yml")
    known = {entry.get("name") for entry in contexts["contexts"]}
    for sign in signs:
        if sign.despite - known:
            raise ValueError(f"data/emergency/signs.yml: {sign.name}: no such context as {'、'.join(sign.despite - known)}")
    typos = _typos()
    return Lexicon(
        words=_automaton(tried_by),
        harmless=_compile("contexts.yml", "harmless", contexts["harmless"]),
        signs=tuple(signs),
        contexts=tuple(_context(entry) for entry in contexts["contexts"]),
        english=_compile("contexts.yml", "english", [f"(?i:{pattern})" for pattern in contexts["english"]]),
        typos=re.compile("|".join(map(re.escape, sorted(typos, key=len, reverse=True)))),
        meant=typos,
    )


def _read(name: str) -> dict[str, Any]:
    try:
        content = read_yaml(data_path("emergency", name))
    except yaml.YAMLError as error:
        raise ValueError(f"data/emergency/{name}: {error}") from error
    if not isinstance(content, dict):
        raise TypeError(f"data/emergency/{name}: a mapping is expected")
    return content


def _typos() -> dict[str, str]:
    typos = {str(typo): str(word) for typo, word in _read("typos.yml").items()}
    for typo, word in typos.items():
        if len(typo) != len(word):
            raise ValueError(f"data/emergency/typos.yml: {typo}: {word} isn't as long")
    return typos


def _sign(entry: dict[str, Any], vocabulary: dict[str, str]) -> Sign:
    name = str(entry.get("name"))
    also = tuple(entry.get("also", ()))
    for line in (entry.get("line"), *also):
        if line not in LINES:
            raise ValueError(f"data/emergency/signs.yml: {name}: {line!r} is none of {', '.join(LINES)}")
    if not entry.get("words"):
        raise ValueError(f"data/emergency/signs.yml: {name}: words are missing")

    def pattern(key: str) -> re.Pattern[str] | None:
        alternatives = [_expand(alternative, vocabulary) for alternative in entry.get(key, ())]
        return _compile("signs.yml", f"{name}, {key}", alternatives) if alternatives else None

    return Sign(
        name=name,
        line=entry["line"],
        also=also,
        acute=pattern("acute"),
        event=pattern("event"),
        unless=pattern("unless"),
        despite=frozenset(entry.get("despite", ())),
    )


def _expand(pattern: str, vocabulary: dict[str, str]) -> str:
    """Put the vocabulary's words where their name stands in braces."""
    for name, words in vocabulary.items():
        pattern = pattern.replace("{" + name + "}", words)
    return pattern


def _context(entry: dict[str, Any]) -> Context:
    name = str(entry.get("name"))
    if entry.get("scope") not in SCOPES:
        raise ValueError(f"data/emergency/contexts.yml: {name}: scope is none of {', '.join(SCOPES)}")
    return Context(name, int(entry["weight"]), entry["scope"], _compile("contexts.yml", name, entry["pattern"]))


def _automaton(tried_by: dict[str, list[int]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for word, numbers in tried_by.items():
        automaton.add_word(word, tuple(numbers))
    automaton.make_automaton()
    return automaton


def _compile(file: str, where: str, alternatives: list[str]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(alternatives))
    except re.error as error:
        raise ValueError(f"data/emergency/{file}: {where}: {error}") from error
