"""``jsjb learn``: the project's own text classifier on a city's history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nlu.learning.command import learn
from rich.console import Console
from rich.table import Table


def run(text: str, label: str, train: Path, test: Path, out: Path | None, say: Callable[[str], None]) -> None:
    """Train, measure on the test rows and print accuracy, macro-F1 and milliseconds a message. Raises ValueError for bad columns."""
    report = learn(text, label, train, test, out, say)
    table = Table("训练行", "检验行", "准确率", "宏平均 F1", "毫秒/条")
    table.add_row(*report.row())
    Console().print(table)
