"""Queries on the analysis's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from dispatch.insight.models import InsightResult, MatterDayCount, OrderDayCount, RiskPush


def put_day(session: Session, day: date, rows: Sequence[dict[str, Any]], matters: Sequence[dict[str, Any]]) -> None:
    """Put what was counted for a day in the place of what stood there."""
    for table, values in ((OrderDayCount, rows), (MatterDayCount, matters)):
        session.execute(delete(table).where(table.day == day))
        if values:
            session.execute(insert(table), [{"day": day, **each} for each in values])


def counted_days(session: Session) -> set[date]:
    """Return the days that have counts."""
    return set(session.scalars(select(MatterDayCount.day).distinct()))


def cells(session: Session, first: date, last: date) -> Iterable[tuple[str, str, str, int]]:
    """Return district, street, matter and orders filed from ``first`` to ``last``, both included."""
    keys = (OrderDayCount.district, OrderDayCount.street, OrderDayCount.matter)
    query = select(*keys, func.sum(OrderDayCount.filed)).where(OrderDayCount.day.between(first, last)).group_by(*keys)
    return [(district, street, matter, int(filed)) for district, street, matter, filed in session.execute(query)]


def matter_days(session: Session, first: date, last: date) -> Iterable[tuple[str, date, int, int, int]]:
    """Return matter, day, and its orders filed, reworked and overdue, for the whole city."""
    columns = (MatterDayCount.matter, MatterDayCount.day, MatterDayCount.filed, MatterDayCount.reworked, MatterDayCount.overdue)
    query = select(*columns).where(MatterDayCount.day.between(first, last))
    return [(matter, day, filed, reworked, overdue) for matter, day, filed, reworked, overdue in session.execute(query)]


def put_result(session: Session, name: str, day: date, content: dict[str, Any], now: datetime) -> None:
    """Keep a result, in the place of an earlier one of the same day."""
    session.merge(InsightResult(name=name, day=day, content=content, made_at=now))


def latest(session: Session, name: str) -> InsightResult | None:
    """Return the newest result of an analysis."""
    return session.scalar(select(InsightResult).where(InsightResult.name == name).order_by(InsightResult.day.desc()).limit(1))


def put_risk(session: Session, push: RiskPush) -> None:
    """Keep what was pushed about an order."""
    session.add(push)


def risks(session: Session, limit: int) -> list[RiskPush]:
    """Return the newest risks that were pushed."""
    return list(session.scalars(select(RiskPush).order_by(RiskPush.at.desc()).limit(limit)))
