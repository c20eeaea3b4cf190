"""Tables of transcribed calls."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class TranscriptCall(Base):
    """One call, by the id that the call centre gave it."""

    __tablename__ = "transcript_calls"

    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(8))
    """``open`` while it lasts, ``filed`` as an order, or ``queued``: a person reads it."""
    alarmed: Mapped[bool] = mapped_column(default=False)
    order_number: Mapped[str | None] = mapped_column(String(24))
    agent: Mapped[str | None] = mapped_column(String(40))
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recording: Mapped[str | None] = mapped_column(Text)
    """Address of the recording, encrypted."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TranscriptSegment(Base):
    """What one of the two said without the other one in between. ``text`` is masked, ``original`` encrypted."""

    __tablename__ = "transcript_segments"

    call_id: Mapped[str] = mapped_column(ForeignKey("transcript_calls.call_id"), primary_key=True)
    segment_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    revision: Mapped[int] = mapped_column()
    speaker: Mapped[str] = mapped_column(String(8))
    start: Mapped[float] = mapped_column()
    """Seconds from the beginning of the call."""
    end: Mapped[float] = mapped_column()
    confidence: Mapped[float] = mapped_column()
    text: Mapped[str] = mapped_column(Text)
    original: Mapped[str | None] = mapped_column(Text)
