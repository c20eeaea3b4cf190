"""Reads a city's knowledge base from CSV: columns id, question, passage, dept; UTF-8 (with or without BOM), UTF-16 or GB18030."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from dispatch.knowledge.rows import BROKEN, MAX_ID, KnowledgeFileError, Row, RowError, make_row

COLUMNS = ("id", "question", "passage", "dept")
_FEW = 0.02


def decode(data: bytes) -> str:
    """Return the text of a file.

    A file that is nearly all UTF-8 is read as such, its broken characters left as U+FFFD for the row to be refused.

    Raises:
        KnowledgeFileError: it is neither UTF-8, UTF-16 with a byte order mark, nor GB18030.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.count(BROKEN) <= _FEW * text.count("\n"):
        return text
    try:
        return data.decode("gb18030").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if text.count(BROKEN) < _FEW * len(text):
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
        yield _row(line, header, cells)


def _row(line: int, header: list[str], cells: list[str]) -> Row | RowError:
    values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    entry_id = values.get("id", "")
    if len(cells) != len(header):
        return RowError(line, entry_id[:MAX_ID] or None, f"应有 {len(header)} 列，实有 {len(cells)} 列")
    wanted = {"title": values["question"], "answer": values["passage"], "unit_name": values["dept"], "source": values["dept"]}
    return make_row(line, entry_id, wanted)
