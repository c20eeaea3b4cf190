"""Which matter of the catalogue a message is about, and which further ones it names (Art. 12, 14).

A linear model over characters and pairs of characters, fitted to the catalogue's own names, descriptions, phrases and examples, has
the main say: it reads what no phrase foresaw. A second one, learnt from real messages that were read and labelled by hand, corrects
it (nlu.matter_model). The catalogue's phrases found verbatim are the evidence and tip the balance between close matters: long ones
and ones that stand for a single matter more, while a denial before a phrase or one of a matter's negative hints speaks against it.
A long message is read sentence by sentence, so that its main matter is the one that has most of the text and of what is asked for.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ahocorasick
import numpy as np
from numpy.typing import NDArray

from nlu.matter_model import CatalogueModel, Experience, MatterModel, MatterProfile
from nlu.text import normalise

CONFIDENT = 0.5
"""From this score on a match is right more often than not by a clear margin; below it a person or a question decides."""

Vector = NDArray[np.floating[Any]]

_UNREADABLE = re.compile(r"[^\u3400-\u9fffa-z0-9]+")
_MASK = re.compile(r"\*+")
_WORDY = re.compile(r"[\u3400-\u9fffa-z][^\u3400-\u9fffa-z]*[\u3400-\u9fffa-z]")
_PIECES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_CLAUSES = re.compile(r"[^，,、：:。！？!?；;\n]+[，,、：:。！？!?；;\n]*")
_DENIED = re.compile(r"(?:不是|并非|不要|没有|而非|不关|除了|不属于|不涉及|别说)[^，。,；;！？!?]{0,3}$")
_ASKS = re.compile(r"希望|要求|请求|请(?!假|客|教)|恳请|投诉|举报|反映|咨询|请问|建议|诉求|求助|解决一?下|尽快|督促|麻烦")

_BESIDE = re.compile(
    r"[\u3400-\u9fff]{0,3}(?:菜市场|农贸市场|市场|公园|商场|超市|医院|银行|酒店|宾馆|饭店|大厦|广场|车站|地铁站|地铁口|公交站|派出所|加油站|景区|工地|网吧|村委会|居委会|公司|服务站|服务中心"
    r"|小学|中学|学校|幼儿园|大学)(?=旁边|附近|对面|斜对面|后面|边上|[东西南北]侧)"
    r"|(?:菜市场|市场|公园|商场|超市|医院|银行|酒店|饭店|大厦|广场)(?=正?门口|门前|前面|外面|外头|周边)"
)
"""A place named only to say where: ``公园旁边的工地`` is about the building site."""

_COURTESY = re.compile(
    r"^(?:尊敬的)?(?:各位)?(?:领导|书记|市长|主任|同志|老师|您|你)们?[,，、\s]*(?:您|你|大家)?们?好[,，。!！:：\s]*"
    r"|(?:非常|十分|万分|不胜)?(?:感谢|谢谢|多谢)(?:各位|领导|书记|市长|政府|您|你|们|贵局|大家|的|了|啦|支持|理解|帮助|帮忙|关注|回复|辛苦)*(?=[。！!.~、，,\s]*$)"
    r"|此致|敬礼",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"\d+(?:年|月|日|号楼?|栋|楼|单元|室|层|点|分)")
"""Dates and house numbers, which say when and where and never what."""

_LONG = 60
"""Characters from which on a message is read in pieces too."""
_PIECE = 70
"""Characters of the longest piece; sentences without an end mark are cut at commas, then hard."""
_MAX_PIECES = 120
_MAX_CHARACTERS = 6_000
_PHRASE_SHARE = 0.03
_AGAINST = 0.06
_ASKING = 1.25
_OPENING = (2.0, 1.5)
_LONG_SCALE = 1.3
_OTHER_SCORE = 0.56
_OWN_SENTENCE = 0.9
_MAX_OTHERS = 8
_LISTING = 3
"""Clauses from which on a short message is looked through for further matters, as long ones are sentence by sentence."""


@dataclass(frozen=True, slots=True)
class MatterMatch:
    """One matter that a message may be about. ``score`` is the share of such matches that are right, 0 to 1."""

    code: str
    name: str
    score: float
    evidence: tuple[str, ...]


class MatterMatcher:
    """Finds the matters of messages among those of one catalogue. Built once, then read-only: threads may share it."""

    def __init__(self, profiles: Sequence[MatterProfile], *, kept_in: Path | None = None, experienced: bool = True) -> None:
        """Fit the matcher to ``profiles``: some seconds, unless the same were fitted before and kept in the folder ``kept_in``.

        With ``experienced`` False what was learnt from real messages is left out. Raises ValueError where there is no profile.
        """
        if not profiles:
            raise ValueError("a catalogue without items can't be searched")
        self._profiles = tuple(profiles)
        self._phrases = _Phrases(self._profiles)
        experience = Experience.shipped([profile.code for profile in profiles]) if experienced else None
        self._model = MatterModel(CatalogueModel.of(self._profiles, kept_in), experience)

    def match(self, text: str, limit: int = 5) -> list[MatterMatch]:
        """Return the likeliest matters of ``text``, best first, at most ``limit``; an empty list for a text that says nothing."""
        reading = self._read(text)
        if reading is None:
            return []
        scores = _calibrated(reading.total)
        best = np.argsort(-scores)[:limit]
        return [self._match(int(k), float(scores[k]), reading.evidence) for k in best if scores[k] > 0.02]

    def matters(self, text: str) -> list[MatterMatch]:
        """Return the main matter of ``text``, then the further matters that other sentences of the same message name."""
        reading = self._read(text)
        if reading is None:
            return []
        (main, *firsts), (score, *chances) = _best(np.vstack([reading.total, reading.pieces]))
        in_pieces: dict[int, float] = {}
        for k, chance in zip(firsts, chances, strict=True):
            in_pieces[k] = max(in_pieces.get(k, 0.0), chance)
        # Where a message has several matters none leads by much in the whole: what its own sentence says then vouches for the main one.
        sure = max(score, _OWN_SENTENCE * in_pieces.pop(main, 0.0))
        others = [k for k, score in in_pieces.items() if score >= _OTHER_SCORE and reading.evidence.get(k)]
        others.sort(key=lambda k: -in_pieces[k])
        found = [self._match(main, sure, reading.evidence)]
        return found + [self._match(k, _OWN_SENTENCE * in_pieces[k], reading.evidence) for k in others[:_MAX_OTHERS]]

    def reading(self, text: str) -> Vector:
        """Return how strongly each matter is read from ``text``, in the order of the profiles; zeros for a text that says nothing."""
        reading = self._read(text)
        return reading.total if reading else np.zeros(len(self._profiles), dtype=np.float32)

    def _match(self, k: int, score: float, evidence: dict[int, list[str]]) -> MatterMatch:
        profile = self._profiles[k]
        return MatterMatch(profile.code, profile.name, round(score, 3), tuple(dict.fromkeys(evidence.get(k, ()))))

    def _read(self, text: str) -> _Reading | None:
        text = cleaned(text)
        if not _WORDY.search(text):
            return None
        pieces = _pieces(text)
        if listing := len(pieces) == 1 and len(clauses := _clauses(text)) >= _LISTING:
            pieces += clauses
        evidence: dict[int, list[str]] = defaultdict(list)
        said = self._phrases.weigh(pieces, evidence)
        similar, learnt = self._model.read(pieces)
        readings = similar[:-1] + said + learnt[:-1]
        if listing or len(pieces) == 1:
            return _Reading(readings[0], readings[1:] if listing else readings, evidence)
        weights = np.array([_weight(piece, position) for position, piece in enumerate(pieces)], dtype=np.float32)
        mean = weights @ (similar[:-1] + said) / weights.sum()
        return _Reading(_LONG_SCALE * (mean + 0.5 * similar[-1]) + learnt[-1], readings, evidence)


@dataclass(frozen=True, slots=True)
class _Reading:
    total: Vector
    pieces: Vector  # (pieces, matters)
    evidence: dict[int, list[str]]


class _Phrases:
    """The catalogue's phrases and negative hints in one automaton."""

    def __init__(self, profiles: Sequence[MatterProfile]) -> None:
        self._size = len(profiles)
        owners: dict[str, set[int]] = defaultdict(set)
        against: dict[str, set[int]] = defaultdict(set)
        written: dict[str, list[str]] = {}
        for k, profile in enumerate(profiles):
            for phrase in {*profile.synonyms, profile.name}:
                owners[normalise(phrase).lower()].add(k)
            for phrase in profile.negative_hints:
                against[normalise(phrase).lower()].add(k)
            written[profile.code] = [normalise(each).lower() for each in (*profile.synonyms, *profile.examples)]
        self._automaton = ahocorasick.Automaton()
        mentions = self._mentions(owners, written, profiles)
        for phrase in owners.keys() | against.keys():
            spread = len(owners[phrase]) + 0.5 * max(0, mentions[phrase] - len(owners[phrase]))
            weight = min(len(phrase), 6) / 5 / math.sqrt(max(1.0, spread))
            self._automaton.add_word(phrase, (len(phrase), weight, tuple(owners[phrase]), tuple(against[phrase])))
        self._automaton.make_automaton()

    @staticmethod
    def _mentions(owners: dict[str, set[int]], written: dict[str, list[str]], profiles: Sequence[MatterProfile]) -> Counter[str]:
        """Count in how many matters' own texts each phrase occurs: one that many use tells them apart badly."""
        automaton = ahocorasick.Automaton()
        for phrase in owners:
            automaton.add_word(phrase, phrase)
        automaton.make_automaton()
        mentions: Counter[str] = Counter()
        for profile in profiles:
            mentions.update({phrase for _, phrase in automaton.iter("\n".join(written[profile.code]))})
        return mentions

    def weigh(self, pieces: Sequence[str], evidence: dict[int, list[str]]) -> Vector:
        """Return what the phrases of each piece add to each matter's reading, and add the phrases found to ``evidence``."""
        found = np.zeros((len(pieces), self._size), dtype=np.float32)
        against = np.zeros_like(found)
        for row, piece in enumerate(pieces):
            covered: dict[int, int] = {}
            hits = [(end + 1 - length, end + 1, weight, own, hinted) for end, (length, weight, own, hinted) in self._automaton.iter(piece)]
            hits.sort(key=lambda hit: (hit[0], -hit[1]))
            for start, end, weight, own, hinted in hits:
                for k in hinted:
                    against[row, k] = 1.0
                denied = bool(own) and _DENIED.search(piece, max(0, start - 8), start) is not None
                for k in own:
                    if denied:
                        against[row, k] = 1.0
                    elif covered.get(k, -1) < end:
                        # A phrase inside a longer one of the same matter says nothing more.
                        covered[k] = end
                        found[row, k] += weight
                        evidence[k].append(piece[start:end])
        result: Vector = _PHRASE_SHARE * np.tanh(found) - _AGAINST * against
        return result


