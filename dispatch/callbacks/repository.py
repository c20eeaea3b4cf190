"""Queries on callbacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from dispatch.callbacks.models import Appeal, Callback, CoUnitResult
from dispatch.evaluation.service import Span

OPEN = ("planned", "asked", "phone")
_SAID: dict[str, ColumnElement[bool]] = {
    "valid": Callback.excluded.is_(None),
    "contacted": Callback.contacted.is_(True),
    "resolved": Callback.resolved == "yes",
    "partial": Callback.resolved == "partial",
    "satisfied": Callback.satisfied == "satisfied",
    "neutral": Callback.satisfied == "neutral",
    "excluded": Callback.excluded.is_not(None),
}


def by_id(session: Session, callback_id: int, *, lock: bool = False) -> Callback | None:
    """Return the callback with ``callback_id``."""
    query = select(Callback).where(Callback.id == callback_id)
    return session.scalar(query.with_for_update() if lock else query)


def of_order(session: Session, order_number: str) -> Sequence[Callback]:
    """Return the callbacks of an order, newest round first."""
    return session.scalars(select(Callback).where(Callback.order_number == order_number).order_by(Callback.round.desc())).all()


def asked_in(session: Session, conversation_id: str) -> Callback | None:
    """Return the callback that waits for an answer in a conversation; of several the one asked first."""
    query = select(Callback).where(_in(conversation_id), Callback.state.in_(("asked", "phone")), Callback.asking.is_not(None))
    return session.scalar(query.order_by(Callback.asked_at).limit(1).with_for_update())


def last_over_in(session: Session, conversation_id: str, since: datetime, now: datetime) -> Callback | None:
    """Return the newest callback of a conversation that was asked and ended, or has to end, without an answer since ``since``."""
    over = or_(Callback.state.in_(("expired", "cancelled")), and_(Callback.state.in_(("asked", "phone")), Callback.ends_at <= now))
    query = select(Callback).where(_in(conversation_id), over, Callback.ends_at >= since, Callback.asked_at.is_not(None))
    return session.scalar(query.order_by(Callback.ends_at.desc()).limit(1))


def due(session: Session, now: datetime, limit: int) -> Sequence[Callback]:
    """Return callbacks about which something has to be done now; rows that another process has in hand are left to it."""
    query = select(Callback).where(Callback.next_at <= now).order_by(Callback.next_at).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def to_ring(session: Session, limit: int) -> Sequence[Callback]:
    """Return callbacks that operators have to make by phone, those that end first on top."""
    return session.scalars(select(Callback).where(Callback.state == "phone").order_by(Callback.ends_at).limit(limit)).all()


def counted(
    session: Session,
    *,
    spans: Sequence[Span] | None,
    begin: datetime,
    end: datetime,
    part: str = "lead",
    said: str | None = None,
    after: int | None = None,
    limit: int,
) -> Sequence[Callback]:
    """Return the complete callbacks of a period in the order of their ids, from ``after`` on.

    ``spans`` say whose count and when (None: everybody's), as ``lead`` or as ``co``; ``said`` is a column of the counts.
    """
    query = select(Callback).where(Callback.counted_at >= begin, Callback.counted_at < end)
    if spans is not None:
        led = or_(False, *(_within(Callback.unit_code, Callback.counted_at, span) for span in spans))
        if part == "lead":
            query = query.where(led)
        else:
            helped = or_(False, *(_within(CoUnitResult.unit_code, CoUnitResult.counted_at, span) for span in spans))
            query = query.where(Callback.id.in_(select(CoUnitResult.callback_id).where(helped)), ~led)
    if said is not None:
        query = query.where(_SAID[said], Callback.excluded.is_not(None) if said == "excluded" else Callback.excluded.is_(None))
    if after is not None:
        query = query.where(Callback.id > after)
    return session.scalars(query.order_by(Callback.id).limit(limit)).all()


def complete(session: Session, begin: datetime, end: datetime) -> Iterator[Callback]:
    """Yield every complete callback of a period, a thousand in memory at a time."""
    query = select(Callback).where(Callback.counted_at >= begin, Callback.counted_at < end).order_by(Callback.counted_at)
    yield from session.scalars(query.execution_options(yield_per=1000))


def listing(session: Session, state: str, *, calls: int, before: int | None, limit: int) -> Sequence[Callback]:
    """Return callbacks in ``state`` with at least ``calls`` calls that nobody took, newest first, those with ids below ``before``."""
    query = select(Callback).where(Callback.state == state, Callback.calls >= calls)
    if before is not None:
        query = query.where(Callback.id < before)
    return session.scalars(query.order_by(Callback.id.desc()).limit(limit)).all()


def excluded(session: Session, *, before: int | None, limit: int) -> Sequence[Callback]:
    """Return callbacks that are left out of the assessment, newest first."""
    query = select(Callback).where(Callback.excluded.is_not(None))
    if before is not None:
        query = query.where(Callback.id < before)
    return session.scalars(query.order_by(Callback.id.desc()).limit(limit)).all()


def counts(session: Session) -> dict[str, int]:
    """Return how many callbacks are planned, asked and on the phone list."""
    query = select(Callback.state, func.count()).where(Callback.state.in_(OPEN)).group_by(Callback.state)
    return dict(session.execute(query).tuples().all())


def add_co_units(session: Session, callback: Callback) -> None:
    """Let the units that helped find a complete callback."""
    assert callback.counted_at is not None
    for code in dict.fromkeys(callback.co_units):
        session.add(CoUnitResult(callback_id=callback.id, unit_code=code, counted_at=callback.counted_at))


def appeal_of(session: Session, callback_id: int) -> Appeal | None:
    """Return the appeal against a callback."""
    return session.scalar(select(Appeal).where(Appeal.callback_id == callback_id))


def appeals(session: Session, states: Sequence[str], unit_code: str | None, limit: int, *, newest: bool) -> Sequence[Appeal]:
    """Return appeals in ``states``, of one unit or all, oldest first or ``newest`` first."""
    query = select(Appeal).where(Appeal.state.in_(states))
    if unit_code is not None:
        query = query.where(Appeal.unit_code == unit_code)
    order = (Appeal.at.desc(), Appeal.id.desc()) if newest else (Appeal.at, Appeal.id)
    return session.scalars(query.order_by(*order).limit(limit)).all()


def erase_words(session: Session, order_number: str) -> None:
    """Empty what people wrote in the callbacks of an order and in appeals against them."""
    callbacks = select(Callback.id).where(Callback.order_number == order_number)
    session.execute(update(Appeal).where(Appeal.callback_id.in_(callbacks)).values(reason="", decision=None))
    session.execute(
        update(Callback).where(Callback.order_number == order_number).values(reason=None, conversation_id=None, sms_conversation_id=None)
    )


def _in(conversation_id: str) -> ColumnElement[bool]:
    return or_(Callback.conversation_id == conversation_id, Callback.sms_conversation_id == conversation_id)


def _within(code: Any, moment: Any, span: Span) -> ColumnElement[bool]:
    return and_(code == span.unit_code, moment >= span.begin, moment < span.end)
