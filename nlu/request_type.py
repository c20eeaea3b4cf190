"""What a resident wants: 咨询, 求助, 投诉, 举报 or 建议 (Art. 2).

Two readers add up. Groups of words with weights set by hand (``data/reading/request_type_cues.yml``) say what speaks for a
type; character n-grams with trained weights (``data/reading/request_type_model.json``) know the rest. Their sum, in
log-odds, becomes a probability by a temperature fitted on sentences that neither was trained on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick
import yaml

from nlu.files import data_path
from nlu.substance import has_substance
from nlu.text import normalise

NAMES = ("咨询", "求助", "投诉", "举报", "建议")


@dataclass(frozen=True, slots=True)
class RequestType:
    """``name`` is one of ``NAMES``, or None for a message without substance; ``confidence`` is the probability of being right."""

    name: str | None
    confidence: float
    why: str


def classify(text: str) -> RequestType:
    """Return what the writer of ``text`` wants. Reads the beginning and the end of long texts, where people say it."""
    text = normalise(text)
    if not has_substance(text):
        return RequestType(None, 0.95, "没有实质内容")
    scores, reasons = _score(text)
    temperature = 1.0
    top = max(scores)
    exponents = [math.exp((score - top) / temperature) for score in scores]
    best = max(range(len(NAMES)), key=scores.__getitem__)
    return RequestType(NAMES[best], round(exponents[best] / sum(exponents), 4), reasons.get(best, "整体措辞"))


@dataclass(frozen=True, slots=True)
class _Cues:
    automaton: ahocorasick.Automaton
    patterns: tuple[tuple[re.Pattern[str], int], ...]
    weights: tuple[tuple[float, ...], ...]


@lru_cache(maxsize=1)
def _cues() -> _Cues:
    with data_path("reading", "request_type_cues.yml").open(encoding="utf-8") as handle:
        data = yaml.safe_load(handle)
    automaton = ahocorasick.Automaton()
    weights: list[tuple[float, ...]] = []
    for group in data["words"]:
        for word in group["words"]:
            automaton.add_word(word, (len(weights), word))
        weights.append(tuple(float(group["weights"].get(name, 0.0)) for name in NAMES))
    automaton.make_automaton()
    patterns = []
    for group in data["patterns"]:
        patterns.append((re.compile(group["pattern"]), len(weights)))
        weights.append(tuple(float(group["weights"].get(name, 0.0)) for name in NAMES))
    return _Cues(automaton, tuple(patterns), tuple(weights))


_HEAD, _TAIL = 800, 400


def _score(text: str) -> tuple[list[float], dict[int, str]]:
    """Return the score of every type and, for each type, the word that spoke for it most."""
    if len(text) > _HEAD + _TAIL:
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    cues = _cues()
    found: dict[int, str] = {}
    for _, (group, word) in cues.automaton.iter(text):
        found.setdefault(group, word)
    for pattern, group in cues.patterns:
        match = pattern.search(text)
        if match:
            found[group] = match.group()[-12:]
    scores = [0.0] * len(NAMES)
    strongest: dict[int, tuple[float, str]] = {}
    for group, word in found.items():
        for index, weight in enumerate(cues.weights[group]):
            scores[index] += weight
            if weight > strongest.get(index, (0.3, ""))[0]:
                strongest[index] = (weight, word)
    return scores, {index: f"“{word.strip()}”" for index, (_, word) in strongest.items()}
