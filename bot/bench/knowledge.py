"""Knowledge search on the Beijing departments' questions and answers, asked in residents' words, beside BM25 in the same run.

The questions are ours. Weights, words and threshold were chosen on tests/dispatch/knowledge_questions.yml only; what is reported is
measured on tests/dispatch/knowledge_questions_held_out.yml, written before that and scored after it.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import orjson
import tantivy
import yaml
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from dispatch.knowledge.confidence import CALIBRATION, Calibration
from dispatch.knowledge.search import Entry, KnowledgeIndex, SearchResult

_TESTS = Path(__file__).resolve().parents[2] / "tests" / "dispatch"
LEARNING = _TESTS / "knowledge_questions.yml"
HELD_OUT = _TESTS / "knowledge_questions_held_out.yml"

_LARGE = 10_000
_LATENCY_ROUNDS = 3
_PRECISION = 0.97
"""Wanted on the learning questions, so that 0.95 holds on questions never seen."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the ids of the entries that answer it; none where nothing does."""

    text: str
    ids: frozenset[str]


def questions(file: Path) -> list[Question]:
    """Return the questions of ``file``, answerable ones first."""
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    answered = [Question(each["q"], frozenset(each["ids"])) for each in written["answered"]]
    return answered + [Question(text, frozenset()) for text in written["unanswered"]]


def run(data_folder: Path, out_json: Path | None = None) -> dict[str, Any]:
    """Measure on the held-out questions, print a table, write the figures to ``out_json`` if given and return them.

    Args:
        data_folder: holds beijing_qa.csv.
    """
    entries = read_entries(data_folder)
    index = KnowledgeIndex()
    index.update(entries)
    asked = questions(HELD_OUT)
    answerable = [question for question in asked if question.ids]
    results = {question.text: index.search(question.text) for question in asked}
    rankings = {
        "meaning + wording": lambda text: [hit.id for hit in results[text].hits],
        "BM25, jieba words, question + answer": _bm25(entries, lambda entry: f"{entry.questions[0]} {entry.passage}"),
        "BM25, jieba words, question": _bm25(entries, lambda entry: entry.questions[0]),
    }
    figures = {
        "file": "beijing_qa.csv",
        "entries": len(entries),
        "questions": {"answerable": len(answerable), "unanswerable": len(asked) - len(answerable)},
        "ranking": {name: _ranking(answerable, rank) for name, rank in rankings.items()},
        "answer": _answering(asked, results),
        "latency_ms": _latency(index, entries, [question.text for question in asked]),
    }
    _print(figures)
    if out_json:
        out_json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    return figures


def read_entries(data_folder: Path) -> list[Entry]:
    """Return the rows of beijing_qa.csv as entries."""
    with (data_folder / "beijing_qa.csv").open(encoding="utf-8-sig", newline="") as handle:
        return [Entry(row["id"], (row["question"],), row["passage"]) for row in csv.DictReader(handle)]


def calibrate(data_folder: Path) -> Calibration:
    """Fit the answer decision on the learning questions and return it, for ``dispatch.knowledge.confidence.CALIBRATION``.

    Answerable questions count a second time, at half weight, as if their entries weren't there: the nearest miss there is.
    The threshold is the lowest confidence from which, with each question judged by a model that hasn't seen it, 97 in 100
    answers to the learning questions are right.
    """
    index = KnowledgeIndex()
    index.update(read_entries(data_folder))
    learning = questions(LEARNING)
    rows: list[tuple[float, ...]] = []
    right: list[bool] = []
    weight: list[float] = []
    group: list[int] = []
    for number, question in enumerate(learning):
        for without, importance in (((), 1.0), (question.ids, 0.5)):
            if without is question.ids and not question.ids:
                continue
            found = index.evidence(question.text, without=without)
            if found is None or found[1].fact_missing:
                continue
            rows.append(astuple(found[1])[:6])
            right.append(found[0] in question.ids)
            weight.append(importance)
            group.append(number)
    evidence, correct, weights = np.array(rows), np.array(right), np.array(weight)
    confidence = np.zeros(len(rows))
    for train, test in GroupKFold(10).split(evidence, correct, group):
        model = _fit(evidence[train], correct[train], weights[train])
        confidence[test] = 1 / (1 + np.exp(-(model[0] + evidence[test] @ model[1:])))
    real = weights == 1.0
    fitted = _fit(evidence, correct, weights)
    threshold = _threshold(confidence[real], correct[real])
    intercept, meaning, lead, covered, missing, asked, length = (round(float(value), 3) for value in fitted)
    return Calibration(intercept, meaning, lead, covered, missing, asked, length, threshold)


