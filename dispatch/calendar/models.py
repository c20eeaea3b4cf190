"""Table of the days that a city sets itself."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class CalendarDay(Base):
    """What was said of one day. Rows are only ever added: the last one of a day holds, and the last id is the calendar's version."""

    __tablename__ = "calendar_days"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(index=True)
    works: Mapped[bool | None] = mapped_column()
    """Whether people work; None gives the day back to the built-in calendar."""
    note: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
