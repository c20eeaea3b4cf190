"""Tables of orders (诉求工单)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class Order(Base):
    """One order. ``description`` is masked; the contact's own fields are encrypted."""

    __tablename__ = "orders"
    __table_args__ = (Index("ix_orders_unit_inbox", "unit_code", "state", "deadline_at"), Index("ix_orders_due", "state", "deadline_at"))

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
    answer: Mapped[str | None] = mapped_column(Text)

    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(String(40), index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    history_head: Mapped[str] = mapped_column(String(64), default="")
    """Hash of the newest event: a removed last event shows."""


class OrderUnit(Base):
    """Units beside the one in charge: ``copied`` (Art. 14(1)) or ``co`` (协办, Art. 16)."""

    __tablename__ = "order_units"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16), ForeignKey("units.code"), primary_key=True, index=True)
    relation: Mapped[str] = mapped_column(String(8), primary_key=True)


class OrderEvent(Base):
    """One thing that happened to an order. Rows are only ever added; each carries the hash of the one before it."""

    __tablename__ = "order_events"
    __table_args__ = (UniqueConstraint("order_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    sequence: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    name: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    article: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class OrderNumber(Base):
    """The last number given out on a Beijing day."""

    __tablename__ = "order_numbers"

    day: Mapped[str] = mapped_column(String(8), primary_key=True)
    last: Mapped[int] = mapped_column()
