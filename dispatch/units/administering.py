"""What administrators change about units: names people use, duties, hours, whether a unit acts, and into which it was merged.

Work that a unit has stays with it; whatever comes from the change on goes to whoever acts for it. Each change is put on record.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.administration import service as administration
from dispatch.units import service
from dispatch.units.models import UnitChange
from dispatch.units.service import HOTLINE_DESK, Directory, UnitEntry

_LABELS = {"short": "简称", "duties": "职责", "contact_hours": "联系时间", "active": "启用", "merged_into": "并入"}
_AREAS = ("street", "town")
_MOST_NAMES, _LONGEST_NAME = 30, 40


class UnitError(ValueError):
    """A change that can't be made; the message names the field."""


def change(session: Session, code: str, *, short: list[str], duties: str, contact_hours: str, active: bool, by: str, now: datetime) -> None:
    """Set what is said of a unit, and whether it acts; one that acts (again) isn't merged into another. Raises UnitError."""
    unit = _found(service.directory(session), code)
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in short))))
    if unit.kind in _AREAS and names[:1] != unit.short[:1]:
        raise UnitError(f"简称: 第一个必须是法定地名“{unit.short[0]}”，地点按它认")
    if len(names) > _MOST_NAMES or any(len(name) > _LONGEST_NAME for name in names):
        raise UnitError(f"简称: 最多 {_MOST_NAMES} 个，每个不超过 {_LONGEST_NAME} 字")
    if len(duties.strip()) < 5:
        raise UnitError("职责: 至少写五个字")
    if not active and code == HOTLINE_DESK:
        raise UnitError("启用: 派单组不能停用，找不到单位的诉求都由它派")
    merged = None if active else unit.merged_into
    after = replace(unit, short=names, duties=duties.strip(), contact_hours=contact_hours.strip(), active=active, merged_into=merged)
    _put(session, unit, after, "unit_changed", by, now)


def merge(session: Session, code: str, into: str, *, by: str, now: datetime) -> None:
    """Merge a unit into another from now on: it takes no new work, the other gets what would have been its. Raises UnitError."""
    directory = service.directory(session)
    unit, heir = _found(directory, code), directory.find(into)
    if heir is None or not heir.active:
        raise UnitError("并入单位: 没有这个单位，或者它已停用")
    if heir.code == code:
        raise UnitError("并入单位: 单位不能并入自己")
    if code == HOTLINE_DESK:
        raise UnitError("并入单位: 派单组不能撤并")
    alike = (unit.kind in _AREAS and heir.kind in _AREAS and unit.district == heir.district) or unit.kind == heir.kind not in _AREAS
    if not alike:
        raise UnitError("并入单位: 只能并入同一区的街道（乡镇），或同类的单位")
    _put(session, unit, replace(unit, active=False, merged_into=heir.code), "unit_merged", by, now)


def _found(directory: Directory, code: str) -> UnitEntry:
    unit = directory.find(code)
    if unit is None:
        raise UnitError(f"单位: 没有代码为“{code}”的单位")
    return unit


def _put(session: Session, before: UnitEntry, after: UnitEntry, name: str, by: str, now: datetime) -> None:
    fields = [{key: getattr(unit, key) for key in _LABELS} for unit in (before, after)]
    if fields[0] == fields[1]:
        return
    session.add(UnitChange(unit_code=after.code, by=by, at=now, **{**fields[1], "short": list(after.short)}))
    session.flush()
    subject = f"{after.code} {after.name}"
    administration.record(session, name, subject, administration.changes(fields[0], fields[1], _LABELS), by=by, now=now)
