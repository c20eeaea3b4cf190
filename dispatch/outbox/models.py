"""Table of what has to be delivered (发件箱)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Delivery(Base):
    """One thing to deliver. The row is the record; the DBOS job that delivers it only knows its id."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "not_before"),
        Index("ix_outbox_lane", "lane", "state", "sequence"),
        Index("ix_outbox_target", "kind", "target", "sequence"),
        Index("ix_outbox_subject", "subject", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    """Which handler delivers it: ``resident``, ``message``, ``webhook``, ``notice`` ..."""

    target: Mapped[str] = mapped_column(String(64))
    """Where to: a channel, a unit, a subscription."""

    subject: Mapped[str] = mapped_column(String(64))
    """What it is about: an order's number or a conversation."""

    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the handler needs; ids where it can, so that personal data stays in its own tables."""

    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    lane: Mapped[str | None] = mapped_column(String(80))
    """Deliveries of one lane go out in order, one after the other."""

    state: Mapped[str] = mapped_column(String(12), default="pending")
    """``pending``, ``sending``, ``delivered``, ``dead`` or ``cancelled``; what stays ``sending`` may have reached its target."""

    attempts: Mapped[int] = mapped_column(default=0)
    """Number of the next attempt; the job that makes it carries the same number, an older job finds itself overtaken."""

    failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    provider_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(String(300))
    """Why the last attempt failed; never holds personal data."""
