"""Files and links go with the order or the conversation that they were sent in; the bytes are removed in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.media import repository
from dispatch.media.service import REMOVE
from dispatch.outbox import service as outbox


def on_order_anonymised(session: Session, number: str, now: datetime) -> None:
    """Remove what was added to an order, by whomever."""
    for kind in ("order", "answer", "resident"):
        _remove(session, f"{kind}:{number}", now)


def on_conversation_erased(session: Session, conversation_id: str, message_ids: Sequence[int], now: datetime) -> None:
    """Remove what was sent in a conversation."""
    _remove(session, f"conversation:{conversation_id}", now)


def _remove(session: Session, owner: str, now: datetime) -> None:
    for media in repository.of_owner(session, owner):
        keys = [key for key in (media.key, media.thumbnail_key) if key]
        outbox.put(session, kind=REMOVE, target="media", subject=media.id, payload={"keys": keys}, now=now, key=f"remove:{media.id}")
    repository.remove(session, owner)
