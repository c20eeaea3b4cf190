"""Table of where units want their data pushed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Subscription(Base):
    """One address of a unit's system, and the events that it wants."""

    __tablename__ = "webhook_subscriptions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"), index=True)
    url: Mapped[str] = mapped_column(String(400))
    secret: Mapped[str] = mapped_column(String(400))
    """Encrypted; shown once, when it is made."""

    events: Mapped[list[str]] = mapped_column(JSON)
    """Names such as ``order.answered``, groups such as ``order.*``, or ``*``."""

    active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
