"""What a step in an order's life causes elsewhere, in the same transaction: notices, pushes, word to the resident, rows to learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.orders import repository, words
from dispatch.orders.models import Order, OrderEvent, OrderUnit
from dispatch.orders.step import Step
from dispatch.outbox import service as outbox
from dispatch.understanding import corrections
from dispatch.understanding.corrections import NoCorrectionError, UnknownValueError
from dispatch.understanding.service import Reference
from dispatch.webhooks import service as webhooks

Listener = Callable[[Session, Order, str, list[str], datetime], None]
"""Takes session, order, name of the event, the order's co-units, and the time."""

LISTENERS: list[Listener] = []
"""Capabilities that have to know of every step, in its transaction, and that orders needn't know (``bot.wiring``)."""

Filed = Callable[[Session, Order, Reference, datetime], list[str]]
"""Takes session, a new order, the reference and the time; returns the codes of further units that get a copy of it."""

FILED: list[Filed] = []
"""Capabilities that look at every new order in the transaction that files it (``bot.wiring``)."""

_REASSIGNMENTS = frozenset({"redispatch", "uphold_objection", "decide"})


def entered(session: Session, order: Order, event: OrderEvent, *, copied: Iterable[str], now: datetime, urgent: bool) -> None:
    """Push a new order to the unit in charge and those with a copy; with hardly any time left (``urgent``) it also rings at the former."""
    if urgent and order.unit_code:
        _notice(session, order, event, [order.unit_code], now)
    _push(session, order, event, copied, now)


def filed(session: Session, order: Order, reference: Reference, now: datetime, *, copied: Iterable[str]) -> list[str]:
    """Let the capabilities look at a new order, and give those units a copy that they name (Art. 11).

    Returns all units that have a copy now: those of ``copied``, which had one before, and the further ones.
    """
    have = list(copied)
    for listener in FILED:
        for code in listener(session, order, reference, now):
            if code not in have:
                session.add(OrderUnit(order_id=order.id, unit_code=code, relation="copied"))
                have.append(code)
    return have


def after(step: Step, event: OrderEvent) -> None:
    """Tell everybody concerned of a step that has just been recorded as ``event``."""
    session, order, now = step.session, step.order, step.now
    notified = list(dict.fromkeys(code for code in step.notify if code and code != step.actor.unit))
    _notice(session, order, event, notified, now)
    concerned = [code for code in notified if step.reference.units.find(code)]
    concerned += [*repository.units_of(session, order.id, "copied"), *repository.helping_units(session, order.id)]
    _push(session, order, event, concerned, now)
    _tell_residents(session, order, event, step.reference, now)
    if LISTENERS:
        co_units = repository.co_units(session, order.id)
        for listener in LISTENERS:
            listener(session, order, event.name, co_units, now)
    if event.name in _REASSIGNMENTS:
        _learn(session, order, event, step.reference, now)


def _notice(session: Session, order: Order, event: OrderEvent, units: Iterable[str], now: datetime) -> None:
    for unit in units:
        key = f"order:{order.number}:{event.sequence}:{unit}"
        outbox.notice(session, unit_code=unit, order_number=order.number, name=event.name, now=now, key=key)


def _push(session: Session, order: Order, event: OrderEvent, others: Iterable[str], now: datetime) -> None:
    """Push to whoever subscribed among the unit in charge and ``others`` (Art. 7)."""
    codes = [code for code in {order.unit_code, *others} if code]
    webhooks.push(session, units=codes, event=f"order.{event.name}", subject=order.number, sequence=event.sequence, now=now)


def _tell_residents(session: Session, order: Order, event: OrderEvent, reference: Reference, now: datetime) -> None:
    """Tell the resident of the order, and those whose repeats were merged into it (Art. 9(3), 12(2)(3), 17)."""
    unit = reference.units.find(order.unit_code or "")
    name = unit.name if unit else "承办单位"
    if words.told(event.name):
        _tell(session, order, event, words.message(event.name, order.number, name, event.detail, order.deadline_at), now)
    if words.told_of_repeats(event.name):
        for child in repository.children(session, order.id, "merged_into"):
            if child.state == "merged":
                text = words.repeat_message(event.name, child.number, order.number, name, event.detail, order.deadline_at)
                _tell(session, child, event, text, now)


def _tell(session: Session, order: Order, event: OrderEvent, text: str, now: datetime) -> None:
    outbox.notify_resident(
        session,
        conversation_id=order.conversation_id,
        order_number=order.number,
        text=text,
        now=now,
        key=f"resident:{order.number}:{event.order_id}:{event.sequence}",
    )


def _learn(session: Session, order: Order, event: OrderEvent, reference: Reference, now: datetime) -> None:
    """Keep a redispatch (改派) as a row to learn from: the unit that was assigned was wrong, the new one is right."""
    unit = event.detail["unit"]
    try:
        corrections.record_correction(
            session,
            field="unit",
            text=order.description,
            predicted=unit["from"],
            corrected=unit["to"],
            by=event.actor,
            at=now,
            catalogue=reference.catalogue,
            units=reference.units,
            source=f"order:{order.number}",
        )
    except (NoCorrectionError, UnknownValueError):
        return  # sent to the same unit again: nothing to learn
