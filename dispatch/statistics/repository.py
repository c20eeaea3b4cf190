"""Queries on statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from dispatch.statistics.counting import DIMENSIONS, TALLIED, Counts, Tally
from dispatch.statistics.models import CountedUpTo, DayCount

_SUMS = [func.sum(getattr(DayCount, name)) for name in TALLIED]


def counted_up_to(session: Session, *, lock: bool = False) -> CountedUpTo | None:
    """Return the row that says how far orders are counted, locked where asked; None where nothing was counted yet."""
    return session.get(CountedUpTo, 1, with_for_update=lock, populate_existing=lock)


def set_counted_up_to(session: Session, moment: datetime) -> None:
    """Note how far orders are counted."""
    session.merge(CountedUpTo(id=1, moment=moment))


def replace(session: Session, day: date, counts: Counts) -> None:
    """Let the counts of ``day`` be ``counts`` and nothing else."""
    session.execute(delete(DayCount).where(DayCount.dimension.in_(DIMENSIONS), DayCount.day == day))  # by the primary key
    rows = [
        {"dimension": dimension, "day": day, "key": key, **{name: getattr(tally, name) for name in TALLIED}}
        for dimension, tallies in counts.items()
        for key, tally in tallies.items()
    ]
    if rows:
        session.execute(insert(DayCount), rows)


def clear(session: Session) -> None:
    """Forget every count."""
    session.execute(delete(DayCount))
    session.execute(delete(CountedUpTo))


def sums(session: Session, dimension: str, first: date, last: date, *, without: Iterable[date] = (), prefix: str = "") -> dict[str, Tally]:
    """Return the counts of days ``first`` to ``last`` by key of ``dimension``, only keys that begin with ``prefix``."""
    statement = select(DayCount.key, *_SUMS).where(*_within(dimension, first, last, without))
    if prefix:
        statement = statement.where(DayCount.key.startswith(prefix, autoescape=True))
    return {key: Tally(*map(int, values)) for key, *values in session.execute(statement.group_by(DayCount.key))}


def by_day(
    session: Session, dimension: str, keys: Sequence[str], first: date, last: date, *, without: Iterable[date] = ()
) -> dict[date, Tally]:
    """Return the counts of each day over ``keys`` of ``dimension``."""
    statement = select(DayCount.day, *_SUMS).where(*_within(dimension, first, last, without), DayCount.key.in_(keys))
    return {day: Tally(*map(int, values)) for day, *values in session.execute(statement.group_by(DayCount.day))}


def filed_by_day_and_key(
    session: Session, dimension: str, first: date, last: date, *, without: Iterable[date] = ()
) -> dict[tuple[date, str], int]:
    """Return how many orders were filed on each day by key of ``dimension``."""
    statement = select(DayCount.day, DayCount.key, DayCount.filed).where(*_within(dimension, first, last, without))
    return {(day, key): filed for day, key, filed in session.execute(statement)}


def _within(dimension: str, first: date, last: date, without: Iterable[date]):  # type: ignore[no-untyped-def]
    conditions = [DayCount.dimension == dimension, DayCount.day >= first, DayCount.day <= last]
    left_out = sorted(without)
    return [*conditions, DayCount.day.not_in(left_out)] if left_out else conditions
