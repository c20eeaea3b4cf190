"""How residents put things and how offices do, and which words of a question carry its meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import rjieba

from nlu.files import data_path

_WORD = re.compile(r"\w")
_GREETING = re.compile(
    r"^(?:(?:您好|你好|喂|早上好|下午好|请问|请教|麻烦|劳驾|想咨询|我?就?想(?:问|咨询|了解|请教)|(?:问|打听|咨询)(?=一下|下|个|，|,))"
    r"(?:你们|您|大家)?(?:一下|一个|下|个)?(?:问题|事儿?)?[\s，,。.!！？?:：~啊呀哈]*)+"
)
_THANKS = re.compile(r"[\s，,。.!！~]*(?:谢谢|多谢|感谢|麻烦)(?:您|你|了|啦|大家)*[\s。.!！~]*$")


@lru_cache(maxsize=1)
def _empty_words() -> frozenset[str]:
    lines = data_path("knowledge", "empty-words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def _official_words() -> tuple[Mapping[str, str], re.Pattern[str]]:
    file = data_path("knowledge", "colloquial.txt")
    words: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        spoken, sign, official = (part.strip() for part in line.partition("="))
        if not (spoken and sign and official):
            raise ValueError(f"{file.name}:{number}: expected “colloquial = official”, found {line!r}")
        words[spoken] = official
    longest_first = sorted(words, key=len, reverse=True)
    return words, re.compile("|".join(map(re.escape, longest_first)))


def bare(question: str) -> str:
    """Return ``question`` without greeting and thanks, or as it is where nothing else would be left."""
    return _THANKS.sub("", _GREETING.sub("", question)) or question


def officially(question: str) -> str:
    """Return ``question`` with its colloquial words put the way offices write them (data/knowledge/colloquial.txt)."""
    words, pattern = _official_words()
    return pattern.sub(lambda match: words[match[0]], question)


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` that carry meaning, in order."""
    empty = _empty_words()
    return [word for word in rjieba.cut(text) if word not in empty and _WORD.search(word)]


Alternatives = Sequence[tuple[str, ...]]
"""Each content word of a question with the official words that may stand for it."""


def alternatives(question: str) -> Alternatives:
    """Return the content words of ``question``, each with the official words that may stand for it."""
    words, pattern = _official_words()
    found: list[tuple[str, ...]] = []
    last = 0
    for match in pattern.finditer(question):
        found += [(word,) for word in content_words(question[last : match.start()])]
        official = content_words(words[match[0]])
        if official or content_words(match[0]):
            found.append((match[0], *official))
        last = match.end()
    return found + [(word,) for word in content_words(question[last:])]


def coverage(asked: Alternatives, text: str, weight: Callable[[str], float]) -> tuple[float, float]:
    """Say how much of a question is spoken of in ``text``.

    Args:
        asked: the question's ``alternatives``.
        weight: how much a word tells (inverse document frequency).

    Returns:
        The weighted share of the question's content words that ``text`` holds, 0 to 1, and the weight of the weightiest
        word that it doesn't hold. Half a compound counts half.
    """
    held = total = missing = 0.0
    for words in asked:
        value = min(weight(word) for word in words)
        share = max(_held(word, text) for word in words)
        held += value * share
        total += value
        missing = max(missing, value * (1 - share))
    return (held / total if total else 0.0), missing


_WANTED = (
    (re.compile(r"多少钱|几块钱|怎么收费|收多少|贵不贵|费用|价格"), re.compile(r"元|免费|收费|费用|价|费率|[\d百千万%％]")),
    (re.compile(r"(?:电话|热线|客服)[^，。？]{0,4}(?:多少|是啥|几号|号码)|打哪个电话"), re.compile(r"\d{3,}")),
)


def lacks_what_is_wanted(question: str, text: str) -> bool:
    """Say whether ``question`` asks for a price or a telephone number and ``text`` names none."""
    return any(asks.search(question) and not names.search(text) for asks, names in _WANTED)


def _held(word: str, text: str) -> float:
    if word in text:
        return 1.0
    pairs = [word[i : i + 2] for i in range(len(word) - 1)]
    return sum(pair in text for pair in pairs) / len(pairs) if len(pairs) > 1 else 0.0
