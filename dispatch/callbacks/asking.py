"""When a resident is asked, reminded, handed to operators or asked no more (Art. 24)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import repository, words
from dispatch.callbacks.answering import finish
from dispatch.callbacks.life import (
    ASK_AFTER,
    ENDS_AFTER,
    REMIND_AFTER,
    RING_AFTER,
    UnknownCallbackError,
    close,
    end,
    to_phone,
    unit_name,
    waking,
)
from dispatch.callbacks.models import Callback
from dispatch.orders import service as orders
from dispatch.orders.service import Order
from dispatch.orders.workflow import State
from dispatch.outbox import service as outbox
from dispatch.understanding.service import Reference

KIND = "survey"
"""The kind of deliveries that ask a resident; ``channels.delivery.surveys`` finds the way: own channel, else SMS, always with the link."""


def plan(session: Session, order: Order, co_units: list[str], *, now: datetime) -> Callback | None:
    """Plan the callback about an order that was answered, or whose deadline passed (Art. 24); None for an order nobody may be asked about.

    There is one for each round: planned twice, it stays one.
    """
    if order.unit_code is None:
        return None
    existing = repository.of_order(session, order.number)
    for each in existing:
        if each.round == order.reworks + 1:
            if each.state not in repository.OPEN:
                each.next_at = now + ENDS_AFTER  # asked when it was overdue, answered late: the order still has to be closed
            return None
    for earlier in existing:
        end(earlier, "cancelled", now)
    callback = Callback(
        order_number=order.number,
        round=order.reworks + 1,
        unit_code=order.unit_code,
        co_units=co_units,
        matter_code=order.matter_code,
        conversation_id=order.conversation_id,
        state="planned",
        next_at=waking(now + ASK_AFTER),
        calls=0,
        created_at=now,
    )
    session.add(callback)
    session.flush()
    return callback


def cancel(session: Session, order_number: str, *, now: datetime) -> None:
    """Ask no more about an order that was reopened, sent back, withdrawn or given to another unit before the resident answered."""
    for callback in repository.of_order(session, order_number):
        end(callback, "cancelled", now)


def sweep(session: Session, *, now: datetime, reference: Reference, limit: int = 200) -> int:
    """Ask, remind, hand to operators or end what is due; return how many. Several processes may sweep at once."""
    callbacks = repository.due(session, now, limit)
    for callback in callbacks:
        _advance(session, callback, now, reference)
    return len(callbacks)


def asked_by_sms(session: Session, callback_id: int, conversation_id: str) -> None:
    """Note the conversation of short messages in which a resident was asked, beside their own channel or for want of one."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is not None:
        callback.sms_conversation_id = conversation_id


def nowhere_to_ask(session: Session, callback_id: int) -> None:
    """Leave a callback to the operators whose resident no message reaches. Raises UnknownCallbackError."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None:
        raise UnknownCallbackError(str(callback_id))
    if callback.state == "asked":
        to_phone(callback)


def _advance(session: Session, callback: Callback, now: datetime, reference: Reference) -> None:
    order = orders.find(session, callback.order_number)
    if callback.state not in repository.OPEN:
        callback.next_at = None
        if order:
            close(session, order, words.CLOSED_SILENT, now, reference)
        return
    if order is None or (callback.state == "planned" and State(order.state) in (State.CLOSED, State.WITHDRAWN, State.MERGED)):
        end(callback, "cancelled", now)
        return
    if callback.state == "asked" and callback.asking in ("reason", "reason_page"):
        finish(session, callback, now, reference, by="resident")
        return
    if callback.ends_at is not None and now >= callback.ends_at:
        end(callback, "expired", now)
        close(session, order, words.CLOSED_SILENT, now, reference)
        return
    if now < (awake := waking(now)):
        callback.next_at = awake
        return
    if callback.state == "planned":
        callback.asked_at, callback.ends_at = now, now + ENDS_AFTER
        callback.state, callback.asking, callback.next_at = "asked", "all", waking(now + REMIND_AFTER)
        overdue = State(order.state) is not State.ANSWERED
        _ask(session, callback, order, words.ASK_OVERDUE if overdue else words.ASK_ANSWERED, now, reference, "ask")
    elif callback.reminded_at is None:
        _ask(session, callback, order, words.REMIND, now, reference, "remind")
        callback.reminded_at, callback.next_at = now, waking(now + RING_AFTER - REMIND_AFTER)
    elif order.contact_phone is not None:
        to_phone(callback)
    else:  # nobody can ring somebody who left no number: the questions stay open until their end
        callback.next_at = callback.ends_at


def _ask(session: Session, callback: Callback, order: Order, text: str, now: datetime, reference: Reference, step: str) -> None:
    """Have the resident asked on whatever way reaches them; nobody is asked who left no way at all."""
    if callback.conversation_id is None and order.contact_phone is None:
        return
    payload = {
        "callback": callback.id,
        "step": step,
        "text": text.format(matter=order.matter_name or "诉求", number=order.number, unit=unit_name(callback, reference)),
        "buttons": list(words.ASK_BUTTONS),
    }
    outbox.put(
        session,
        kind=KIND,
        target="resident",
        subject=order.number,
        payload=payload,
        now=now,
        key=f"callback:{callback.id}:{step}",
        lane=callback.conversation_id,
    )
