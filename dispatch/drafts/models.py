"""Table of draft orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Draft(Base):
    """What a conversation has gathered towards an order; contact fields are encrypted."""

    __tablename__ = "drafts"

    conversation_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    """``noted``: only a contact so far, ``collecting``, ``summary``: shown to the resident for confirmation."""
    request_type: Mapped[str | None] = mapped_column(String(8))
    handling: Mapped[str] = mapped_column(String(16), default="dispatch")
    matter_code: Mapped[str | None] = mapped_column(String(8))
    description: Mapped[str] = mapped_column(Text, default="")
    subject_unit: Mapped[str | None] = mapped_column(String(16))
    """Code of the unit that owns the subject of a question, where the knowledge base names one."""
    district: Mapped[str | None] = mapped_column(String(32))
    street: Mapped[str | None] = mapped_column(String(32))
    community: Mapped[str | None] = mapped_column(String(64))
    place_detail: Mapped[str | None] = mapped_column(String(200))
    contact_name: Mapped[str | None] = mapped_column(String(400))
    contact_phone: Mapped[str | None] = mapped_column(String(400))
    anonymous: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
