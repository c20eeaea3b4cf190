"""Table of requests that came by Open311."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Open311Request(Base):
    """What an app said of an order beyond what the order itself keeps; only these orders are shown by this API."""

    __tablename__ = "open311_requests"
    __table_args__ = (Index("ix_open311_requests_service", "service_code", "requested_at"),)

    number: Mapped[str] = mapped_column(String(24), primary_key=True)
    token: Mapped[str] = mapped_column(String(40), unique=True)
    service_code: Mapped[str] = mapped_column(String(8))
    requested_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    address: Mapped[str | None] = mapped_column(String(400))
    """As shown to everybody: no room, no door, no telephone."""
    address_id: Mapped[str | None] = mapped_column(String(16))
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    email: Mapped[str | None] = mapped_column(String(600))
    """Encrypted."""
    client: Mapped[str] = mapped_column(String(80))
    """Name of the app's key."""
