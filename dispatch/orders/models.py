"""Tables of orders (诉求工单)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime

_HAS_TIMER = text("next_timer_at IS NOT NULL")


class Order(Base):
    """One order. ``description`` is masked; the contact's own fields are encrypted."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_unit_inbox", "unit_code", "state", "deadline_at"),
        Index("ix_orders_due", "state", "deadline_at"),
        Index("ix_orders_updated", "updated_at"),
        Index("ix_orders_street_matter", "street", "matter_code", "created_at"),
        Index("ix_orders_unit_updated", "unit_code", "updated_at"),
        Index("ix_orders_flagged", "deadline_at", postgresql_where=text("flagged"), sqlite_where=text("flagged = 1")),
        Index("ix_orders_timer", "next_timer_at", postgresql_where=_HAS_TIMER, sqlite_where=_HAS_TIMER),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    """Rises with every change; clients send it back as If-Match."""

    request_type: Mapped[str | None] = mapped_column(String(8))
    handling: Mapped[str] = mapped_column(String(16))
    matter_code: Mapped[str | None] = mapped_column(String(8), index=True)
    matter_name: Mapped[str | None] = mapped_column(String(80))
    catalogue_version: Mapped[int] = mapped_column()
    description: Mapped[str] = mapped_column(Text)
    district: Mapped[str | None] = mapped_column(String(32))
    street: Mapped[str | None] = mapped_column(String(32))
    community: Mapped[str | None] = mapped_column(String(64))
    place_detail: Mapped[str | None] = mapped_column(String(200))
    confidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    contact_name: Mapped[str | None] = mapped_column(String(400))
    contact_phone: Mapped[str | None] = mapped_column(String(400))
    contact_lookup: Mapped[str | None] = mapped_column(String(64), index=True)
    anonymous: Mapped[bool] = mapped_column(default=False)

    unit_code: Mapped[str | None] = mapped_column(String(16), ForeignKey("units.code"))
    deadline_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deadline_hours: Mapped[int | None] = mapped_column()
    deadline_basis: Mapped[str | None] = mapped_column(String(400))
    deadline_clock: Mapped[str] = mapped_column(String(8), default="calendar")
    """``calendar`` or ``working``: which hours the time limit counts."""

    clock_started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the present time limit began to run: warnings come at shares of it."""

    next_timer_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the next warning, overdue event or end of a hold is due (``dispatch.orders.timers``); None where nothing is."""

    answer: Mapped[str | None] = mapped_column(Text)
    ending: Mapped[str | None] = mapped_column(String(16))
    """How a closed order ended (``dispatch.orders.terms.Ending``)."""

    objections: Mapped[int] = mapped_column(default=0)
    decided: Mapped[bool] = mapped_column(default=False)
    """The supervisor named the unit: no more objections."""

    contacted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the unit last got in touch with the resident in this round of handling (Art. 17(1))."""

    extensions: Mapped[int] = mapped_column(default=0)
    extended_seconds: Mapped[int] = mapped_column(default=0)
    """By how much the unit's own extensions have moved the deadline in all."""

    reworks: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[bool] = mapped_column(default=False)
    """Sent back so often that the supervisor looks at it."""

    held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    hold_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    anonymised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When everything that could tell who filed it was erased (``dispatch.orders.retention``)."""

    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(String(40), index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    history_head: Mapped[str] = mapped_column(String(64), default="")
    """Hash of the newest event: a removed last event shows."""


class OrderUnit(Base):
    """Units that get a copy of an order (``copied``): the district of its street (Art. 14(1))."""

    __tablename__ = "order_units"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"), primary_key=True, index=True)
    relation: Mapped[str] = mapped_column(String(8), primary_key=True)


class OrderCoHandling(Base):
    """A unit beside the one in charge (协办, Art. 16(2)), with its own deadline and report.

    ``state``: ``suggested`` by the catalogue, ``asked`` by the leading unit, ``reported``, or ``released``.
    """

    __tablename__ = "order_co_handlings"
    __table_args__ = (Index("ix_order_co_handlings_unit", "unit_code", "state"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stage_report: Mapped[str | None] = mapped_column(Text)
    report: Mapped[str | None] = mapped_column(Text)
    reported_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OrderWhistle(Base):
    """A unit that a street has called (街乡吹哨, Art. 18).

    ``state``: ``called``, ``coming`` (time confirmed), ``refused``, ``arrived`` or ``released``.
    """

    __tablename__ = "order_whistles"
    __table_args__ = (Index("ix_order_whistles_order", "order_id"), Index("ix_order_whistles_unit", "unit_code", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"))
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    called_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    coming_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refusal: Mapped[str | None] = mapped_column(Text)


class OrderEscalation(Base):
    """A government or department that a unit has asked to coordinate (Art. 22).

    ``state``: ``raised``, ``coordinated`` (gave an opinion), ``taken_over`` (leads now) or ``released``.
    """

    __tablename__ = "order_escalations"
    __table_args__ = (Index("ix_order_escalations_order", "order_id"), Index("ix_order_escalations_unit", "unit_code", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"))
    raised_by: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"))
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opinion: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OrderLink(Base):
    """How an order hangs on another: ``merged_into`` the earlier order on the same matter, or ``part_of`` the one it was split from."""

    __tablename__ = "order_links"
    __table_args__ = (Index("ix_order_links_parent", "parent_id", "relation"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    relation: Mapped[str] = mapped_column(String(12), primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


class OrderTimer(Base):
    """A timer that has gone off: written with its event, so that none goes off twice for the same deadline."""

    __tablename__ = "order_timers"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    deadline: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    fired_at: Mapped[datetime] = mapped_column(UTCDateTime)


class OrderEvent(Base):
    """One thing that happened to an order. Rows are only ever added; each carries the hash of the one before it."""

    __tablename__ = "order_events"
    __table_args__ = (UniqueConstraint("order_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    sequence: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    name: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    article: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    salts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    """By the names of those parts of ``detail`` that are words and not erased (``dispatch.orders.history``)."""

    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class OrderNumber(Base):
    """The last number given out on a Beijing day."""

    __tablename__ = "order_numbers"

    day: Mapped[str] = mapped_column(String(8), primary_key=True)
    last: Mapped[int] = mapped_column()