def cleaned(text: str) -> str:
    """Return ``text`` normalised, without masking asterisks and what is said about where, when and to whom, unless nothing else is left."""
    text = _MASK.sub("", normalise(text[: _MAX_CHARACTERS + 200])[:_MAX_CHARACTERS].lower())
    rest = _BESIDE.sub("", _NUMBERED.sub("", _COURTESY.sub("", text)))
    return rest if len(_UNREADABLE.sub("", rest)) > 3 else text


def _pieces(text: str) -> list[str]:
    """Cut ``text`` into pieces that a matter fits in: sentences, long ones at their commas."""
    if len(text) < _LONG:
        return [text]
    pieces: list[str] = []
    for sentence in _PIECES.findall(text):
        if len(sentence) <= _PIECE:
            pieces.append(sentence)
            continue
        piece = ""
        for clause in _CLAUSES.findall(sentence):
            for start in range(0, len(clause), _PIECE):
                part = clause[start : start + _PIECE]
                if piece and len(piece) + len(part) > _PIECE:
                    pieces.append(piece)
                    piece = ""
                piece += part
        if piece:
            pieces.append(piece)
    readable = [piece for piece in pieces if len(piece) > 3]
    return readable[:_MAX_PIECES] or [text[:_PIECE]]


def _clauses(text: str) -> list[str]:
    """Return the clauses of a short ``text`` that may each name a matter of their own."""
    return [clause for clause in _CLAUSES.findall(text) if len(clause) > 3]


