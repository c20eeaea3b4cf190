"""Reading a city's own CSV files, whatever program wrote them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its text and label, stripped; ``line`` is where it begins in the file (the header is line 1)."""

    line: int
    text: str
    label: str


def decode(data: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark, UTF-16 with one, or GB18030. Raises ValueError if none of them fits."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("neither UTF-8 nor GB18030")


def _position(header: list[str], column: str) -> int:
    if column not in header:
        raise ValueError(f"no column {column!r}; there are: {', '.join(header) or 'none'}")
    return header.index(column)


def read(path: Path, text_column: str, label_column: str) -> list[Row]:
    """Return all rows of a CSV file in order; a cell that is missing in a short row is an empty string.

    Raises ValueError, naming the file, for a missing column (and lists those there are), no header or an unknown encoding;
    OSError if the file can't be read.
    """
    try:
        content = decode(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    csv.field_size_limit(2**31 - 1)  # a rant may be longer than the 131,072 characters allowed by default
    lines = csv.reader(io.StringIO(content.replace("\0", ""), newline=""))
    rows = []
    try:
        header = [name.strip() for name in next(lines, [])]
        text_at, label_at = _position(header, text_column), _position(header, label_column)
        line = lines.line_num + 1
        for cells in lines:
            if cells:
                padded = cells + [""] * len(header)
                rows.append(Row(line, padded[text_at].strip(), padded[label_at].strip()))
            line = lines.line_num + 1
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return rows
