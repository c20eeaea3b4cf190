"""Queries on emergencies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.emergencies.models import Emergency


def unseen(session: Session, conversation_id: str) -> Sequence[Emergency]:
    """Return the emergencies of a conversation that no operator has acknowledged, oldest first."""
    statement = select(Emergency).where(Emergency.conversation_id == conversation_id, Emergency.acknowledged_at.is_(None))
    return session.scalars(statement.order_by(Emergency.id)).all()


def erase_words(session: Session, conversation_id: str) -> None:
    """Empty what was said in the emergencies of a conversation."""
    session.execute(update(Emergency).where(Emergency.conversation_id == conversation_id).values(text="", full_text="", evidence=""))


def count_by_line(session: Session, begin: datetime, end: datetime) -> dict[str, int]:
    """Return how many emergencies there were from ``begin`` to before ``end``, by line."""
    statement = select(Emergency.line, func.count()).where(Emergency.at >= begin, Emergency.at < end).group_by(Emergency.line)
    return dict(session.execute(statement.order_by(Emergency.line)).all())
