"""``jsjb learn``: the project's own text classifier on a city's history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from nlu.learning.command import learn


def run(text: str, label: str, train: Path, test: Path, out: Path | None, save: Path | None, say: Callable[[str], None]) -> None:
    """Train, answer and score the test rows, print the figures, write the model to ``save``.

    Raises ValueError for bad columns or nothing to learn from, OSError where a file can't be read or written.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("训练", total=1.0)
        report = learn(text, label, train, test, out, lambda step, share: bar.update(task, description=step, completed=share))
    if save is not None:
        report.classifier.save(save)
        say(f"模型已存入 {save}（{save.stat().st_size / 1e6:.1f} MB）；启用：jsjb up --matter-model {save} 或 --unit-model {save}")
    if report.skipped_lines:
        say(f"训练文件有 {len(report.skipped_lines)} 行缺正文或类别，未用：第 {_few(report.skipped_lines)} 行")
    if report.unlabelled_lines:
        say(f"检验文件有 {len(report.unlabelled_lines)} 行没有类别，已作答但不计分：第 {_few(report.unlabelled_lines)} 行")
    table = Table("训练行", "检验行", "准确率", "前三准确率", "宏平均 F1", "训练秒数", "毫秒/条")
    scores = report.scores
    figures = [f"{scores.accuracy:.4f}", f"{scores.top3:.4f}", f"{scores.macro_f1:.4f}"] if scores else ["—", "—", "—"]
    table.add_row(str(report.train_rows), str(report.test_rows), *figures, f"{report.train_seconds:.1f}", f"{report.ms_per_message:.2f}")
    Console().print(table)


def _few(lines: tuple[int, ...]) -> str:
    shown = "、".join(map(str, lines[:10]))
    return shown + (" 等" if len(lines) > 10 else "")
