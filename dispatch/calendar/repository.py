"""Queries on the days that a city sets itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.calendar.models import CalendarDay


def version(session: Session) -> int:
    """Return the id of the last row, 0 where there is none."""
    return session.scalar(select(func.max(CalendarDay.id))) or 0


def latest(session: Session) -> Sequence[CalendarDay]:
    """Return the row of each day that holds, by day."""
    last = select(func.max(CalendarDay.id)).group_by(CalendarDay.day)
    return session.scalars(select(CalendarDay).where(CalendarDay.id.in_(last)).order_by(CalendarDay.day)).all()
