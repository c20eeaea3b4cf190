"""Callbacks as others use them: planned and asked (``asking``), answered (``answering``), counted and appealed against (``assessing``)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import repository
from dispatch.callbacks.answering import PageReply as PageReply
from dispatch.callbacks.answering import Reply as Reply
from dispatch.callbacks.answering import answer_on_page as answer_on_page
from dispatch.callbacks.answering import hear as hear
from dispatch.callbacks.answering import not_reached as not_reached
from dispatch.callbacks.answering import record as record
from dispatch.callbacks.answering import refuse as refuse
from dispatch.callbacks.asking import KIND as KIND
from dispatch.callbacks.asking import asked_by_sms as asked_by_sms
from dispatch.callbacks.asking import cancel as cancel
from dispatch.callbacks.asking import nowhere_to_ask as nowhere_to_ask
from dispatch.callbacks.asking import plan as plan
from dispatch.callbacks.asking import sweep as sweep
from dispatch.callbacks.assessing import AppealError as AppealError
from dispatch.callbacks.assessing import appeal as appeal
from dispatch.callbacks.assessing import appeal_against as appeal_against
from dispatch.callbacks.assessing import appeals as appeals
from dispatch.callbacks.assessing import counted as counted
from dispatch.callbacks.assessing import decide_appeal as decide_appeal
from dispatch.callbacks.assessing import differences as differences
from dispatch.callbacks.assessing import exclude as exclude
from dispatch.callbacks.assessing import recount as recount
from dispatch.callbacks.life import ASK_AFTER as ASK_AFTER
from dispatch.callbacks.life import ENDS_AFTER as ENDS_AFTER
from dispatch.callbacks.life import MOST_CALLS as MOST_CALLS
from dispatch.callbacks.life import REASON_WITHIN as REASON_WITHIN
from dispatch.callbacks.life import REMIND_AFTER as REMIND_AFTER
from dispatch.callbacks.life import RING_AFTER as RING_AFTER
from dispatch.callbacks.life import CallbackOverError as CallbackOverError
from dispatch.callbacks.life import UnknownCallbackError as UnknownCallbackError
from dispatch.callbacks.life import is_open as is_open
from dispatch.callbacks.life import waking as waking
from dispatch.callbacks.models import Appeal as Appeal
from dispatch.callbacks.models import Callback as Callback


def to_ring(session: Session, limit: int = 100) -> list[Callback]:
    """Return the callbacks that operators have to make by phone, those that end first on top."""
    return list(repository.to_ring(session, limit))


def find(session: Session, callback_id: int) -> Callback | None:
    """Return a callback."""
    return repository.by_id(session, callback_id)


def of_order(session: Session, order_number: str) -> list[Callback]:
    """Return the callbacks of an order, newest round first."""
    return list(repository.of_order(session, order_number))


def open_of(session: Session, order_number: str, now: datetime) -> Callback | None:
    """Return the callback of an order that takes an answer, or None."""
    return next((each for each in repository.of_order(session, order_number) if is_open(each, now)), None)


LISTS = {"asked": ("asked", 0), "unreached": ("asked", MOST_CALLS), "refused": ("refused", 0), "expired": ("expired", 0)}
"""Lists of callbacks beside the phone list and those excluded: state, and calls that nobody took."""


def listing(session: Session, name: str, *, before: int | None = None, limit: int = 50) -> list[Callback]:
    """Return a list of callbacks, newest first, those with ids below ``before``: one of ``LISTS``, or ``excluded``."""
    if name == "excluded":
        return list(repository.excluded(session, before=before, limit=limit))
    state, calls = LISTS[name]
    return list(repository.listing(session, state, calls=calls, before=before, limit=limit))


def counts(session: Session) -> dict[str, int]:
    """Return how many callbacks are open, by state."""
    return repository.counts(session)
