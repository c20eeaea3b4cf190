"""What statistics need of orders: one plain row an order, nothing that tells who filed it (Art. 26)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, type_coerce
from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.core.database import UTCDateTime
from dispatch.orders.models import Order, OrderEvent

_EXTENDED = ("extend", "grant_extension")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order in figures. ``answered_at`` is when it was answered first; ``overdue`` that its deadline ever passed unanswered."""

    created_at: datetime
    state: str
    ending: str | None
    channel: str
    request_type: str | None
    handling: str
    matter_code: str | None
    district: str | None
    street: str | None
    unit_code: str | None
    reworks: int
    answered_at: datetime | None
    overdue: bool
    extended: bool
    objected: bool


def facts(session: Session, begin: datetime, end: datetime) -> Iterator[OrderFacts]:
    """Yield the facts of every order filed from ``begin`` to before ``end``, in no particular order."""

    def ever(*names: str) -> ColumnElement[int]:
        return func.max(case((OrderEvent.name.in_(names), 1), else_=0))

    answered = type_coerce(func.min(case((OrderEvent.name == "answer", OrderEvent.at))), UTCDateTime)
    statement = (
        select(
            Order.created_at,
            Order.state,
            Order.ending,
            Order.channel,
            Order.request_type,
            Order.handling,
            Order.matter_code,
            Order.district,
            Order.street,
            Order.unit_code,
            Order.reworks,
            answered,
            ever("overdue"),
            ever(*_EXTENDED),
            ever("object"),
        )
        .join(OrderEvent, OrderEvent.order_id == Order.id)
        .where(Order.created_at >= begin, Order.created_at < end)
        .group_by(_each_order(session))
    )
    for row in session.execute(statement):  # no server-side cursor: PostgreSQL would plan for its first rows and walk all orders
        values: list[Any] = list(row)
        yield OrderFacts(*values[:-3], *map(bool, values[-3:]))


def days_changed_since(session: Session, moment: datetime) -> set[date]:
    """Return the days (Beijing) on which the orders were filed that changed at ``moment`` or later."""
    filed = session.scalars(select(Order.created_at).where(Order.updated_at >= moment))
    return {beijing(each).date() for each in filed}


def first_day(session: Session) -> date | None:
    """Return the day (Beijing) on which the first order was filed, None where there is none."""
    first = session.scalar(select(Order.created_at).order_by(Order.created_at).limit(1))
    return beijing(first).date() if first else None


@dataclass(frozen=True, slots=True)
class Cell:
    """How many orders share what can be published of each."""

    district: str
    group: str
    request_type: str
    channel: str
    filed: int
    closed: int
    reworked: int


def cells(session: Session, begin: datetime, end: datetime) -> list[Cell]:
    """Return the orders filed from ``begin`` to before ``end`` by district, group of matters, type and channel; empty where unknown."""
    group = func.substr(func.coalesce(Order.matter_code, ""), 1, 2)
    keys = (func.coalesce(Order.district, ""), group, func.coalesce(Order.request_type, ""), Order.channel)
    over = func.sum(case((Order.state.in_(("closed", "withdrawn")), 1), else_=0))
    reworked = func.sum(case((Order.reworks > 0, 1), else_=0))
    statement = select(*keys, func.count(), over, reworked).where(Order.created_at >= begin, Order.created_at < end).group_by(*keys)
    return [Cell(*row) for row in session.execute(statement.order_by(*keys))]


def _each_order(session: Session) -> ColumnElement[int]:
    """Return what to group by to get one row an order.

    SQLite, which keeps no statistics of its tables, takes a plain id as an invitation to walk all events of all time in its order.
    """
    return Order.id + 0 if session.get_bind().dialect.name == "sqlite" else Order.id.expression
