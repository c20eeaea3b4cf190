"""Search: meaning first, exact wording second, and the decision whether the best entry may be given as the answer at once.

A score is ``cosine of the nearest question + 0.2 cosine of the answer + 0.2 BM25 of the question + 0.6 BM25 of question and
answer + 0.2 share of the asked words that the entry speaks of``, each term taken as the mean over the question as asked and put
officially (``wording.officially``); the last is reckoned for the best twenty only. It runs from about 0 to 2.2 and only orders hits;
``confidence`` is the probability that the first hit answers.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log, log1p

import numpy as np
from numpy.typing import NDArray

from dispatch.knowledge.confidence import CALIBRATION, Calibration, Evidence
from dispatch.knowledge.embedding import Encoder, Vectors, shared_encoder
from dispatch.knowledge.lexical import Bag, GramIndex, bag
from dispatch.knowledge.wording import Alternatives, alternatives, bare, content_words, coverage, lacks_what_is_wanted, officially
from nlu.text import normalise

MAX_QUERY = 300
"""Characters of a question that are read: longer ones are stories, whose matter is elsewhere decided."""

_MAX_QUESTION = 300
_MAX_PASSAGE_MEANING = 200
_MAX_PASSAGE_WORDS = 600

_PASSAGE_MEANING = 0.2
_QUESTION_WORDING = 0.2
_ALL_WORDING = 0.6
_COVERED = 0.2
_FALLBACK = 0.45
"""What an entry that came with the system gives way by to one of the city's own."""

_CANDIDATES = 100
_RERANKED = 20
_MAX_LEAD = 0.2
"""A longer lead says no more: where the base knows nothing of the matter, the nearest entry may be far ahead of the next."""

_FACT = re.compile(r"《([^》]{2,40})》|(\d+(?:\.\d+)?)|([A-Za-z][A-Za-z0-9]+)")
_MEANINGFUL = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What search knows of one entry.

    ``questions`` holds the title first, then the variants. ``region`` is a district's name, None for the whole city.
    ``valid_from`` and ``valid_to`` are the first and last day on which the entry may be answered, None for open ends.
    ``fallback`` marks an entry that gives way to another that answers about as well.
    """

    id: str
    questions: tuple[str, ...]
    passage: str
    subject: str = ""
    region: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found; ``score`` only orders the hits of one question."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first. ``answer`` says that the first may be given as the answer at once; ``confidence`` is 0 to 1."""

    hits: tuple[Hit, ...]
    answer: bool
    confidence: float


def texts_to_encode(entry: Entry) -> list[str]:
    """Return the texts whose vectors an entry needs: each question, then the beginning of the passage."""
    return [*(normalise(question)[:_MAX_QUESTION] for question in entry.questions), normalise(entry.passage)[:_MAX_PASSAGE_MEANING]]


@dataclass(frozen=True, slots=True)
class _Prepared:
    entry: Entry
    question_vectors: Vectors
    passage_vector: Vectors
    question_bags: tuple[Bag, ...]
    all_bag: Bag
    text: str
    words: frozenset[str]


class _Snapshot:
    """An index that never changes: searches run on it while the next one is built."""

    def __init__(self, prepared: Sequence[_Prepared]) -> None:
        self.prepared = prepared
        if not prepared:
            return
        self.question_vectors = np.concatenate([each.question_vectors for each in prepared])
        self.passage_vectors = np.stack([each.passage_vector for each in prepared])
        counts = [len(each.question_bags) for each in prepared]
        self.starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        self.questions = GramIndex([one for each in prepared for one in each.question_bags])
        self.all = GramIndex([each.all_bag for each in prepared])
        self.first_day = np.array([each.entry.valid_from.toordinal() if each.entry.valid_from else 0 for each in prepared])
        self.last_day = np.array([each.entry.valid_to.toordinal() if each.entry.valid_to else 10**9 for each in prepared])
        self.handicap = np.array([_FALLBACK if each.entry.fallback else 0 for each in prepared], np.float32)
        self.subjects = np.array([each.entry.subject for each in prepared])
        self.regions = np.array([each.entry.region or "" for each in prepared])
        self.word_counts = Counter(word for each in prepared for word in each.words)

    def word_weight(self, word: str) -> float:
        count = self.word_counts[word]
        return log1p((len(self.prepared) - count + 0.5) / (count + 0.5))

    def allowed(self, subject: str | None, region: str | None, on: date | None, own: bool) -> NDArray[np.bool_]:
        mask = np.ones(len(self.prepared), np.bool_)
        if own and not self.handicap.all():
            mask &= self.handicap == 0
        if on is not None:
            mask &= (self.first_day <= on.toordinal()) & (on.toordinal() <= self.last_day)
        if subject is not None:
            mask &= self.subjects == subject
        if region is not None:
            mask &= (self.regions == "") | (self.regions == region)
        return mask


