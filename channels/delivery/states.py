"""How far a message got. States only move forward, in whatever order the provider's reports arrive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from channels.conversations import service as conversations
from channels.delivery import repository
from channels.delivery.models import MessagePart

STATES = {
    "queued": "待发送",
    "sent": "已发出",
    "delivered": "已送达",
    "read": "已读",
    "failed": "对方收不到",
    "dead": "已放弃",
    "withheld": "已退订，未发",
}
_RANK = {"dead": 0, "queued": 1, "sent": 2, "failed": 3, "delivered": 3, "read": 4}
_FINAL = ("failed", "withheld")
_ERROR_LENGTH = 300


def is_out(part: MessagePart) -> bool:
    """Say whether the provider has taken the piece."""
    return part.state in ("sent", "delivered", "read")


def advance(
    session: Session, part_id: str, state: str, *, now: datetime, provider_id: str | None = None, error: str | None = None
) -> str | None:
    """Record what was heard of a piece, unless more is known already; return the conversation whose state changed, or None.

    A report that arrives late, twice or out of order changes nothing.
    """
    part = repository.part(session, part_id, lock=True)
    if part is None:
        return None
    part.provider_id = part.provider_id or provider_id
    if part.state in _FINAL or _RANK[state] <= _RANK[part.state]:
        return None
    return put(session, part, state, now=now, error=error)


def put(session: Session, part: MessagePart, state: str, *, now: datetime, error: str | None = None) -> str | None:
    """Set the state of a piece whatever it was; return its conversation."""
    part.state, part.updated_at, part.error = state, now, error[:_ERROR_LENGTH] if error else None
    session.flush()
    message = conversations.message(session, part.message_id)
    if message is None:
        return None
    message.delivery = of_message([each.state for each in repository.parts(session, [part.message_id])])
    return message.conversation_id


def of_message(states: list[str]) -> str:
    """Return the state of a message from those of its pieces: what went wrong if anything did, else the least that all have reached."""
    for bad in ("dead", "failed", "withheld"):
        if bad in states:
            return bad
    return min(states, key=lambda state: _RANK[state])
