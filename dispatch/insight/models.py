"""Tables of the analysis: how many orders were filed where on what, by day; what was found in them; risks that were pushed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class OrderDayCount(Base):
    """Orders filed on a Beijing day, by place and matter; empty strings where one isn't known."""

    __tablename__ = "order_day_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    district: Mapped[str] = mapped_column(String(32), primary_key=True)
    street: Mapped[str] = mapped_column(String(32), primary_key=True)
    matter: Mapped[str] = mapped_column(String(8), primary_key=True)
    filed: Mapped[int] = mapped_column()
    reworked: Mapped[int] = mapped_column()
    """Of those, sent back at least once by now."""

    overdue: Mapped[int] = mapped_column()
    """Of those, once past their deadline."""


class MatterDayCount(Base):
    """The same over the whole city: years of one matter are few rows."""

    __tablename__ = "matter_day_counts"

    matter: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    filed: Mapped[int] = mapped_column()
    reworked: Mapped[int] = mapped_column()
    overdue: Mapped[int] = mapped_column()


class InsightResult(Base):
    """What one analysis found, as of a day: pages and API read this and nothing else."""

    __tablename__ = "insight_results"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RiskPush(Base):
    """An order with a risk to social stability and the units that were told of it at once (Art. 11)."""

    __tablename__ = "insight_risks"

    order_number: Mapped[str] = mapped_column(String(24), primary_key=True)
    units: Mapped[list[str]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
