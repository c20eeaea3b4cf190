"""JSON Lines in, JSON Lines out, in order: a bad line gets an error object in its place and the rest go on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

MAX_LINE_BYTES = 4_000_000


class BadLineError(Exception):
    """A line is not what the command takes; the message names the field and what would be right."""


@contextmanager
def opened(file: Path | None) -> Iterator[BinaryIO]:
    """Yield ``file`` opened for reading, or stdin when there is none."""
    if file is None:
        yield sys.stdin.buffer
    else:
        with file.open("rb") as handle:
            yield handle


def require_text(record: dict[str, Any], field: str) -> str:
    """Return the text in ``record[field]``. Raises BadLineError naming the field otherwise."""
    if field not in record:
        raise BadLineError(f"{field}: 缺少这个字段，应为文字")
    value = record[field]
    if not isinstance(value, str):
        raise BadLineError(f"{field}: 应为文字，实际是 {type(value).__name__}")
    return value


def process(lines: Iterable[bytes], out: BinaryIO, work: Callable[[dict[str, Any]], dict[str, Any]], *, label: str) -> int:
    """Write ``{"id": ..., **work(record)}`` for every line of ``lines``.

    A line that is no JSON object, lacks ``id`` or makes ``work`` raise BadLineError becomes
    ``{"id": ..., "line": n, "error": "..."}``. Blank lines are passed over.

    Returns:
        how many lines were bad.
    """
    bad = 0
    console = Console(stderr=True)
    columns = (TextColumn(label), TextColumn("{task.completed} 行"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=None)
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            record: Any = None
            try:
                record = _record(line)
                result = {"id": record["id"], **work(record)}
            except BadLineError as error:
                bad += 1
                known = record.get("id") if isinstance(record, dict) else None
                result = {"id": known, "line": number, "error": str(error)}
            out.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
            if number % 100 == 0:
                progress.update(task, completed=number)
    out.flush()
    return bad


def _record(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise BadLineError(f"这一行超过 {MAX_LINE_BYTES} 字节")
    try:
        record = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadLineError(f"不是有效的 JSON：{error.msg}（第 {error.colno} 列）") from error
    if not isinstance(record, dict):
        raise BadLineError('每行应是一个 JSON 对象，例如 {"id":"1","text":"..."}')
    if "id" not in record:
        raise BadLineError("id: 缺少这个字段")
    if not isinstance(record["id"], str | int):
        raise BadLineError("id: 应为文字或整数")
    return record
