"""What the life of a callback is made of: its periods, its ends, and what closing it does to the order."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from dispatch.callbacks import repository
from dispatch.callbacks.models import Callback
from dispatch.callbacks.reading import Answers
from dispatch.core.clock import BEIJING, beijing
from dispatch.evaluation.service import Result
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import Role, State
from dispatch.understanding.service import Reference

FIRST_HOUR, LAST_HOUR = time(9), time(20)
"""Residents are asked between these hours of Beijing time, and at no other."""

ASK_AFTER = timedelta(hours=2)
"""How long after the answer the resident is asked: time to see whether it holds."""

REMIND_AFTER = timedelta(hours=24)
RING_AFTER = timedelta(hours=48)
ENDS_AFTER = timedelta(days=5)
REASON_WITHIN = timedelta(hours=24)
"""How long a resident may take to say why; then the order goes back without it."""

MOST_CALLS = 3
LATE_WITHIN = timedelta(days=30)
ACTOR = Actor("callback", Role.SYSTEM)

_A_DAY = timedelta(days=1)


class UnknownCallbackError(Exception):
    """There is no such callback."""


class CallbackOverError(Exception):
    """The callback has its answer already, or is over: ``state`` says how (``answered``, ``refused``, ``expired``, ``cancelled``)."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def waking(moment: datetime) -> datetime:
    """Return ``moment``, or the next moment at which residents may be asked."""
    local = beijing(moment)
    if FIRST_HOUR <= local.time() < LAST_HOUR:
        return moment
    day = local.date() if local.time() < FIRST_HOUR else local.date() + _A_DAY
    return datetime.combine(day, FIRST_HOUR, BEIJING).astimezone(moment.tzinfo)


def is_open(callback: Callback, now: datetime) -> bool:
    """Say whether the callback still takes an answer: its end counts to the minute, whenever the sweep comes round."""
    return callback.state in repository.OPEN and (callback.ends_at is None or now < callback.ends_at)


def open_one(session: Session, callback_id: int, now: datetime) -> Callback:
    """Return a callback that takes an answer, locked. Raises UnknownCallbackError, CallbackOverError."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None:
        raise UnknownCallbackError(str(callback_id))
    if not is_open(callback, now):
        raise CallbackOverError("expired" if callback.state in repository.OPEN else callback.state)
    return callback


def answers_of(callback: Callback) -> Answers:
    """Return what is known of the three questions."""
    return Answers(callback.contacted, callback.resolved, callback.satisfied)


def keep(callback: Callback, answers: Answers) -> None:
    """Put on record what was answered so far."""
    callback.contacted, callback.resolved, callback.satisfied = answers.contacted, answers.resolved, answers.satisfied


def to_phone(callback: Callback) -> None:
    """Leave it to the operators, until its end."""
    callback.state, callback.next_at = "phone", callback.ends_at


def end(callback: Callback, state: str, now: datetime) -> None:
    """End a callback that is open as ``state``."""
    if callback.state in repository.OPEN:
        callback.state, callback.next_at, callback.asking, callback.ends_at = state, None, None, callback.ends_at or now


def close(session: Session, order: Order, why: str, now: datetime, reference: Reference) -> None:
    """Close an order that waited for its callback only."""
    if State(order.state) is State.ANSWERED:
        orders.apply(session, order.number, "close", TransitionIn(reason=why), actor=ACTOR, now=now, reference=reference)


def result(callback: Callback) -> Result:
    """Return what a complete callback counts as."""
    assert callback.counted_at is not None
    assert callback.contacted is not None
    assert callback.resolved is not None
    assert callback.satisfied is not None
    return Result(
        callback.unit_code,
        tuple(callback.co_units),
        callback.counted_at,
        callback.contacted,
        callback.resolved,
        callback.satisfied,
        callback.excluded is not None,
    )


def unit_name(callback: Callback, reference: Reference) -> str:
    """Return the name of the unit that the callback is about."""
    unit = reference.units.find(callback.unit_code)
    return unit.name if unit else "承办单位"
