"""What a resident wants: 咨询, 求助, 投诉, 举报 or 建议 (Art. 2).

Three readers add up. Groups of words with weights set largely by hand (``data/reading/request_type_cues.yml``) say what speaks for
a type; character n-grams with weights learnt from our own sentences (``data/reading/request_type_model.json``) know the rest; and
n-grams with weights learnt from real messages (``data/reading/request_type_real_model.json``) know better whether it is 咨询, 建议
or one of the others, which real messages don't tell apart.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick

from nlu.files import data_path, read_yaml
from nlu.ngrams import NgramModel, load, shorten
from nlu.substance import has_substance
from nlu.text import normalise

NAMES = ("咨询", "求助", "投诉", "举报", "建议")
BROAD = ("咨询", "建言", "投诉/求助")
"""The kinds that writers of real messages chose from."""
BROAD_OF = {"咨询": "咨询", "求助": "投诉/求助", "投诉": "投诉/求助", "举报": "投诉/求助", "建议": "建言"}

_KINDS = tuple(BROAD.index(BROAD_OF[name]) for name in NAMES)
# What our sentences and cues say of the kind counts in full in short messages, which they resemble, and little beside the real
# messages in longer ones; chosen by cross-validation on real messages that aren't set aside.
_SHORT, _LONG, _LEAST = 25, 60, 0.2  # characters, characters, share


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
    scores, reasons = cue_scores(text)
    learnt, real = _models().all_scores(text)
    totals = _add_real([cue + own for cue, own in zip(scores, learnt, strict=True)], real, len(text))
    top = max(totals)
    best = totals.index(top)
    confidence = 1 / sum(math.exp(total - top) for total in totals)
    return RequestType(NAMES[best], round(confidence, 4), reasons.get(best, "整体措辞"))


def _add_real(ours: list[float], real: list[float], length: int) -> list[float]:
    """Return log-odds of the types: how the kinds compare is left largely to ``real``, how types of one kind do to ``ours``."""
    share = min(1.0, max(_LEAST, 1 - (1 - _LEAST) * (length - _SHORT) / (_LONG - _SHORT)))
    of_kind = [math.log(sum(math.exp(score) for score, own in zip(ours, _KINDS, strict=True) if own == kind)) for kind in range(len(BROAD))]
    return [score + real[kind] - (1 - share) * of_kind[kind] for score, kind in zip(ours, _KINDS, strict=True)]


@lru_cache(maxsize=1)
def _models() -> NgramModel:
    return load("request_type_model.json", "request_type_real_model.json")


@dataclass(frozen=True, slots=True)
class _Cues:
    automaton: ahocorasick.Automaton
    patterns: tuple[tuple[re.Pattern[str], int], ...]
    weights: tuple[tuple[float, ...], ...]
    most: tuple[int, ...]


@lru_cache(maxsize=1)
def _cues() -> _Cues:
    data = read_yaml(data_path("reading", "request_type_cues.yml"))
    groups: dict[str, list[int]] = {}
    weights: list[tuple[float, ...]] = []
    most: list[int] = []
    for group in data["words"]:
        for word in group["words"]:
            groups.setdefault(word, []).append(len(weights))
        most.append(group.get("most", 1))
        weights.append(tuple(float(group["weights"].get(name, 0.0)) for name in NAMES))
    automaton = ahocorasick.Automaton()
    for word, numbers in groups.items():
        automaton.add_word(word, (word, tuple(numbers)))
    automaton.make_automaton()
    patterns = []
    for group in data["patterns"]:
        patterns.append((re.compile(group["pattern"]), len(weights)))
        weights.append(tuple(float(group["weights"].get(name, 0.0)) for name in NAMES))
        most.append(1)
    return _Cues(automaton, tuple(patterns), tuple(weights), tuple(most))


def cue_scores(text: str) -> tuple[list[float], dict[int, str]]:
    """Return what the hand-set cues in normalised ``text`` say for every type, and the word that spoke for it most."""
    text = shorten(text)
    cues = _cues()
    found: dict[int, list[str]] = {}
    for word, groups in {value for _, value in cues.automaton.iter(text)}:
        for group in groups:
            found.setdefault(group, []).append(word)
    for pattern, group in cues.patterns:
        match = pattern.search(text)
        if match:
            found[group] = [match.group()[-12:]]
    scores = [0.0] * len(NAMES)
    strongest: dict[int, tuple[float, str]] = {}
    for group, words in found.items():
        times = min(len(words), cues.most[group])
        for index, weight in enumerate(cues.weights[group]):
            scores[index] += weight * times
            if weight * times > strongest.get(index, (0.3, ""))[0]:
                strongest[index] = (weight * times, max(words, key=len))
    return scores, {index: f"“{word.strip()}”" for index, (_, word) in strongest.items()}
