"""Queries of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from channels.desk.models import CannedReply, DeskGroup, DeskOperator, DeskSetting


def operator(session: Session, username: str, *, lock: bool = False) -> DeskOperator | None:
    """Return an operator's row, locked for change where the database can."""
    statement = select(DeskOperator).where(DeskOperator.username == username)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def operators(session: Session) -> Sequence[DeskOperator]:
    """Return everybody who ever worked at the desk."""
    return session.scalars(select(DeskOperator).order_by(DeskOperator.username)).all()


def in_state(session: Session, *states: str) -> Sequence[DeskOperator]:
    """Return the operators in one of ``states``."""
    return session.scalars(select(DeskOperator).where(DeskOperator.state.in_(states)).order_by(DeskOperator.username)).all()


def silent_since(session: Session, moment: datetime) -> Sequence[DeskOperator]:
    """Return the operators who should be there and weren't heard of since ``moment``."""
    statement = select(DeskOperator).where(DeskOperator.state.in_(("online", "break")), DeskOperator.last_seen < moment)
    return session.scalars(statement).all()


def groups(session: Session) -> Sequence[DeskGroup]:
    """Return every group."""
    return session.scalars(select(DeskGroup).order_by(DeskGroup.code)).all()


def group(session: Session, code: str) -> DeskGroup | None:
    """Return one group."""
    return session.get(DeskGroup, code)


def settings(session: Session) -> DeskSetting | None:
    """Return the row of settings."""
    return session.get(DeskSetting, 1)


def replies(session: Session, owner: str, words: Sequence[str], limit: int) -> Sequence[CannedReply]:
    """Return the city's and ``owner``'s own canned replies that contain all of ``words``, own ones first."""
    statement = select(CannedReply).where(or_(CannedReply.owner.is_(None), CannedReply.owner == owner))
    for word in words:
        columns = (CannedReply.title, CannedReply.text)
        statement = statement.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return session.scalars(statement.order_by(CannedReply.owner.is_(None), CannedReply.id).limit(limit)).all()


def reply(session: Session, reply_id: int) -> CannedReply | None:
    """Return one canned reply."""
    return session.get(CannedReply, reply_id)
