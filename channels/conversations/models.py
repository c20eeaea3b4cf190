"""Tables of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Conversation(Base):
    """One resident on one channel."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "address_lookup"), Index("ix_conversations_queue", "attention_reason", "attention_since"))

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
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_message_at: Mapped[datetime] = mapped_column(UTCDateTime)


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
    understanding: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    handled: Mapped[bool] = mapped_column(default=True)
    """False from the moment an inbound message is stored until its reply is: what a crash leaves behind is found by it."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
