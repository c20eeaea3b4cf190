"""Open data (Art. 28): how many orders share month, district, group of matters, type and channel, so that no row tells of a few people.

Rows of fewer than ``K`` orders give up one attribute after the other (channel, type, group, district) until those that have become alike
are enough; what is too little even then isn't published. The files follow Frictionless Data Package and Table Schema, version 1.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from dispatch.core.clock import BEIJING, beijing
from dispatch.orders import facts
from dispatch.platform import Platform
from dispatch.reports.figures import CHANNELS, group_name
from dispatch.reports.tables import K

MERGED, UNKNOWN = "其他", "未填写"
_GIVEN_UP = ("channel", "request_type", "group", "district")
"""In this order: what is of least use to readers goes first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the extract."""

    month: str
    district: str
    group: str
    request_type: str
    channel: str
    filed: int
    closed: int
    reworked: int


FIELDS = (
    ("month", "string", "登记月份（北京时间）", "Month of filing, Beijing time, YYYY-MM"),
    ("district", "string", "诉求发生的区；“其他”为不足 5 件合并", "District; 其他: merged because fewer than 5 orders"),
    ("group", "string", "诉求分类（派单目录的大类）", "Group of matters in the dispatch catalogue"),
    ("request_type", "string", "诉求类型：咨询、求助、投诉、举报、建议", "Type: question, help, complaint, report, suggestion"),
    ("channel", "string", "受理渠道", "Channel it came by"),
    ("filed", "integer", "受理件数，不少于 5", "Orders filed, 5 at least"),
    ("closed", "integer", "其中已办结件数；1 至 4 件的留空", "Of these, closed; empty where 1 to 4"),
    ("reworked", "integer", "其中退回重办过的件数；1 至 4 件的留空", "Of these, sent back for rework at least once; empty where 1 to 4"),
)


class UnsafeExtractError(Exception):
    """The extract would tell of too few people; nothing was published."""


@dataclass(frozen=True, slots=True)
class Extract:
    """The rows, and how many orders are in none of them because they were too few."""

    rows: tuple[Row, ...]
    left_out: int


def make(platform: Platform, first: date, last: date) -> Extract:
    """Return the extract of the orders filed on days ``first`` to ``last`` (Beijing)."""
    name = group_name(platform.reference.current())
    rows: list[Row] = []
    left_out = 0
    with platform.database.read() as session:
        for begin, end in _months(first, last):
            found = [
                Row(
                    f"{begin:%Y-%m}",
                    cell.district or UNKNOWN,
                    name(cell.group) if cell.group else UNKNOWN,
                    cell.request_type or UNKNOWN,
                    CHANNELS.get(cell.channel, cell.channel),
                    cell.filed,
                    cell.closed,
                    cell.reworked,
                )
                for cell in facts.cells(session, begin, end)
            ]
            kept, few = generalise(found)
            rows += kept
            left_out += few
    return Extract(tuple(rows), left_out)


def generalise(rows: list[Row]) -> tuple[list[Row], int]:
    """Return ``rows`` of one month with those of fewer than ``K`` orders merged, and the number of orders that are too few even then."""
    kept, small = _split(rows)
    for attribute in _GIVEN_UP:
        merged: dict[Row, Row] = {}
        for row in small:
            given_up: dict[str, Any] = {attribute: MERGED}
            wider = replace(row, **given_up)
            alike = replace(wider, filed=0, closed=0, reworked=0)
            merged[alike] = _together(merged[alike], wider) if alike in merged else wider
        enough, small = _split(list(merged.values()))
        kept += enough
    return sorted(kept, key=astuple), sum(row.filed for row in small)


def write(extract: Extract, first: date, last: date, made: datetime, folder: Path) -> list[Path]:
    """Write data, data dictionary and the record of checks into ``folder``, and return the files.

    Raises:
        UnsafeExtractError: a check on the file just written fails; it is removed again.
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "orders.csv"
    with data.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([name for name, *_ in FIELDS])
        writer.writerows((*astuple(row)[:6], _part(row.closed), _part(row.reworked)) for row in extract.rows)
    faults = check(data)
    if faults:
        data.unlink()
        raise UnsafeExtractError("；".join(faults))
    package = folder / "datapackage.json"
    package.write_text(json.dumps(_package(first, last, made), ensure_ascii=False, indent=2), encoding="utf-8")
    record = folder / "checks.json"
    checked = {
        "rows": len(extract.rows),
        "orders": sum(row.filed for row in extract.rows),
        "orders_left_out": extract.left_out if extract.left_out >= K else None,
        "smallest_row": min((row.filed for row in extract.rows), default=None),
        "k": K,
        "passed": ["columns", "no row below k", "no two rows alike", "no part larger than its whole", "no part below k"],
    }
    record.write_text(json.dumps(checked, ensure_ascii=False, indent=2), encoding="utf-8")
    return [data, package, record]


def check(file: Path) -> list[str]:
    """Return what is wrong with an extract as it was written, in words; an empty list if it may be published."""
    with file.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        header, rows = next(reader, []), list(reader)
    if header != [name for name, *_ in FIELDS]:
        return ["列不符合数据字典"]
    attributes = [tuple(row[:5]) for row in rows]
    numbers = [[int(cell) for cell in row[5:] if cell] for row in rows]
    faults = []
    if any(filed < K for filed, *_ in numbers):
        faults.append(f"有的行不足 {K} 件")
    if len(set(attributes)) != len(attributes):
        faults.append("有的行重复")
    if any(part > filed or part < 0 for filed, *parts in numbers for part in parts):
        faults.append("有的分项大于总数")
    if any(0 < part < K for _filed, *parts in numbers for part in parts):
        faults.append(f"有的分项不足 {K} 件")
    return faults


def _part(number: int) -> int | str:
    return "" if 0 < number < K else number


def _split(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if row.filed >= K], [row for row in rows if row.filed < K]


def _together(one: Row, other: Row) -> Row:
    return replace(one, filed=one.filed + other.filed, closed=one.closed + other.closed, reworked=one.reworked + other.reworked)


def _months(first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    begin = first
    while begin <= last:
        following = (begin.replace(day=1) + timedelta(days=32)).replace(day=1)
        end = min(following, last + timedelta(days=1))
        yield datetime.combine(begin, time(), BEIJING), datetime.combine(end, time(), BEIJING)
        begin = following


def _package(first: date, last: date, made: datetime) -> dict[str, object]:
    fields = [{"name": name, "type": kind, "title": title, "description": described} for name, kind, title, described in FIELDS]
    return {
        "name": "jsjb-orders",
        "title": "接诉即办诉求统计数据",
        "description": f"{first} 至 {last} 登记的诉求，按月份、区、分类、类型、渠道计数；每行不少于 {K} 件，不含诉求内容和个人信息。",
        "created": beijing(made).isoformat(timespec="seconds"),
        "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0"}],
        "resources": [
            {
                "name": "orders",
                "path": "orders.csv",
                "format": "csv",
                "encoding": "utf-8",
                "schema": {"fields": fields, "missingValues": [""]},
            }
        ],
    }
