"""Queries on drafts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dispatch.drafts.models import Draft


def of_conversation(session: Session, conversation_id: str) -> Draft | None:
    """Return the row of a conversation, whatever its state, or None."""
    return session.get(Draft, conversation_id)