@dataclass(frozen=True, slots=True)
class _Question:
    asked: str
    official: str
    words: Alternatives
    vectors: Vectors
    """Of the question as asked and as put officially."""

    @property
    def vector(self) -> Vectors:
        """Their mean."""
        mean: Vectors = self.vectors.mean(axis=0)
        return mean


class KnowledgeIndex:
    """Entries in memory, searched by any number of threads while others add and remove.

    10,000 entries take about 60 MB and a second to take in when their vectors are at hand; without, 500 texts a second.
    """

    def __init__(self, encoder: Encoder | None = None, calibration: Calibration = CALIBRATION) -> None:
        self._encoder = encoder or shared_encoder()
        self._calibration = calibration
        self._prepared: dict[str, _Prepared] = {}
        self._snapshot = _Snapshot(())
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._snapshot.prepared)

    def update(self, entries: Iterable[Entry] = (), removed: Iterable[str] = (), vectors: Mapping[str, Vectors] | None = None) -> None:
        """Add or replace ``entries`` and take out those with the ids ``removed``, at once.

        ``vectors`` holds what ``texts_to_encode`` became under the encoder, by entry id; what is missing is computed.
        """
        prepared = self._prepare(list(entries), dict(vectors or {}))
        with self._lock:
            for entry_id in removed:
                self._prepared.pop(entry_id, None)
            self._prepared.update((each.entry.id, each) for each in prepared)
            self._snapshot = _Snapshot(tuple(self._prepared.values()))

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        subject: str | None = None,
        region: str | None = None,
        on: date | None = None,
        own: bool = False,
    ) -> SearchResult:
        """Return at most ``limit`` entries, best first.

        Args:
            subject: only entries of this subject.
            region: a district's name: only its entries and those of the whole city.
            on: only entries valid on this day; None for all.
            own: leave out what came with the system, if there is anything else.
        """
        return self.search_many([query], limit=limit, subject=subject, region=region, on=on, own=own)[0]

    def search_many(
        self,
        queries: Sequence[str],
        *,
        limit: int = 10,
        subject: str | None = None,
        region: str | None = None,
        on: date | None = None,
        own: bool = False,
    ) -> list[SearchResult]:
        """Return what ``search`` would for each query, reading them in batches."""
        snapshot = self._snapshot
        if not snapshot.prepared:
            return [SearchResult((), False, 0.0) for _ in queries]
        mask = snapshot.allowed(subject, region, on, own)
        return [
            self._result(snapshot, question, mask, limit) if question else SearchResult((), False, 0.0) for question in self._read(queries)
        ]

    def near_duplicates(self, questions: Sequence[str], threshold: float) -> list[tuple[str, float]]:
        """Return the entries that ask nearly the same as one of ``questions`` (cosine from ``threshold``), nearest first."""
        snapshot = self._snapshot
        if not snapshot.prepared or not questions:
            return []
        vectors = self._encoder.encode([normalise(question)[:_MAX_QUESTION] for question in questions])
        cosines = np.maximum.reduceat((snapshot.question_vectors @ vectors.T).max(axis=1), snapshot.starts)
        order = [place for place in np.argsort(-cosines)[:_CANDIDATES] if cosines[place] >= threshold]
        return [(snapshot.prepared[place].entry.id, round(float(cosines[place]), 4)) for place in order]

    def evidence(self, query: str, *, without: Iterable[str] = ()) -> tuple[str, Evidence] | None:
        """Return the first hit's id and what speaks for it, as if the entries ``without`` weren't there; for calibration."""
        snapshot = self._snapshot
        (question,) = self._read([query])
        if question is None or not snapshot.prepared:
            return None
        left_out = set(without)
        mask = np.array([each.entry.id not in left_out for each in snapshot.prepared])
        order, scores = self._rank(snapshot, question, mask)
        return (snapshot.prepared[order[0]].entry.id, self._evidence(snapshot, question, order, scores)) if len(order) else None

    def _prepare(self, entries: Sequence[Entry], vectors: dict[str, Vectors]) -> list[_Prepared]:
        fresh = [entry for entry in entries if entry.id not in vectors or len(vectors[entry.id]) != len(entry.questions) + 1]
        texts = [texts_to_encode(entry) for entry in fresh]
        encoded = self._encoder.encode([text for each in texts for text in each])
        start = 0
        for entry, each in zip(fresh, texts, strict=True):
            vectors[entry.id] = encoded[start : start + len(each)]
            start += len(each)
        return [_prepared(entry, vectors[entry.id]) for entry in entries]

    def _read(self, queries: Sequence[str]) -> list[_Question | None]:
        whole = (query[: 4 * MAX_QUERY].encode(errors="replace").decode() for query in queries)  # half characters come from broken JSON
        asked = [bare(normalise(query))[:MAX_QUERY] for query in whole]
        asked = [query if _MEANINGFUL.search(query) else "" for query in asked]
        official = [officially(query) for query in asked]
        texts = list(dict.fromkeys([*asked, *official]))  # most questions need no other words
        vectors = dict(zip(texts, self._encoder.encode(texts), strict=True))
        return [
            _Question(a, o, alternatives(a), np.stack((vectors[a], vectors[o]))) if a else None
            for a, o in zip(asked, official, strict=True)
        ]

    @staticmethod
    def _rank(snapshot: _Snapshot, question: _Question, mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the places of the best candidates in order, and their scores."""
        bags = (bag(question.asked), bag(question.official))
        vector = question.vector
        rows = snapshot.question_vectors @ vector
        rows += _QUESTION_WORDING * snapshot.questions.scores(*bags)
        coarse = np.maximum.reduceat(rows, snapshot.starts)
        coarse += _ALL_WORDING * snapshot.all.scores(*bags)
        coarse -= snapshot.handicap
        coarse[~mask] = -np.inf
        count = min(_CANDIDATES, int(mask.sum()))
        places = np.argpartition(-coarse, count - 1)[:count] if count else np.empty(0, np.intp)
        scores = coarse[places] + _PASSAGE_MEANING * (snapshot.passage_vectors[places] @ vector)
        order = np.argsort(-scores, kind="stable")
        places, scores = places[order], scores[order]
        for rank, place in enumerate(places[:_RERANKED]):
            scores[rank] += _COVERED * coverage(question.words, snapshot.prepared[place].text, snapshot.word_weight)[0]
        best = np.argsort(-scores[:_RERANKED], kind="stable")
        places[:_RERANKED], scores[:_RERANKED] = places[best], scores[best]
        return places, scores

    def _result(self, snapshot: _Snapshot, question: _Question, mask: NDArray[np.bool_], limit: int) -> SearchResult:
        order, scores = self._rank(snapshot, question, mask)
        if not len(order):
            return SearchResult((), False, 0.0)
        hits = tuple(
            Hit(snapshot.prepared[place].entry.id, round(float(score), 4))
            for place, score in zip(order[:limit], scores[:limit], strict=True)
        )
        evidence = self._evidence(snapshot, question, order, scores)
        confidence = self._calibration.confidence(evidence)
        return SearchResult(hits, self._calibration.is_sure(evidence, len(snapshot.prepared)), round(confidence, 4))

    @staticmethod
    def _evidence(snapshot: _Snapshot, question: _Question, order: NDArray[np.intp], scores: NDArray[np.float32]) -> Evidence:
        first = snapshot.prepared[order[0]]
        # Two entries with the same answer don't make each other doubtful.
        others = (
            s for place, s in zip(order[1:], scores[1:], strict=True) if snapshot.prepared[place].entry.passage != first.entry.passage
        )
        cosines = (first.question_vectors @ question.vectors.T).max(axis=1)
        nearest = int(cosines.argmax())
        covered, missing = coverage(question.words, first.text, snapshot.word_weight)
        asked = snapshot.questions.share_covered(first.question_bags[nearest], bag(question.asked), bag(question.official))
        facts = [fact for match in _FACT.finditer(question.asked) for fact in match.groups() if fact]
        return Evidence(
            meaning=float(cosines[nearest]),
            lead=min(float(scores[0] - next(others, 0.0)), _MAX_LEAD),
            covered=covered,
            missing=missing / snapshot.word_weight(""),
            asked=asked,
            length=log(len(question.asked)),
            fact_missing=any(fact.lower() not in first.text.lower() for fact in facts)
            or lacks_what_is_wanted(question.asked, first.entry.passage),
        )


def _prepared(entry: Entry, vectors: Vectors) -> _Prepared:
    questions = [normalise(question)[:_MAX_QUESTION] for question in entry.questions]
    passage = normalise(entry.passage)[:_MAX_PASSAGE_WORDS]
    text = " ".join((*questions, passage))
    return _Prepared(
        entry, vectors[:-1], vectors[-1], tuple(bag(question) for question in questions), bag(text), text, frozenset(content_words(text))
    )
