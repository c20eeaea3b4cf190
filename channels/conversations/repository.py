"""Queries on conversations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from channels.conversations.models import Conversation, Message

_URGENCY = case((Conversation.attention_reason == "emergency", 0), (Conversation.attention_reason == "stability_risk", 1), else_=2)


def by_id(session: Session, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """Return a conversation, locked for change where the database can."""
    statement = select(Conversation).where(Conversation.id == conversation_id)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def by_address(session: Session, channel: str, address_lookup: str) -> Conversation | None:
    """Return the conversation of an address on a channel, or None."""
    return session.scalars(
        select(Conversation).where(Conversation.channel == channel, Conversation.address_lookup == address_lookup)
    ).first()


def message(session: Session, message_id: int) -> Message | None:
    """Return one message, or None."""
    return session.get(Message, message_id)


def by_provider_id(session: Session, channel: str, provider_id: str) -> Message | None:
    """Return the message that the provider calls ``provider_id``, or None."""
    return session.scalars(select(Message).where(Message.channel == channel, Message.provider_id == provider_id)).first()


def messages(session: Session, conversation_id: str, *, after: int = 0, limit: int = 500) -> Sequence[Message]:
    """Return the newest ``limit`` messages with ids above ``after``, oldest first."""
    statement = (
        select(Message).where(Message.conversation_id == conversation_id, Message.id > after).order_by(Message.id.desc()).limit(limit)
    )
    return list(reversed(session.scalars(statement).all()))


def unhandled(session: Session) -> Sequence[Message]:
    """Return inbound messages without a reply, oldest first."""
    return session.scalars(select(Message).where(Message.handled.is_(False)).order_by(Message.id)).all()


def last_system_reply(session: Session, conversation_id: str, kind: str) -> Message | None:
    """Return the newest message of the gateway's own with ``custom.kind`` = ``kind``."""
    statement = (
        select(Message).where(Message.conversation_id == conversation_id, Message.author == "system").order_by(Message.id.desc()).limit(5)
    )
    return next((m for m in session.scalars(statement) if (m.custom or {}).get("kind") == kind), None)


def queue(session: Session, limit: int = 200) -> Sequence[Conversation]:
    """Return the conversations that wait for an operator: emergencies first, then the longest waiting."""
    statement = select(Conversation).where(Conversation.attention_reason.is_not(None), Conversation.holder != "operator")
    return session.scalars(statement.order_by(_URGENCY, Conversation.attention_since).limit(limit)).all()


def held_by(session: Session, operator: str) -> Sequence[Conversation]:
    """Return the conversations that an operator holds."""
    statement = select(Conversation).where(Conversation.holder == "operator", Conversation.operator == operator)
    return session.scalars(statement.order_by(Conversation.last_message_at.desc())).all()


def position(session: Session, conversation: Conversation) -> int:
    """Return the place of a conversation in the queue, from 1."""
    earlier = or_(
        Conversation.attention_since < conversation.attention_since,
        and_(Conversation.attention_since == conversation.attention_since, Conversation.id <= conversation.id),
    )
    statement = select(func.count()).select_from(Conversation)
    return session.scalar(statement.where(Conversation.attention_reason.is_not(None), Conversation.holder != "operator", earlier)) or 1
