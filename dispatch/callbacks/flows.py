"""What a step in an order's life means for its callback."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import service
from dispatch.orders.service import Order

_ASKED_ABOUT = frozenset({"answer", "overdue"})
_OVERTAKEN = frozenset({"rework", "reopen", "redispatch", "uphold_objection", "decide", "withdraw", "merge", "split"})


def on_order_event(session: Session, order: Order, name: str, co_units: list[str], now: datetime) -> None:
    """Plan the callback when the answer came or the deadline passed; drop it when the order goes another way."""
    if name in _ASKED_ABOUT:
        service.plan(session, order, co_units, now=now)
    elif name in _OVERTAKEN:
        service.cancel(session, order.number, now=now)
