"""Tables of statistics. Everything in them can be computed anew from the orders."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class DayCount(Base):
    """The orders filed on a day (Beijing) that have ``key`` in ``dimension``, and what has become of them so far."""

    __tablename__ = "day_counts"

    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    """One of ``dispatch.statistics.counting.DIMENSIONS``."""

    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    filed: Mapped[int] = mapped_column()
    dispatched: Mapped[int] = mapped_column()
    answered: Mapped[int] = mapped_column()
    on_time: Mapped[int] = mapped_column()
    overdue: Mapped[int] = mapped_column()
    closed: Mapped[int] = mapped_column()
    reworked: Mapped[int] = mapped_column()
    extended: Mapped[int] = mapped_column()
    objected: Mapped[int] = mapped_column()
    answer_seconds: Mapped[int] = mapped_column(BigInteger)
    """From filing to the first answer, over all that were answered."""


class CountedUpTo(Base):
    """One row: every change of an order before ``moment`` is in the counts."""

    __tablename__ = "day_counts_up_to"

    id: Mapped[int] = mapped_column(primary_key=True)
    moment: Mapped[datetime] = mapped_column(UTCDateTime)
