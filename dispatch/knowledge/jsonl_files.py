"""Reads a knowledge base from JSON Lines: one entry a line, under the names of ``EntryContent`` or of the CSV's columns."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dispatch.knowledge.csv_files import decode
from dispatch.knowledge.rows import Row, RowError, derived_id, make_row


def read_rows(data: bytes) -> Iterator[Row | RowError]:
    """Yield every line of a JSON Lines file, good or bad, in order; an entry without ``id`` gets one made of its source and title.

    Raises:
        KnowledgeFileError: the encoding is unknown.
    """
    for line, text in enumerate(decode(data).split("\n"), 1):
        if text.strip():
            yield _row(line, text)


def _row(line: int, text: str) -> Row | RowError:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return RowError(line, None, "不是合法的 JSON")
    if not isinstance(values, dict):
        return RowError(line, None, "应为一个 JSON 对象")
    given = values.pop("id", None)
    if given is not None and not isinstance(given, str | int):
        return RowError(line, None, "id 应为文字")
    title = str(values.get("title") or values.get("question") or "")
    entry_id = str(given) if given is not None else derived_id(str(values.get("source") or ""), title)
    return make_row(line, entry_id, values)
