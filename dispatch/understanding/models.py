"""Tables of understanding."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Correction(Base):
    """A reading that a person overruled: what the system said of a text, and what is right. A row to learn from."""

    __tablename__ = "understanding_corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(40))
    field: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    """Contact details masked."""
    predicted: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float | None] = mapped_column(Double)
    corrected: Mapped[str] = mapped_column(String(80))
    source: Mapped[str | None] = mapped_column(String(80))
    """What the text came from, e.g. ``message:17`` or ``order:BJ20261123-000042``; whoever records it decides the form."""

    __table_args__ = (Index("ix_understanding_corrections_field", "field", "id"),)
