"""Transcripts go with the conversation that they were heard in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from channels.transcripts import repository


def on_conversation_erased(session: Session, conversation_id: str, message_ids: Sequence[int], now: datetime) -> None:
    """Remove what was said in the calls of a conversation, and where they were recorded."""
    repository.erase_words(session, conversation_id)
