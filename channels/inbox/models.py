"""Table of what is remembered of a sender."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Sender(Base):
    """How much, and how, somebody has been writing lately."""

    __tablename__ = "senders"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    address_lookup: Mapped[str] = mapped_column(String(64), primary_key=True)
    window_started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    messages: Mapped[int] = mapped_column(default=0)
    """Messages since the window began."""
    strikes: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How often it was too much or abusive: persuaded, told of the consequences, limited."""
    last_strike_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    limited_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
