"""What was sent goes with the conversation that it was sent in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from channels.delivery import repository


def on_conversation_erased(session: Session, conversation_id: str, message_ids: Sequence[int], now: datetime) -> None:
    """Empty the parts in which the messages of a conversation went out."""
    repository.erase_words(session, message_ids)
