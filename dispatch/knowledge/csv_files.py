"""Reads a city's knowledge base from CSV: columns id, question, passage, dept; UTF-8 (with or without BOM), UTF-16 or GB18030."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from dispatch.knowledge.schemas import EntryContent

COLUMNS = ("id", "question", "passage", "dept")
_MAX_ID = 64
_BROKEN = "\ufffd"
_FEW = 0.02


class KnowledgeFileError(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was left out: its line in the file, its id if it has one, and what is wrong."""

    line: int
    id: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be taken in."""

    line: int
    id: str
    content: EntryContent


def decode(data: bytes) -> str:
    """Return the text of a file.

    A file that is nearly all UTF-8 is read as such, its broken characters left as U+FFFD for the row to be refused.

    Raises:
        KnowledgeFileError: it is neither UTF-8, UTF-16 with a byte order mark, nor GB18030.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.count(_BROKEN) <= _FEW * text.count("\n"):
        return text
    try:
        return data.decode("gb18030").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if text.count(_BROKEN) < _FEW * len(text):
            return text
        raise KnowledgeFileError(f"文件既不是 UTF-8 也不是 GB18030 编码（第 {error.start} 个字节处无法识别）") from error


def read_rows(data: bytes) -> Iterator[Row | RowError]:
    """Yield every row of a CSV file, good or bad, in order.

    Raises:
        KnowledgeFileError: the encoding is unknown or a column is missing.
    """
    reader = csv.reader(io.StringIO(decode(data), newline=""))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise KnowledgeFileError(f"第 1 行不是 CSV 表头：{error}") from error
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise KnowledgeFileError(f"第 1 行缺少列 {'、'.join(missing)}；应有 {','.join(COLUMNS)}")
    seen: dict[str, int] = {}
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield RowError(line, None, f"不是合法的 CSV 行：{error}")
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(line, header, cells)
        if isinstance(row, Row):
            if row.id in seen:
                row = RowError(line, row.id, f"id 与第 {seen[row.id]} 行重复")
            else:
                seen[row.id] = line
        yield row


def _row(line: int, header: list[str], cells: list[str]) -> Row | RowError:
    values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    entry_id = values.get("id", "")
    known_id = entry_id[:_MAX_ID] or None
    if len(cells) != len(header):
        return RowError(line, known_id, f"应有 {len(header)} 列，实有 {len(cells)} 列")
    if not entry_id:
        return RowError(line, None, "id 为空")
    if len(entry_id) > _MAX_ID or not entry_id.isprintable():
        return RowError(line, known_id, f"id 应为不超过 {_MAX_ID} 个可见字符")
    if any(_BROKEN in value for value in values.values()):
        return RowError(line, known_id, "含有无法识别的字符（编码损坏）")
    try:
        content = EntryContent(title=values["question"], answer=values["passage"], unit_name=values["dept"], source=values["dept"])
    except ValidationError as error:
        names = {"title": "question", "answer": "passage", "unit_name": "dept", "source": "dept"}
        problems = "；".join(
            f"{names.get(str(each['loc'][0]), each['loc'][0]) if each['loc'] else ''} {each['msg']}" for each in error.errors()
        )
        return RowError(line, known_id, problems.strip())
    return Row(line, entry_id, content)
