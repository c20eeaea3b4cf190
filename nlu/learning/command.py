"""What ``jsjb learn`` does: train on one CSV, answer and score another."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.learning import table
from nlu.learning.classifier import Progress, Scored, TextClassifier


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fared: rows that have it, and precision, recall and F1 (0 to 1)."""

    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers compared with the truth. All shares are 0 to 1; ``macro_f1`` is the mean F1 of the labels in the truth."""

    rows: int
    accuracy: float
    top3: float
    macro_f1: float
    labels: Mapping[str, LabelScore]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one ``learn``.

    ``scores`` is over the test rows that have a label (None if there are none). ``skipped_lines`` are the lines of the
    training file left out because text or label is empty; ``unlabelled_lines`` those of the test file that were answered
    but couldn't be scored. Times: seconds for training, milliseconds a message for answering.
    """

    train_rows: int
    skipped_lines: tuple[int, ...]
    test_rows: int
    unlabelled_lines: tuple[int, ...]
    unseen_labels: tuple[str, ...]
    scores: Scores | None
    train_seconds: float
    ms_per_message: float
    chosen: Mapping[str, float]
    classifier: TextClassifier


def score(truth: Sequence[str], answers: Sequence[Sequence[str]]) -> Scores:
    """Compare ``answers`` (labels, best first, for each row) with ``truth``. Raises ValueError if there is nothing to compare."""
    if not truth or len(truth) != len(answers):
        raise ValueError(f"{len(truth)} true labels, {len(answers)} answers")
    first = [answer[0] if answer else "" for answer in answers]
    true_counts, answer_counts = Counter(truth), Counter(first)
    right = Counter(label for label, answer in zip(truth, first, strict=True) if label == answer)
    labels = {}
    for label, rows in sorted(true_counts.items(), key=lambda item: (-item[1], item[0])):
        precision = right[label] / answer_counts[label] if answer_counts[label] else 0.0
        recall = right[label] / rows
        f1 = 2 * right[label] / (rows + answer_counts[label])
        labels[label] = LabelScore(rows, precision, recall, f1)
    return Scores(
        rows=len(truth),
        accuracy=right.total() / len(truth),
        top3=sum(label in answer[:3] for label, answer in zip(truth, answers, strict=True)) / len(truth),
        macro_f1=sum(value.f1 for value in labels.values()) / len(labels),
        labels=labels,
    )


def _write(path: Path, answers: Sequence[Sequence[Scored]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for answer in answers:
            top = [{"label": scored.label, "score": round(scored.score, 6)} for scored in answer]
            file.write(json.dumps({"top": top}, ensure_ascii=False) + "\n")


def learn(
    text_column: str,
    label_column: str,
    train: Path,
    test: Path,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Train on ``train``, answer every row of ``test`` in order, write the answers to ``out`` as JSON Lines, and score them.

    Each line of ``out`` is ``{"top": [{"label", "score"}, ...]}``, three of them (fewer if fewer labels were learnt).
    ``progress`` is called with what is being done and the finished share of the training, 0 to 1.
    Raises ValueError for a missing column, an unreadable encoding, no usable training row or no test row; OSError for files
    that can't be read or written.
    """
    train_rows = table.read(train, text_column, label_column)
    test_rows = table.read(test, text_column, label_column)
    if not test_rows:
        raise ValueError(f"{test.name}: no rows")
    usable = [row for row in train_rows if row.text and row.label]
    if not usable:
        raise ValueError(f"{train.name}: no row has both {text_column!r} and {label_column!r}")
    started = time.perf_counter()
    classifier = TextClassifier().fit([row.text for row in usable], [row.label for row in usable], progress)
    trained = time.perf_counter()
    answers = classifier.predict([row.text for row in test_rows])
    answered = time.perf_counter()
    if out is not None:
        _write(out, answers)
    labelled = [i for i, row in enumerate(test_rows) if row.label]
    truth = [test_rows[i].label for i in labelled]
    return Report(
        train_rows=len(usable),
        skipped_lines=tuple(row.line for row in train_rows if not (row.text and row.label)),
        test_rows=len(test_rows),
        unlabelled_lines=tuple(row.line for row in test_rows if not row.label),
        unseen_labels=tuple(sorted(set(truth) - set(classifier.labels))),
        scores=score(truth, [[scored.label for scored in answers[i]] for i in labelled]) if labelled else None,
        train_seconds=trained - started,
        ms_per_message=1000 * (answered - trained) / len(test_rows),
        chosen=classifier.chosen,
        classifier=classifier,
    )
