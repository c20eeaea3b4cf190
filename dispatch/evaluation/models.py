"""Tables of the assessment: its rules by version, and what was counted for each unit on each day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class RulesVersion(Base):
    """One version of the rules; it holds from ``valid_from`` until a later one does."""

    __tablename__ = "evaluation_rules"

    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, unique=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(400))
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class DayCounts(Base):
    """What a unit's callbacks of an assessment day said, as ``lead`` (首接) or ``co`` (协办). Kept up to date with each callback."""

    __tablename__ = "evaluation_days"
    __table_args__ = (Index("ix_evaluation_days_unit", "unit_code", "day"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    part: Mapped[str] = mapped_column(String(4), primary_key=True)
    valid: Mapped[int] = mapped_column(default=0)
    contacted: Mapped[int] = mapped_column(default=0)
    resolved: Mapped[int] = mapped_column(default=0)
    partial: Mapped[int] = mapped_column(default=0)
    satisfied: Mapped[int] = mapped_column(default=0)
    neutral: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[int] = mapped_column(default=0)
