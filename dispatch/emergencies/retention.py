"""The words of emergencies go with the conversation; that there was one, when, and which line, stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.emergencies import repository


def on_conversation_erased(session: Session, conversation_id: str, message_ids: Sequence[int], now: datetime) -> None:
    """Empty the texts of the emergencies of a conversation."""
    repository.erase_words(session, conversation_id)
