"""Tables of bulk work (批量办理)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class BulkJob(Base):
    """One step that somebody asked for on many orders."""

    __tablename__ = "bulk_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Made with the form: the same form sent twice is one job."""

    action: Mapped[str] = mapped_column(String(16))
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(80), index=True)
    role: Mapped[str] = mapped_column(String(16))
    total: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class BulkItem(Base):
    """One order of a job. ``state``: ``waiting``, ``done`` or ``failed``; ``said`` is why it failed."""

    __tablename__ = "bulk_items"
    __table_args__ = (Index("ix_bulk_items_state", "job_id", "state", "position"),)

    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_jobs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(8))
    said: Mapped[str | None] = mapped_column(String(300))
