"""What other capabilities may count and compare of orders: numbers and words, never who filed them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderTimer
from dispatch.orders.workflow import OPEN_STATES

_TAKEN_BACK = "withdrawn"


@dataclass(frozen=True, slots=True)
class CellCount:
    """Orders of one matter at one place; an empty string where district, street or matter isn't known."""

    district: str
    street: str
    matter: str
    filed: int
    reworked: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Told:
    """An order's words (masked) and where it belongs.

    ``same_person``: filed by the person who was asked about. ``person`` is the same for orders of one person within one result, and means
    nothing beyond it: the keyed hashes that both come from stay here.
    """

    number: str
    text: str
    district: str | None
    street: str | None
    community: str | None
    detail: str | None
    matter: str | None
    state: str
    created_at: datetime
    same_person: bool
    person: int


def cells(session: Session, start: datetime, end: datetime) -> list[CellCount]:
    """Return the counts of orders filed from ``start`` until before ``end``, by place and matter."""
    keys = (func.coalesce(Order.district, ""), func.coalesce(Order.street, ""), func.coalesce(Order.matter_code, ""))
    period = (Order.created_at >= start, Order.created_at < end)
    late_query = (
        select(*keys, func.count(func.distinct(Order.id)))
        .join(OrderTimer, (OrderTimer.order_id == Order.id) & (OrderTimer.name == "overdue"))
        .where(*period)
        .group_by(*keys)
    )
    late = {(district, street, matter): count for district, street, matter, count in session.execute(late_query)}
    reworked = func.sum(Order.reworks > 0) if session.get_bind().dialect.name == "sqlite" else func.count().filter(Order.reworks > 0)
    query = select(*keys, func.count(), reworked).where(*period).group_by(*keys)
    return [
        CellCount(district, street, matter, filed, int(sent_back or 0), late.get((district, street, matter), 0))
        for district, street, matter, filed, sent_back in session.execute(query)
    ]


def first_filed(session: Session) -> datetime | None:
    """Return when the first order was filed, None where there is none."""
    return session.scalar(select(func.min(Order.created_at)))


def days_touched(session: Session, since: datetime, limit: int) -> list[datetime]:
    """Return when the orders were filed that changed after ``since``, at most ``limit`` of them."""
    query = select(Order.created_at).where(Order.updated_at > since).order_by(Order.updated_at.desc()).limit(limit)
    return list(session.scalars(query))


def nearby(
    session: Session,
    *,
    street: str | None,
    matter: str | None,
    lookup: str | None,
    since: datetime,
    before_id: int | None = None,
    limit: int = 200,
) -> list[Told]:
    """Return recent orders that a new one could repeat, newest first.

    Those of the same street in the same group of matters that are open, and those of the same person (``lookup``, the keyed hash of their
    number) whatever became of them; each at most ``limit``, filed from ``since`` on and, with ``before_id``, before that order.
    """
    open_ones: list[ColumnElement[bool]] = [Order.state.in_([state.value for state in OPEN_STATES])]
    alike: list[Sequence[ColumnElement[bool]]] = []
    if street is not None:
        group = Order.matter_code.is_(None) if matter is None else Order.matter_code.between(f"{matter[:2]}00", f"{matter[:2]}99")
        alike.append([Order.street == street, group, *open_ones])
    if lookup is not None:
        alike.append([Order.contact_lookup == lookup, Order.state != _TAKEN_BACK])
    found: dict[int, Order] = {}
    for conditions in alike:
        query = select(Order).where(*conditions, Order.created_at >= since)
        if before_id is not None:
            query = query.where(Order.id < before_id)
        found |= {order.id: order for order in session.scalars(query.order_by(Order.created_at.desc()).limit(limit))}
    return _all_told(sorted(found.values(), key=lambda order: order.created_at, reverse=True), lookup)


def recent(
    session: Session,
    *,
    district: str | None = None,
    street: str | None = None,
    matter: str | None = None,
    start: datetime,
    end: datetime,
    limit: int,
) -> list[Told]:
    """Return the newest orders filed from ``start`` until before ``end``, at most ``limit``; ``matter`` is a code or a group of codes."""
    query = select(Order).where(Order.created_at >= start, Order.created_at < end, Order.anonymised_at.is_(None))
    if district:
        query = query.where(Order.district == district)
    if street:
        query = query.where(Order.street == street)
    if matter:
        query = query.where(Order.matter_code == matter if len(matter) == 4 else Order.matter_code.between(f"{matter}00", f"{matter}99"))
    return _all_told(session.scalars(query.order_by(Order.created_at.desc()).limit(limit)), None)


@dataclass(frozen=True, slots=True)
class RepeatCount:
    """How many people came back with one matter in one district, and how many orders they filed on it."""

    district: str
    matter: str
    people: int
    orders: int


def repeats(session: Session, start: datetime, end: datetime, *, times: int) -> list[RepeatCount]:
    """Return, by district and matter, who filed at least ``times`` orders on one matter in the period: counted, never named."""
    keys = (func.coalesce(Order.district, "").label("district"), Order.matter_code.label("matter"))
    people = (
        select(*keys, func.count().label("orders"))
        .where(Order.created_at >= start, Order.created_at < end, Order.contact_lookup.is_not(None), Order.matter_code.is_not(None))
        .group_by(*keys, Order.contact_lookup)
        .having(func.count() >= times)
        .subquery()
    )
    query = select(people.c.district, people.c.matter, func.count(), func.sum(people.c.orders)).group_by(people.c.district, people.c.matter)
    return [RepeatCount(district, matter, people_, int(orders)) for district, matter, people_, orders in session.execute(query)]


def _all_told(orders: Iterable[Order], lookup: str | None) -> list[Told]:
    persons: dict[str, int] = {}
    told = []
    for order in orders:
        # Somebody who left no number counts as a person of their own.
        key = order.contact_lookup or f"order {order.id}"
        told.append(
            Told(
                number=order.number,
                text=order.description,
                district=order.district,
                street=order.street,
                community=order.community,
                detail=order.place_detail,
                matter=order.matter_code,
                state=order.state,
                created_at=order.created_at,
                same_person=lookup is not None and order.contact_lookup == lookup,
                person=persons.setdefault(key, len(persons)),
            )
        )
    return told
