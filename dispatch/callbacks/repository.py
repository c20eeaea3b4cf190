"""Queries on callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.callbacks.models import Appeal, Callback

OPEN = ("planned", "asked", "phone")


def by_id(session: Session, callback_id: int, *, lock: bool = False) -> Callback | None:
    """Return the callback with ``callback_id``."""
    query = select(Callback).where(Callback.id == callback_id)
    return session.scalar(query.with_for_update() if lock else query)


def of_order(session: Session, order_number: str) -> Sequence[Callback]:
    """Return the callbacks of an order, newest round first."""
    return session.scalars(select(Callback).where(Callback.order_number == order_number).order_by(Callback.round.desc())).all()


def asked_in(session: Session, conversation_id: str) -> Callback | None:
    """Return the callback that waits for an answer in a conversation; of several the one asked first."""
    query = select(Callback).where(Callback.conversation_id == conversation_id, Callback.state == "asked")
    return session.scalar(query.order_by(Callback.asked_at).limit(1).with_for_update())


def last_over_in(session: Session, conversation_id: str, since: datetime) -> Callback | None:
    """Return the newest callback of a conversation that ended without an answer since ``since``."""
    query = select(Callback).where(Callback.conversation_id == conversation_id, Callback.state == "expired", Callback.ends_at >= since)
    return session.scalar(query.order_by(Callback.ends_at.desc()).limit(1))


def due(session: Session, now: datetime, limit: int) -> Sequence[Callback]:
    """Return callbacks about which something has to be done now; rows that another process has in hand are left to it."""
    query = select(Callback).where(Callback.next_at <= now).order_by(Callback.next_at).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def to_ring(session: Session, limit: int) -> Sequence[Callback]:
    """Return callbacks that operators have to make by phone, those that end first on top."""
    return session.scalars(select(Callback).where(Callback.state == "phone").order_by(Callback.ends_at).limit(limit)).all()


def counted(
    session: Session, *, unit_code: str | None, begin: datetime, end: datetime, after: int | None, limit: int
) -> Sequence[Callback]:
    """Return the complete callbacks of a period in the order of their ids, from ``after`` on."""
    query = select(Callback).where(Callback.counted_at >= begin, Callback.counted_at < end)
    if unit_code is not None:
        query = query.where(Callback.unit_code == unit_code)
    if after is not None:
        query = query.where(Callback.id > after)
    return session.scalars(query.order_by(Callback.id).limit(limit)).all()


def appeal_of(session: Session, callback_id: int) -> Appeal | None:
    """Return the appeal against a callback."""
    return session.scalar(select(Appeal).where(Appeal.callback_id == callback_id))


def appeals(session: Session, state: str, limit: int) -> Sequence[Appeal]:
    """Return appeals in ``state``, oldest first."""
    return session.scalars(select(Appeal).where(Appeal.state == state).order_by(Appeal.at, Appeal.id).limit(limit)).all()


def erase_words(session: Session, order_number: str) -> None:
    """Empty what people wrote in the callbacks of an order and in appeals against them."""
    callbacks = select(Callback.id).where(Callback.order_number == order_number)
    session.execute(update(Appeal).where(Appeal.callback_id.in_(callbacks)).values(reason="", decision=None))
    session.execute(update(Callback).where(Callback.order_number == order_number).values(reason=None, conversation_id=None))
