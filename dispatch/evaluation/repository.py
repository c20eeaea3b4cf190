"""Queries on the assessment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.evaluation.models import DayCounts, RulesVersion
from dispatch.evaluation.rates import Counts

_COLUMNS = ("valid", "contacted", "resolved", "partial", "satisfied", "neutral", "excluded")


def versions(session: Session) -> Sequence[RulesVersion]:
    """Return every version of the rules, newest first."""
    return session.scalars(select(RulesVersion).order_by(RulesVersion.valid_from.desc())).all()


def version_on(session: Session, day: date) -> RulesVersion | None:
    """Return the version that holds on an assessment day."""
    return session.scalar(select(RulesVersion).where(RulesVersion.valid_from <= day).order_by(RulesVersion.valid_from.desc()).limit(1))


def add(session: Session, day: date, unit_code: str, part: str, counts: Counts) -> None:
    """Add ``counts`` to a unit's day; concurrent additions all count."""
    values: dict[str, Any] = {name: getattr(counts, name) for name in _COLUMNS}
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(DayCounts)
    statement = insert.values(day=day, unit_code=unit_code, part=part, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "unit_code", "part"],
            set_={name: getattr(DayCounts, name) + getattr(statement.excluded, name) for name in _COLUMNS},
        )
    )


def sums(session: Session, *, first: date, last: date, part: str, units: Sequence[str] | None) -> dict[str, Counts]:
    """Return the counts of each unit over assessment days ``first`` to ``last``."""
    query = select(DayCounts.unit_code, *_sums()).where(DayCounts.day.between(first, last), DayCounts.part == part)
    if units is not None:
        query = query.where(DayCounts.unit_code.in_(units))
    return {code: Counts(*map(int, found)) for code, *found in session.execute(query.group_by(DayCounts.unit_code))}


def by_day(session: Session, *, first: date, last: date, part: str, units: Sequence[str] | None) -> dict[date, Counts]:
    """Return the counts of each day, over ``units`` (None: the whole city)."""
    query = select(DayCounts.day, *_sums()).where(DayCounts.day.between(first, last), DayCounts.part == part)
    if units is not None:
        query = query.where(DayCounts.unit_code.in_(units))
    return {day: Counts(*map(int, found)) for day, *found in session.execute(query.group_by(DayCounts.day).order_by(DayCounts.day))}


def unit_days(session: Session, *, first: date, last: date) -> dict[tuple[date, str, str], Counts]:
    """Return every unit's counts of each day and part."""
    rows = session.scalars(select(DayCounts).where(DayCounts.day.between(first, last)))
    return {(row.day, row.unit_code, row.part): Counts(*(getattr(row, name) for name in _COLUMNS)) for row in rows}


def clear(session: Session, *, first: date, last: date) -> None:
    """Forget what was counted on assessment days ``first`` to ``last``."""
    session.execute(delete(DayCounts).where(DayCounts.day.between(first, last)))


def _sums() -> list[ColumnElement[Any]]:
    return [func.sum(getattr(DayCounts, name)) for name in _COLUMNS]
