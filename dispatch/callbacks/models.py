"""Tables of callbacks and of units' appeals against their results."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Callback(Base):
    """One callback: at most one for each time that an order was answered (``round`` rises with each rework)."""

    __tablename__ = "callbacks"
    __table_args__ = (
        UniqueConstraint("order_number", "round"),
        Index("ix_callbacks_due", "next_at"),
        Index("ix_callbacks_unit", "unit_code", "counted_at"),
        Index("ix_callbacks_counted", "counted_at"),
        Index("ix_callbacks_conversation", "conversation_id", "state"),
        Index("ix_callbacks_sms", "sms_conversation_id", "state"),
        Index("ix_callbacks_phone", "state", "ends_at"),
        Index("ix_callbacks_state", "state", "id"),
        Index("ix_callbacks_excluded", "id", postgresql_where=text("excluded IS NOT NULL"), sqlite_where=text("excluded IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(String(24))
    round: Mapped[int] = mapped_column()
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"))
    """The unit in charge when the order was answered, or became overdue."""

    co_units: Mapped[list[str]] = mapped_column(JSON)
    matter_code: Mapped[str | None] = mapped_column(String(8))
    conversation_id: Mapped[str | None] = mapped_column(String(40))
    sms_conversation_id: Mapped[str | None] = mapped_column(String(40))
    """Where the resident was asked by SMS, beside their own channel or for want of one."""

    state: Mapped[str] = mapped_column(String(12))
    asking: Mapped[str | None] = mapped_column(String(12))
    """What the resident was asked last: ``all``, ``contacted``, ``resolved``, ``satisfied``, ``reason``, or ``reason_page`` on a page."""

    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the sweep has to do something about it; None when it is over."""

    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    calls: Mapped[int] = mapped_column(default=0)
    """How often an operator rang without reaching the resident."""

    contacted: Mapped[bool | None] = mapped_column()
    resolved: Mapped[str | None] = mapped_column(String(8))
    satisfied: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    """The resident's own words about what is wrong, masked."""

    answered_by: Mapped[str | None] = mapped_column(String(80))
    counted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the answer was complete: the moment that decides in which period it counts."""

    excluded: Mapped[str | None] = mapped_column(String(400))
    """Why it isn't assessed; None where it is."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CoUnitResult(Base):
    """A complete callback as it counts for a unit that helped (双考核), to be found by that unit."""

    __tablename__ = "callback_co_units"
    __table_args__ = (Index("ix_callback_co_units_unit", "unit_code", "counted_at"),)

    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Appeal(Base):
    """A unit's appeal against the result of a callback (回访结果申诉), and its review."""

    __tablename__ = "callback_appeals"

    id: Mapped[int] = mapped_column(primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"), unique=True)
    unit_code: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(8), index=True)
    """``pending``, ``upheld`` or ``refused``."""

    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str | None] = mapped_column(Text)
