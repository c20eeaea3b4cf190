"""Tables of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Conversation(Base):
    """One resident on one channel."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "address_lookup"),
        Index("ix_conversations_queue", "urgency", "attention_since", "id"),
        Index("ix_conversations_holder", "holder", "last_message_at", "id"),
        Index("ix_conversations_operator", "operator", "last_message_at"),
        Index("ix_conversations_offered", "offered_to", "offered_at"),
        Index("ix_conversations_latest", "last_message_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address_lookup: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(600))
    holder: Mapped[str] = mapped_column(String(12))
    """``bot``, ``waiting`` (a person was promised) or ``operator``."""
    operator: Mapped[str | None] = mapped_column(String(40))
    attention_reason: Mapped[str | None] = mapped_column(String(24))
    """Why operators should look: set, the conversation stands in their queue."""
    attention_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attention_note: Mapped[str | None] = mapped_column(String(500))
    urgency: Mapped[int | None] = mapped_column(SmallInteger)
    """Set exactly while the conversation stands in the queue: the lower, the sooner."""
    group_code: Mapped[str | None] = mapped_column(String(16))
    """The group of operators that it was transferred to."""
    offered_to: Mapped[str | None] = mapped_column(String(40))
    """The operator to whom it was assigned and who hasn't taken it over yet; it stands in the queue as well."""
    offered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    passed_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Operators who were offered it in vain."""
    held_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    unanswered_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Since when the resident waits for the word of the operator who holds the conversation."""
    last_words: Mapped[str | None] = mapped_column(String(80))
    """The beginning of what the resident said last, masked."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_message_at: Mapped[datetime] = mapped_column(UTCDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When its words were erased (``channels.conversations.retention``)."""


class Message(Base):
    """One message, in or out. ``text`` is masked; ``original`` (encrypted) is kept where masking took something away."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        Index("ix_messages_conversation", "conversation_id", "id"),
        Index("ix_messages_unhandled", "handled", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str] = mapped_column(String(12))
    """``resident``, ``bot``, ``operator`` or ``system``."""
    operator: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    reply_to: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    original: Mapped[str | None] = mapped_column(Text)
    buttons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    custom: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What a resident sent beyond words: attachments, a location, what it answers or corrects, the number typed for a choice."""
    delivery: Mapped[str | None] = mapped_column(String(12))
    """How far it got, on channels where it has to be sent (``channels.delivery.states``)."""
    understanding: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    handled: Mapped[bool] = mapped_column(default=True)
    """False from the moment an inbound message is stored until its reply is: what a crash leaves behind is found by it."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Note(Base):
    """What operators write to each other about a conversation; no resident and no assistant ever gets it. ``text`` is masked."""

    __tablename__ = "conversation_notes"
    __table_args__ = (Index("ix_conversation_notes_conversation", "conversation_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    original: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
