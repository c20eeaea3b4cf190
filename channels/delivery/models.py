"""Tables of what is sent on channels that push."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class MessagePart(Base):
    """One piece of a message as it goes out; its id is that of its row in the outbox."""

    __tablename__ = "message_parts"
    __table_args__ = (Index("ix_message_parts_message", "message_id", "number"), Index("ix_message_parts_state", "state", "updated_at"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    number: Mapped[int] = mapped_column()
    """From 1, in the order of sending."""
    text: Mapped[str] = mapped_column(Text)
    buttons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(12))
    """See ``channels.delivery.states``."""
    provider_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(String(300))
    """Why it failed; never holds personal data."""
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class OptOut(Base):
    """Somebody who wants no more messages on a channel (退订)."""

    __tablename__ = "opt_outs"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    address_lookup: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UTCDateTime)
