"""Tables of the desk: who works there, in which groups, and what they say often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class DeskOperator(Base):
    """An operator's presence, load limit and groups."""

    __tablename__ = "desk_operators"
    __table_args__ = (Index("ix_desk_operators_state", "state", "last_seen"),)

    username: Mapped[str] = mapped_column(String(40), primary_key=True)
    display_name: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(8))
    """``online``, ``break`` or ``offline``."""
    state_since: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen: Mapped[datetime] = mapped_column(UTCDateTime)
    """When a browser of theirs was last heard of."""
    last_offer: Mapped[datetime | None] = mapped_column(UTCDateTime)
    capacity: Mapped[int] = mapped_column()
    """Conversations at once up to which new ones are assigned."""
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)


class DeskGroup(Base):
    """A group of operators with a skill: the channels and districts that it serves; an empty list means all."""

    __tablename__ = "desk_groups"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    districts: Mapped[list[str]] = mapped_column(JSON, default=list)


class CannedReply(Base):
    """A sentence that is said often; the city's where ``owner`` is null, else one operator's own."""

    __tablename__ = "desk_canned_replies"
    __table_args__ = (Index("ix_desk_canned_replies_owner", "owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    updated_by: Mapped[str] = mapped_column(String(40))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class DeskSetting(Base):
    """One row: how conversations are assigned and returned (``channels.desk.schemas.DeskSettings``)."""

    __tablename__ = "desk_settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
