"""What a step in an order's life causes elsewhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.orders.models import Order
from dispatch.understanding import corrections
from dispatch.understanding.corrections import NoCorrectionError, UnknownValueError
from dispatch.understanding.service import Reference


def redispatched(session: Session, order: Order, before: str | None, *, by: str, now: datetime, reference: Reference) -> None:
    """Keep a redispatch (改派) as a row to learn from: the unit that was assigned was wrong, the new one is right."""
    try:
        corrections.record_correction(
            session,
            field="unit",
            text=order.description,
            predicted=before,
            corrected=order.unit_code or "",
            by=by,
            at=now,
            catalogue=reference.catalogue,
            units=reference.units,
            source=f"order:{order.number}",
        )
    except (NoCorrectionError, UnknownValueError):
        return  # sent to the same unit again: nothing to learn
