"""Corrections hold residents' words, masked, to learn from; old ones go."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dispatch.core.retention import Erasure
from dispatch.platform import Platform
from dispatch.understanding.models import Correction


def _count(session: Session, before: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Correction).where(Correction.at < before)) or 0


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    ids = session.scalars(select(Correction.id).where(Correction.at < before).order_by(Correction.id).limit(limit)).all()
    session.execute(delete(Correction).where(Correction.id.in_(ids)))
    return len(ids)


CORRECTIONS = Erasure("更正记录", _count, _erase)
