"""Table of what administrators did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class AdministrationAct(Base):
    """One change that an administrator made. Rows are only ever added."""

    __tablename__ = "administration_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(32))
    """One of ``dispatch.administration.service.NAMES``."""

    subject: Mapped[str] = mapped_column(String(80))
    """Which account, token, entry ...; never a person's data beyond the account's name."""

    detail: Mapped[str] = mapped_column(String(400), default="")
