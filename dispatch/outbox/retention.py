"""What was delivered, given up or cancelled long ago goes; what still has to go out stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dispatch.core.retention import Erasure
from dispatch.outbox.models import Delivery
from dispatch.platform import Platform


def _count(session: Session, before: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Delivery).where(Delivery.settled_at < before)) or 0


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    settled = session.scalars(select(Delivery.sequence).where(Delivery.settled_at < before).order_by(Delivery.sequence).limit(limit)).all()
    session.execute(delete(Delivery).where(Delivery.sequence.in_(settled)))
    return len(settled)


DELIVERIES = Erasure("投递记录", _count, _erase)
