"""Queries on requests that came by Open311."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from channels.open311.models import Open311Request


def by_numbers(session: Session, numbers: Collection[str]) -> Sequence[Open311Request]:
    """Return the requests with these numbers, newest first."""
    statement = select(Open311Request).where(Open311Request.number.in_(numbers))
    return session.scalars(statement.order_by(Open311Request.requested_at.desc(), Open311Request.number.desc())).all()


def by_token(session: Session, token: str) -> Open311Request | None:
    """Return the request that ``token`` was given for, or None."""
    return session.scalars(select(Open311Request).where(Open311Request.token == token)).first()


def between(
    session: Session, start: datetime, end: datetime, *, service_codes: Collection[str], offset: int, limit: int
) -> Sequence[Open311Request]:
    """Return requests of a time range (both ends included), newest first."""
    statement = select(Open311Request).where(Open311Request.requested_at >= start, Open311Request.requested_at <= end)
    if service_codes:
        statement = statement.where(Open311Request.service_code.in_(service_codes))
    statement = statement.order_by(Open311Request.requested_at.desc(), Open311Request.number.desc())
    return session.scalars(statement.offset(offset).limit(limit)).all()


def erase_words(session: Session, number: str) -> None:
    """Empty what could tell who made a request, or from where."""
    nothing: dict[str, Any] = {"address": None, "address_id": None, "latitude": None, "longitude": None, "email": None, "attributes": {}}
    session.execute(update(Open311Request).where(Open311Request.number == number).values(nothing))
