"""Tables of the units that handle orders (承办单位)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Unit(Base):
    """A street office, town, district government, department, utility or desk that orders can be dispatched to."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    short: Mapped[list[str]] = mapped_column(JSON, default=list)
    kind: Mapped[str] = mapped_column(String(16))
    district: Mapped[str | None] = mapped_column(String(32), index=True)
    parent_code: Mapped[str | None] = mapped_column(String(16), ForeignKey("units.code"))
    duties: Mapped[str] = mapped_column(String(1000), default="")
    active: Mapped[bool] = mapped_column(default=True)


class UnitChange(Base):
    """How a unit stands since an administrator changed it. Rows are only ever added: the last one of a unit goes before ``Unit``,
    which every release writes anew, and the last id of all is the directory's version."""

    __tablename__ = "unit_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"), index=True)
    short: Mapped[list[str]] = mapped_column(JSON)
    duties: Mapped[str] = mapped_column(String(1000))
    contact_hours: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column()
    merged_into: Mapped[str | None] = mapped_column(String(16), ForeignKey("units.code"))
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
