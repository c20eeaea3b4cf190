"""Learning from history, measured: our classifier beside a TF-IDF SVM and Rasa's stock Chinese pipeline, on the same held-out rows.

A fifth of each file, chosen by a hash of the text or the row's number, is never learnt from, nor by the readers that ``jsjb
understand`` uses without any history, which answer for request types beside the others. Rasa's DIETClassifier is far slower to train, so it
learns from a sample of short messages; ours and the SVM learn from that same sample once more, for a fair comparison.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from nlu import request_type
from nlu.learning.classifier import TextClassifier
from nlu.learning.command import Scores, score
from nlu.learning.request_type import set_aside

_REPOSITORY = Path(__file__).resolve().parents[2]
_PEER_SECONDS = 1_500  # for Rasa: 15 minutes of training on a quiet machine, and its answers
_PEER_TRAIN, _PEER_TEST = 300, 400
_PEER_LONGEST = 80  # characters: DIET pads a batch to its longest message; with 1,000 an epoch over 300 rows took 90 s and 5 GB

_WIDTH = 160

Answers = list[list[str]]


@dataclass(frozen=True, slots=True)
class Task:
    """A column to predict from texts; labels with fewer than ``fewest`` rows in the whole file are left out, as are empty ones.

    With ``number_column`` rows are set aside by that column as nlu.learning.request_type does, otherwise by their text.
    """

    name: str
    file: str
    text_columns: tuple[str, ...]
    label_column: str
    fewest: int = 1
    number_column: str | None = None


TASKS = (
    Task("request type", "messages_request_type.csv", ("text",), "request_type", number_column="id"),
    Task("topic", "messages_topic7.csv", ("title", "detail"), "label"),
    Task("topic, detail only", "messages_topic7.csv", ("detail",), "label"),
    Task("unit", "hotline_tickets.csv", ("text_citizen",), "dept", 10),
    Task("domain", "messages_request_type.csv", ("text",), "domain", number_column="id"),
)
_PEER_TASK = TASKS[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What one system did on one task. ``train_rows`` it learnt from; times in seconds and milliseconds of wall clock."""

    task: str
    file: str
    system: str
    train_rows: int
    scores: Scores
    train_seconds: float
    ms_per_message: float


def held_out(text: str) -> bool:
    """Say whether a text belongs to the fifth that nothing is learnt from."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0


def rows(data_folder: Path, task: Task) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the (text, label) pairs of a task: those to learn from and those held out."""
    csv.field_size_limit(2**31 - 1)
    with (data_folder / task.file).open(encoding="utf-8-sig", newline="") as handle:
        found = []
        for row in csv.DictReader(handle):
            text = "\n".join(row[column] for column in task.text_columns)
            aside = set_aside(row[task.number_column]) if task.number_column else held_out(text)
            found.append((text, row[task.label_column].strip(), aside))
    counts = Counter(label for _, label, _ in found)
    found = [row for row in found if row[1] and counts[row[1]] >= task.fewest]
    test = [(text, label) for text, label, aside in found if aside]
    known = {text for text, _ in test}
    return [(text, label) for text, label, aside in found if not aside and text not in known], test


def _ours(train: Sequence[tuple[str, str]], test: Sequence[str]) -> tuple[Answers, float, float]:
    started = time.perf_counter()
    classifier = TextClassifier().fit([text for text, _ in train], [label for _, label in train])
    trained = time.perf_counter()
    answers = classifier.predict(test)
    return [[scored.label for scored in top] for top in answers], trained - started, time.perf_counter() - trained


def _svm(train: Sequence[tuple[str, str]], test: Sequence[str]) -> tuple[Answers, float, float]:
    started = time.perf_counter()
    floor = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2), LinearSVC())
    floor.fit([text for text, _ in train], [label for _, label in train])
    trained = time.perf_counter()
    margins = floor.decision_function(test)
    answered = time.perf_counter()
    if margins.ndim == 1:
        margins = [[-margin, margin] for margin in margins]
    answers = [[str(label) for _, label in sorted(zip(row, floor.classes_, strict=True), reverse=True)[:3]] for row in margins]
    return answers, trained - started, answered - trained


def _untaught(_train: Sequence[tuple[str, str]], test: Sequence[str]) -> tuple[Answers, float, float]:
    """What ``jsjb understand`` says of the request type, in the file's three kinds."""
    request_type.classify(test[0])  # it loads its weights when first asked
    started = time.perf_counter()
    names = [request_type.classify(text).name for text in test]
    return [[request_type.BROAD_OF[name]] if name else [] for name in names], 0.0, time.perf_counter() - started


