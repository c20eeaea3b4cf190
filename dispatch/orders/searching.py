"""Searching the history of all orders (Art. 29: 监督): who did what, when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderEvent

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: from ``begin`` to before ``end``; the rest where it isn't None."""

    begin: datetime
    end: datetime
    number: str | None = None
    actor: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class EventFound:
    """An event without its words, which may be about people."""

    id: int
    at: datetime
    number: str
    name: str
    actor: str
    role: str
    from_state: str | None
    to_state: str
    article: str
    hash: str


def find(session: Session, wanted: EventFilter, *, before: int | None = None, limit: int = 100) -> list[EventFound]:
    """Return up to ``limit`` events, the newest first; ``before`` is the last id of the page before."""
    event = OrderEvent
    query = select(
        event.id,
        event.at,
        Order.number,
        event.name,
        event.actor,
        event.role,
        event.from_state,
        event.to_state,
        event.article,
        event.hash,
    ).join(Order, Order.id == event.order_id)
    query = query.where(event.at >= wanted.begin, event.at < wanted.end)
    for column, value in ((Order.number, wanted.number), (event.actor, wanted.actor), (event.name, wanted.name)):
        if value is not None:
            query = query.where(column == value)
    query = query.order_by(event.id.desc()).limit(limit)
    if before is not None:
        query = query.where(event.id < before)
    return [EventFound(**row) for row in session.execute(query).mappings()]


def every(session: Session, wanted: EventFilter) -> Iterator[EventFound]:
    """Yield all events that ``wanted`` means, the newest first, without holding them all."""
    before: int | None = None
    while found := find(session, wanted, before=before, limit=_BATCH):
        yield from found
        before = found[-1].id
