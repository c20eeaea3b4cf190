"""``jsjb import orders``: bulk intake of messages from a CSV file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
from rich.console import Console
from rich.progress import track

from bot.system import open_platform, running_platform
from dispatch.core.settings import Settings
from dispatch.core.text_files import UnreadableTextError, decode
from dispatch.intake import service
from dispatch.intake.schemas import RowIn, RowOut, RowsIn, RowsOut

COLUMNS = ("text", "channel", "received_at", "phone", "address")
_BATCH = 200
_SECONDS = 300


class ImportFileError(ValueError):
    """The file as a whole can't be imported; the message says why."""


def import_orders(settings: Settings, file: Path | None, say: Callable[[str], None]) -> int:
    """Import a CSV (None: standard input), print one JSON line a row, and return how many rows were bad.

    While the platform runs it is the only writer (DESIGN.md section 5), so then the rows are handed to it.

    Raises:
        ImportFileError: the encoding is unknown, or the column ``text`` is missing.
    """
    rows = list(_rows(file.read_bytes() if file else sys.stdin.buffer.read()))
    take_in = _taker(settings)
    counts = {"filed": 0, "repeated": 0, "emergencies": 0, "bad": 0}
    batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    for batch in track(batches, "导入", console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()):
        good = iter(take_in([row for row in batch if isinstance(row, RowIn)]))
        for row in batch:
            out = next(good) if isinstance(row, RowIn) else row
            counts["bad" if out.error else "repeated" if out.repeated else "filed"] += 1
            counts["emergencies"] += out.emergency is not None
            sys.stdout.buffer.write(orjson.dumps(out.model_dump(exclude_none=True)) + b"\n")
    sys.stdout.buffer.flush()
    say(
        f"新建工单 {counts['filed']} 件，此前已导入 {counts['repeated']} 件，疑似危险 {counts['emergencies']} 件，有误 {counts['bad']} 行。"
    )
    return counts["bad"]


def _rows(data: bytes) -> Iterator[RowIn | RowOut]:
    try:
        reader = csv.reader(io.StringIO(decode(data), newline=""))
    except UnreadableTextError as error:
        raise ImportFileError(str(error)) from error
    header = [name.strip().lower() for name in next(reader, [])]
    if "text" not in header:
        raise ImportFileError(f"第 1 行缺少列 text；应有 {','.join(COLUMNS)}")
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RowOut(line=line, error=f"不是 CSV：{error}")
            continue
        if not any(cells):
            continue
        if len(cells) != len(header):
            yield RowOut(line=line, error=f"有 {len(cells)} 列，表头有 {len(header)} 列")
            continue
        values = {name: value for name, value in zip(header, cells, strict=True) if name in COLUMNS}
        if "\ufffd" in "".join(values.values()):
            yield RowOut(line=line, error="text: 有无法识别的字符，编码可能有误")
            continue
        limits = {name: field.metadata[0].max_length for name, field in RowIn.model_fields.items() if name in values}
        too_long = next((name for name, value in values.items() if len(value) > limits[name]), None)
        yield RowOut(line=line, error=f"{too_long}: 超过 {limits[too_long]} 字") if too_long else RowIn(line=line, **values)


def _taker(settings: Settings) -> Callable[[list[RowIn]], list[RowOut]]:
    running = running_platform(settings)
    if running is None:
        platform = open_platform(settings)
        return lambda rows: service.take_in(platform, rows, by="import")
    url, token = running
    http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, trust_env=False)

    def send(rows: list[RowIn]) -> list[RowOut]:
        if not rows:
            return []
        answer = http.post("/api/v1/intake/rows", content=RowsIn(rows=rows).model_dump_json(), headers={"content-type": "application/json"})
        if not answer.is_success:
            raise ImportFileError(str(answer.json().get("detail", answer.status_code)))
        return RowsOut.model_validate_json(answer.content).rows

    return send
