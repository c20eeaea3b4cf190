"""A draft that became nothing goes with its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.drafts import repository


def on_conversation_erased(session: Session, conversation_id: str, message_ids: Sequence[int], now: datetime) -> None:
    """Remove the draft of a conversation."""
    draft = repository.of_conversation(session, conversation_id)
    if draft is not None:
        session.delete(draft)
