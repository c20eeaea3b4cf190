"""Queries on emergencies."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.emergencies.models import Emergency


def unseen(session: Session, conversation_id: str) -> Sequence[Emergency]:
    """Return the emergencies of a conversation that no operator has acknowledged, oldest first."""
    statement = select(Emergency).where(Emergency.conversation_id == conversation_id, Emergency.acknowledged_at.is_(None))
    return session.scalars(statement.order_by(Emergency.id)).all()


def erase_words(session: Session, conversation_id: str) -> None:
    """Empty what was said in the emergencies of a conversation."""
    session.execute(update(Emergency).where(Emergency.conversation_id == conversation_id).values(text="", full_text="", evidence=""))
