"""What every format of an imported file is read into: rows that can be taken in, and rows that can't."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dispatch.knowledge.schemas import EntryContent

MAX_ID = 64
MAX_ROWS = 50_000
"""Rows a file may have: about three minutes' work."""

BROKEN = "\ufffd"

_FIELDS_OF_NAMES = {"question": "title", "passage": "answer", "dept": "unit_name", "unit": "unit_name"}
_NAMES_OF_FIELDS = {"title": "question", "answer": "passage", "unit_name": "dept", "source": "dept"}


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


def make_row(line: int, entry_id: str, values: dict[str, Any]) -> Row | RowError:
    """Return ``values`` as a row; the names of CSV's columns (question, passage, dept) stand for title, answer and unit_name."""
    known_id = entry_id[:MAX_ID] or None
    if not entry_id:
        return RowError(line, None, "id 为空")
    if len(entry_id) > MAX_ID or not entry_id.isprintable():
        return RowError(line, known_id, f"id 应为不超过 {MAX_ID} 个可见字符")
    if any(isinstance(value, str) and BROKEN in value for value in values.values()):
        return RowError(line, known_id, "含有无法识别的字符（编码损坏）")
    try:
        return Row(line, entry_id, EntryContent.model_validate({_FIELDS_OF_NAMES.get(name, name): value for name, value in values.items()}))
    except ValidationError as error:
        problems = "；".join(
            f"{_NAMES_OF_FIELDS.get(str(each['loc'][0]), each['loc'][0]) if each['loc'] else ''} {each['msg']}" for each in error.errors()
        )
        return RowError(line, known_id, problems.strip())


def unique(rows: Iterable[Row | RowError]) -> Iterator[Row | RowError]:
    """Yield ``rows``, one with the id of an earlier one as an error.

    Raises:
        KnowledgeFileError: there are more than ``MAX_ROWS``.
    """
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise KnowledgeFileError(f"文件太大：一次最多导入 {MAX_ROWS} 条，请分成几个文件")
        if isinstance(row, Row):
            if row.id in seen:
                yield RowError(row.line, row.id, f"id 与第 {seen[row.id]} 行重复")
                continue
            seen[row.id] = row.line
        yield row


def derived_id(*parts: str) -> str:
    """Return the id of an entry that has none of its own: the same for the same parts (document, heading path)."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"doc-{digest[:20]}"
