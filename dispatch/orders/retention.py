"""Orders that have been over for long lose everything that could tell who filed them; what they are counted by stays (Art. 26, 29(4))."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.core.retention import Erasure
from dispatch.orders import history, moving, repository
from dispatch.orders.models import Order
from dispatch.orders.rules import current_rules
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.step import SYSTEM
from dispatch.platform import Platform

ON_ANONYMISED: list[Callable[[Session, str, datetime], None]] = []
"""Capabilities that keep something about whoever filed an order: told its number and the time, in the transaction (``bot.wiring``)."""


def _count(session: Session, before: datetime) -> int:
    return repository.count_forgettable(session, before)


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    orders = repository.forgettable(session, before, limit)
    for order in orders:
        _anonymise(platform, session, order)
    return len(orders)


def _anonymise(platform: Platform, session: Session, order: Order) -> None:
    now, reference = platform.clock.now(), platform.reference.current()
    moving.move(session, order, history.ANONYMISE, TransitionIn(), actor=SYSTEM, now=now, reference=reference, rules=current_rules())
    order.anonymised_at = now
    order.description = history.ERASED_TEXT
    order.answer = history.ERASED_TEXT if order.answer else None
    order.place_detail = order.contact_name = order.contact_phone = order.contact_lookup = None
    order.conversation_id = order.idempotency_key = None
    for event in repository.events(session, order.id):
        history.erase_words(event)
    repository.erase_helpers_words(session, order.id)
    for listener in ON_ANONYMISED:
        listener(session, order.number, now)


ORDERS = Erasure("工单", _count, _erase)
