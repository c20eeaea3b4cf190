"""The days that a city sets itself, kept as rows, and in the memory of each process for those who count time.

    set_days(session, first, last, works=False, note="国办发明电〔2026〕9号", by=who, now=now)
    take_up(session)         # in every process, as soon as ``version`` is another (``dispatch.understanding.service.ReferenceData``)
    works_on(day)            # True, False, or None: as the built-in calendar says

Deadlines that stand in orders don't move when a day changes; those computed from then on follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlalchemy.orm import Session

from dispatch.administration import service as administration
from dispatch.calendar import repository
from dispatch.calendar.models import CalendarDay as CalendarDay
from dispatch.core.clock import beijing

MOST_DAYS = 31
"""Days that can be set at once."""
NAMES = {True: "上班", False: "休息", None: "按国家安排"}

_in_memory: Mapping[date, bool] = MappingProxyType({})


class BadDaysError(ValueError):
    """Days that can't be set; the message names the field."""


def set_days(session: Session, first: date, last: date, *, works: bool | None, note: str, by: str, now: datetime) -> None:
    """Say of every day from ``first`` to ``last`` whether people work; None gives them back to the built-in calendar.

    Raises:
        BadDaysError: the days lie in the past, are too many or in the wrong order, or the reason is missing.
    """
    if not note.strip():
        raise BadDaysError("依据: 请写明依据，例如放假通知的文号")
    if first < beijing(now).date():
        raise BadDaysError("自: 只能设置今天和以后的日子，已经过去的不改")
    if not 0 <= (last - first).days < MOST_DAYS:
        raise BadDaysError(f"至: 应不早于“自”，一次最多 {MOST_DAYS} 天")
    before = {row.day: row.works for row in repository.latest(session)}
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    session.add_all(CalendarDay(day=day, works=works, note=note.strip()[:200], by=by, at=now) for day in days)
    session.flush()
    said = "、".join(NAMES[value] for value in dict.fromkeys(before.get(day) for day in days))
    subject = first.isoformat() if first == last else f"{first} 至 {last}"
    administration.record(session, "calendar_changed", subject, f"{said} → {NAMES[works]}；{note.strip()}", by=by, now=now)


def days(session: Session) -> dict[date, CalendarDay]:
    """Return what holds of each day that the city sets itself."""
    return {row.day: row for row in repository.latest(session) if row.works is not None}


def version(session: Session) -> int:
    """Return a number that grows with every change."""
    return repository.version(session)


def take_up(session: Session) -> None:
    """Let this process count by the days in the database."""
    global _in_memory  # one calendar a process, as one built-in calendar
    _in_memory = MappingProxyType({day: row.works is True for day, row in days(session).items()})


def works_on(day: date) -> bool | None:
    """Return whether people work on ``day`` as the city says, None where it says nothing."""
    return _in_memory.get(day)
