"""What a supervisor's wall says of orders: how many came in today, and who is past how many deadlines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.orders.models import Order
from dispatch.orders.workflow import OPEN_STATES, State

_RUNNING = tuple(state.value for state in OPEN_STATES - {State.HELD})


def filed_since(session: Session, moment: datetime) -> int:
    """Return how many orders were registered at ``moment`` or later."""
    return session.scalar(select(func.count()).select_from(Order).where(Order.created_at >= moment)) or 0


def closed_of(session: Session, moment: datetime) -> int:
    """Return how many of the orders registered at ``moment`` or later are answered or closed by now."""
    done = Order.state.in_([State.ANSWERED.value, State.CLOSED.value])
    return session.scalar(select(func.count()).select_from(Order).where(Order.created_at >= moment, done)) or 0


def overdue_by_unit(session: Session, now: datetime, *, limit: int) -> list[tuple[str, int]]:
    """Return the units with the most open orders past their deadline, and how many each has; the most first."""
    count = func.count()
    query = select(Order.unit_code, count).where(Order.state.in_(_RUNNING), Order.deadline_at < now, Order.unit_code.is_not(None))
    rows = session.execute(query.group_by(Order.unit_code).order_by(count.desc(), Order.unit_code).limit(limit)).all()
    return [(str(code), found) for code, found in rows]


def most_overdue(session: Session, now: datetime, *, limit: int) -> list[Order]:
    """Return the open orders whose deadline is longest past."""
    found: list[Order] = []
    for state in _RUNNING:
        query = select(Order).where(Order.state == state, Order.deadline_at < now).order_by(Order.deadline_at).limit(limit)
        found += session.scalars(query)
    return sorted(found, key=lambda order: (order.deadline_at or now, order.id))[:limit]
