"""Queries on corrections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.understanding.models import Correction


def corrections(session: Session, field: str) -> Sequence[Correction]:
    """Return every correction of ``field``, oldest first."""
    return session.scalars(select(Correction).where(Correction.field == field).order_by(Correction.id)).all()
