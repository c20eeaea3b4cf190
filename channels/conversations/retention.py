"""Conversations in which nobody has spoken for long are emptied: words, notes, addresses. That they were, and when, stays (Art. 29(4))."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from channels.conversations import repository
from dispatch.core.retention import Erasure
from dispatch.platform import Platform

ON_ERASED: list[Callable[[Session, str, Sequence[int], datetime], None]] = []
"""Capabilities that keep something of a conversation: told its id, its messages' ids and the time, in the transaction (``bot.wiring``)."""


def _count(session: Session, before: datetime) -> int:
    return repository.count_forgettable(session, before)


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    now = platform.clock.now()
    conversations = repository.forgettable(session, before, limit)
    for conversation in conversations:
        message_ids = repository.erase_words(session, conversation.id)
        # Nobody's address any more: whoever writes from it again begins anew.
        conversation.address, conversation.address_lookup = "", f"erased:{conversation.id}"
        conversation.last_words = conversation.attention_note = None
        conversation.erased_at = now
        for listener in ON_ERASED:
            listener(session, conversation.id, message_ids, now)
    return len(conversations)


CONVERSATIONS = Erasure("会话", _count, _erase)