def _rasa(train: Sequence[tuple[str, str]], test: Sequence[str]) -> tuple[Answers, float, float]:
    """Raises OSError if the assistant's environment is absent, subprocess.SubprocessError if Rasa fails or takes too long."""
    python = _REPOSITORY / "bot" / ".venv" / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="jsjb-peer-") as name:
        folder = Path(name)
        (folder / "rows.json").write_text(json.dumps({"train": list(train), "test": list(test)}, ensure_ascii=False), encoding="utf-8")
        subprocess.run(  # noqa: S603 - our own interpreter and script
            [python, Path(__file__).with_name("rasa_peer.py"), folder],
            cwd=folder,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PEER_SECONDS,
            check=True,
        )
        result = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    answers = [[label] for label in result["labels"]]
    return answers, result["train_seconds"], result["ms_per_message"] * len(test) / 1000


System = Callable[[Sequence[tuple[str, str]], Sequence[str]], tuple[Answers, float, float]]
_SYSTEMS: dict[str, System] = {"ours": _ours, "TF-IDF char 1-3 + linear SVM": _svm}
_RASA = "Rasa Jieba + CountVectors + DIET"
_UNTAUGHT = "ours, jsjb understand"
_ONE_ANSWER = (_RASA, _UNTAUGHT)


def _measure(task: Task, name: str, system: System, train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]) -> Result:
    answers, train_seconds, answer_seconds = system(train, [text for text, _ in test])
    scores = score([label for _, label in test], answers)
    return Result(task.name, task.file, name, len(train), scores, train_seconds, 1000 * answer_seconds / len(test))


def run(data_folder: Path, out_json: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Measure, print tables, write the figures to ``out_json`` if given and return them.

    Args:
        data_folder: holds messages_request_type.csv, messages_topic7.csv and hotline_tickets.csv.
        quick: leave Rasa out.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        console = Console(stderr=True, width=_WIDTH)  # in a file nothing narrows the tables
    results = []
    for task in TASKS:
        train, test = rows(data_folder, task)
        for name, system in (_SYSTEMS | ({_UNTAUGHT: _untaught} if task == _PEER_TASK else {})).items():
            console.print(f"{task.name}: {name}, {len(train)} + {len(test)} rows", style="dim")
            results.append(_measure(task, name, system, train, test))
    peer: dict[str, Any] = {"left_out": "--quick"} if quick else {}
    sample: list[Result] = []
    if not quick:
        # Rows lie in files by topic: ordered by hash, the first few are a fair sample.
        train, test = (
            sorted((pair for pair in pairs if len(pair[0]) <= _PEER_LONGEST), key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
            for pairs in rows(data_folder, _PEER_TASK)
        )
        train, test = train[:_PEER_TRAIN], test[:_PEER_TEST]
        for name, system in {**_SYSTEMS, _UNTAUGHT: _untaught, _RASA: _rasa}.items():
            console.print(f"{_PEER_TASK.name}, sample: {name}, {len(train)} + {len(test)} rows", style="dim")
            try:
                sample.append(_measure(_PEER_TASK, name, system, train, test))
            except (OSError, subprocess.SubprocessError) as error:
                peer["failed"] = f"{name}: {error}"
                console.print(f"{name} could not be measured: {error}", style="red")
    figures = {
        "held_out": "a fifth by hash of the text or the row's id",
        "full": _figures(results),
        "sample": _figures(sample),
        "peer": peer,
    }
    _print(console, "Held-out rows, learnt from all others", results)
    if sample:
        _print(console, f"Messages of at most {_PEER_LONGEST} characters, learnt from a sample that DIET can train on", sample)
    for result in results:
        if result.system.startswith("ours"):
            _print_labels(console, result)
    if out_json:
        out_json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    return figures


def _figures(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [asdict(result) for result in results]


def _print(console: Console, title: str, results: Sequence[Result]) -> None:
    table = Table("task", "system", title=title)
    for heading in ("learnt", "held out", "accuracy", "macro-F1", "in top 3", "training s", "ms a message"):
        table.add_column(heading, justify="right")
    for result in results:
        scores = result.scores
        top3 = "" if result.system in _ONE_ANSWER else f"{scores.top3:.3f}"
        table.add_row(
            f"{result.task} ({result.file})",
            result.system,
            str(result.train_rows),
            str(scores.rows),
            f"{scores.accuracy:.3f}",
            f"{scores.macro_f1:.3f}",
            top3,
            f"{result.train_seconds:.0f}",
            f"{result.ms_per_message:.2f}",
        )
    console.print(table)


def _print_labels(console: Console, result: Result) -> None:
    table = Table("label", title=f"{result.system}, {result.task}, by label")
    for heading in ("held out", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    for label, value in result.scores.labels.items():
        table.add_row(label, str(value.rows), f"{value.precision:.3f}", f"{value.recall:.3f}", f"{value.f1:.3f}")
    console.print(table)
