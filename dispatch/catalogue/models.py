"""Tables of the dispatch catalogue (接诉即办派单目录), kept by version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class CatalogueVersion(Base):
    """One published state of the whole catalogue; an order names the version it was dispatched by."""

    __tablename__ = "catalogue_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
    origin: Mapped[str] = mapped_column(String(16))
    """``files`` for what a release brings, ``console`` for what an administrator published."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(500), default="")
    published_by: Mapped[str | None] = mapped_column(String(40))
    """The account that published it; None for what a release brings."""


class CatalogueEntry(Base):
    """One matter of one version."""

    __tablename__ = "catalogue_items"

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_versions.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    item: Mapped[dict[str, Any]] = mapped_column(JSON)