def _fit(evidence: Any, correct: Any, weights: Any) -> Any:
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0)
    model = LogisticRegression(max_iter=1000).fit((evidence - mean) / spread, correct, sample_weight=weights)
    slopes = model.coef_[0] / spread
    return np.concatenate(([model.intercept_[0] - slopes @ mean], slopes))


def _threshold(confidence: Any, correct: Any) -> float:
    order = np.argsort(-confidence)
    precision = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= _PRECISION)
    return round(float(confidence[order[enough.max()]]), 3) if len(enough) else 0.99


def _bm25(entries: Sequence[Entry], text: Callable[[Entry], str]) -> Callable[[str], list[str]]:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text", tokenizer_name="whitespace")
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for entry in entries:
        writer.add_document(tantivy.Document(id=entry.id, text=" ".join(_words(text(entry)))))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def rank(query: str) -> list[str]:
        terms = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", word)) for word in _words(query)]
        hits = searcher.search(tantivy.Query.boolean_query(terms), 10).hits
        return [str(searcher.doc(address)["id"][0]) for _score, address in hits]

    return rank


def _words(text: str) -> list[str]:
    return [word for word in jieba.lcut(text) if word.strip()]


def _ranking(asked: Sequence[Question], rank: Callable[[str], list[str]]) -> dict[str, float]:
    places = []
    for question in asked:
        found = [place for place, entry_id in enumerate(rank(question.text), 1) if entry_id in question.ids]
        places.append(found[0] if found else 0)
    count = len(places)
    return {
        "hit@1": round(sum(place == 1 for place in places) / count, 4),
        "hit@3": round(sum(1 <= place <= 3 for place in places) / count, 4),
        "hit@10": round(sum(place > 0 for place in places) / count, 4),
        "mrr": round(sum(1 / place for place in places if place) / count, 4),
    }


def _answering(asked: Sequence[Question], results: dict[str, SearchResult]) -> dict[str, Any]:
    answered = [question for question in asked if results[question.text].answer]
    right = sum(results[question.text].hits[0].id in question.ids for question in answered)
    answerable = sum(bool(question.ids) for question in asked)
    return {
        "threshold": CALIBRATION.threshold,
        "answered": len(answered),
        "right": right,
        "precision": round(right / len(answered), 4) if answered else None,
        "recall": round(right / answerable, 4),
    }


def _latency(index: KnowledgeIndex, entries: Sequence[Entry], queries: Sequence[str]) -> dict[str, float]:
    """Time single searches, first with the entries there are, then with 10,000 (their parts over again, their vectors stirred)."""
    timings = {f"{len(entries)} entries": _times(index, queries)}
    noise = np.random.default_rng(7)
    more, vectors = [], {}
    for number in range(_LARGE - len(entries)):
        old = entries[number % len(entries)]
        start = number // len(entries) * 40
        entry = Entry(f"more-{number}", (f"{old.passage[start : start + 30]}{old.questions[0][:12]}",), old.passage[start:])
        vector = noise.normal(size=(2, 512)).astype(np.float32)
        more.append(entry)
        vectors[entry.id] = vector / np.linalg.norm(vector, axis=1, keepdims=True)
    index.update(more, vectors=vectors)
    timings[f"{_LARGE} entries"] = _times(index, queries)
    return {f"{name}, {mark}": round(value, 2) for name, values in timings.items() for mark, value in values.items()}


def _times(index: KnowledgeIndex, queries: Sequence[str]) -> dict[str, float]:
    """Return the milliseconds a search takes, and of those the processor's own, which other work on the machine doesn't lengthen."""
    wall, processor = [], []
    for query in list(queries) * _LATENCY_ROUNDS:
        start, start_processor = time.perf_counter(), time.thread_time()
        index.search(query)
        wall.append((time.perf_counter() - start) * 1000)
        processor.append((time.thread_time() - start_processor) * 1000)
    return {
        "p50": float(np.percentile(wall, 50)),
        "p99": float(np.percentile(wall, 99)),
        "processor p99": float(np.percentile(processor, 99)),
    }


def _print(figures: dict[str, Any]) -> None:
    asked = figures["questions"]
    table = Table("", "hit@1", "hit@3", "hit@10", "MRR", title=f"{figures['entries']} entries, {asked['answerable']} held-out questions")
    for name, values in figures["ranking"].items():
        table.add_row(name, *(f"{value:.3f}" for value in values.values()))
    answer, console = figures["answer"], Console()
    console.print(table)
    console.print(
        f"answered at once: {answer['answered']} of {asked['answerable']} answerable and {asked['unanswerable']} unanswerable, "
        f"{answer['right']} right: precision {answer['precision']}, recall {answer['recall']}"
    )
    for name, value in figures["latency_ms"].items():
        console.print(f"{name}: {value} ms")