def _weight(piece: str, position: int) -> float:
    """Return how much a piece counts: people open with what it is about, and what they ask for matters more than the story."""
    weight = _OPENING[position] if position < len(_OPENING) else 1.0
    return weight * (_ASKING if _ASKS.search(piece) else 1.0) * min(1.0, len(piece) / 20 + 0.3)


def leads(readings: Vector) -> tuple[Vector, Vector]:
    """Return the highest reading in each row of ``readings`` (texts, matters), and by how much it leads."""
    rows = np.arange(len(readings))
    first = readings.argmax(axis=1)
    highest = readings[rows, first]
    if readings.shape[1] == 1:
        return highest, highest
    others = readings.copy()
    others[rows, first] = -np.inf
    return highest, highest - others.max(axis=1)


def _best(readings: Vector) -> tuple[list[int], list[float]]:
    """Return which matter leads in each row of ``readings`` (texts, matters), and its calibrated score."""
    return readings.argmax(axis=1).tolist(), _chance(*leads(readings)).tolist()


def _chance(reading: Vector, lead: Vector) -> Vector:
    """Return the share of right ones among matters read like this: it rises with the reading and with its lead over the next one."""
    result: Vector = 1 / (1 + np.exp(-(3.02 * reading + 8.45 * lead - 0.89)))
    return result


def _calibrated(reading: Vector) -> Vector:
    """Return the calibrated score of every matter; of one that doesn't lead, as if it stood where the first one stands."""
    if len(reading) == 1:
        return _chance(reading, reading)
    second, first = np.partition(reading, -2)[-2:]
    return _chance(reading, reading - np.where(reading >= first, second, first))
