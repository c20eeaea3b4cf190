"""What a linear model makes of a piece of a message: its character n-grams and what the signs found in it.

Trained by ``python -m nlu.learning.emergency`` on our own sentences and on complaints without danger.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from nlu.emergency.lexicon import LINES
from nlu.files import data_path, read_yaml
from nlu.ngrams import ngrams
from nlu.rows import pack, unpack

CLASSES = ("none", "119", "119 120", "122", "122 120", "110", "110 120", "120", "110 119 120")
"""No danger, or the lines that a piece calls for, the one to ring first in front."""
PIECE = 70
"""The longest piece of Chinese in characters: whoever is in danger says so in one breath."""
_SIGN = 3.0
"""A strong sign makes its line as many times likelier."""
_STEP = 45
"""Where no mark ends a sentence, pieces overlap."""

_ENGLISH = 3
"""English takes about as many times more characters to say the same."""

_SENTENCES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_CLAUSES = re.compile(r"[^，,。！？!?；;\n]+")
_LATIN = re.compile(r"[a-z][a-z']*")
_LATIN_LETTERS = re.compile(r"[A-Za-z]+")
_CLASS = re.compile(r"[A-Z]")
_LATIN_OR_CLASS = re.compile(r"[A-Z]|[a-z][a-z']*")


def breath(text: str) -> int:
    """Return how many characters of ``text`` are read as one piece: more where most of it is in Latin letters."""
    beginning = text[:300]
    latin = sum(map(len, _LATIN_LETTERS.findall(beginning)))
    return PIECE * _ENGLISH if latin * 2 > len(beginning) else PIECE


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield (start, piece) of ``text``: the whole of a short message, else neighbouring sentences together, long ones cut."""
    longest = breath(text)
    if len(text) <= longest:
        yield 0, text
        return
    start, end = 0, 0
    for sentence in _SENTENCES.finditer(text):
        if end > start and sentence.end() - start > longest:
            yield from _cut(text, start, end, longest)
            start = sentence.start()
        end = sentence.end()
    if end > start:
        yield from _cut(text, start, end, longest)


def _cut(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, str]]:
    while end - start > longest:
        yield start, text[start : start + longest]
        start += longest * _STEP // PIECE
    yield start, text[start:end]


@lru_cache(maxsize=1)
def _word_classes() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern of all words that have a class and what each class is written as: a capital letter."""
    groups = read_yaml(data_path("emergency", "word_classes.yml"))
    letters = {name: chr(ord("A") + index) for index, name in enumerate(groups)}
    patterns = [f"(?P<{name}>{''.join(words.split())})" for name, words in groups.items()]
    return re.compile("|".join(patterns)), letters


def grams(piece: str) -> set[str]:
    """Return the n-grams of ``piece`` and, behind ~, those of its skeleton: words with a class replaced by its letter.

    Of words in Latin letters it isn't the letters that count: they are taken whole (behind _), singly and in pairs.
    """
    piece = piece.lower()
    pattern, letters = _word_classes()
    skeleton, count = pattern.subn(lambda match: letters[str(match.lastgroup)], piece)
    words = _LATIN.findall(piece)
    found = set(ngrams(_LATIN.sub("a", piece) if words else piece))
    if words:
        found |= _words_and_pairs(words) | _words_and_pairs(_LATIN_OR_CLASS.findall(skeleton))
        skeleton = _LATIN.sub("a", skeleton)
    if count:
        marked = "^" + skeleton + "$"
        for match in _CLASS.finditer(marked):
            at = match.start()
            for size in (1, 2, 3, 4):
                for start in range(max(0, at - size + 1), min(at, len(marked) - size) + 1):
                    found.add("~" + marked[start : start + size])
    return found


def _words_and_pairs(words: list[str]) -> set[str]:
    return {f"_{word}" for word in words} | {f"_{left} {right}" for left, right in pairwise(words)}


def features(piece: str, markers: Iterable[str]) -> dict[str, float]:
    """Return what the model looks at: n-grams, all together of length one, and the ``markers`` of the signs."""
    found = grams(piece)
    scale = len(found) ** -0.5
    return {**dict.fromkeys(found, scale), **dict.fromkeys(markers, 0.5)}


@lru_cache(maxsize=1)
def _model() -> tuple[list[float], dict[str, int], list[float]]:
    """Return the bias of every class, the packed row (nlu.rows) of the weights of every n-gram and marker, and the thresholds."""
    data = json.loads(data_path("emergency", "model.json").read_text(encoding="utf-8"))
    return data["bias"], {gram: pack(row) for gram, row in data["weights"].items()}, data["thresholds"]


def thresholds() -> list[float]:
    """Return the log-odds of danger from which a short, a middling and a long message ring (see nlu.emergency.detection)."""
    return _model()[2]


def scores(piece: str, markers: Iterable[str] = ()) -> list[float]:
    """Return the score of every class for ``piece``, in log-odds."""
    bias, weights, _ = _model()
    found = grams(piece)
    read = unpack(sum(filter(None, map(weights.get, found))), len(bias))
    marked = unpack(sum(filter(None, map(weights.get, markers))), len(bias))
    scale = len(found) ** -0.5 / 100
    return [start + scale * own + mark / 200 for start, own, mark in zip(bias, read, marked, strict=True)]


def danger(values: list[float]) -> float:
    """Return the log-odds of danger of any kind from the scores of the classes."""
    highest = max(values[1:])
    return highest + math.log(sum(math.exp(value - highest) for value in values[1:])) - values[0]


def lines(values: list[float], signs: Iterable[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Return the line to ring first and the further ones, for the scores of a piece that tells of danger.

    The lines of strong ``signs`` found in it count as well.
    """
    highest = max(values)
    chances = {name: math.exp(value - highest) for name, value in zip(CLASSES[1:], values[1:])}  # noqa: B905 as many
    for line in set(signs):
        chances = {name: chance * (_SIGN if name.startswith(line) else 1.0) for name, chance in chances.items()}
    first = max(LINES, key=lambda line: sum(chance for name, chance in chances.items() if name.startswith(line)))
    best = max((name for name in chances if name.startswith(first)), key=chances.__getitem__)
    return first, tuple(best.split()[1:])


def clause(piece: str) -> str:
    """Return the clause of ``piece`` that sounds most of danger."""
    found: list[str] = _CLAUSES.findall(piece) or [piece]
    return max(found, key=lambda part: danger(scores(part)))
