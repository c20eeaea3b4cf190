"""Queries on units."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.units.models import Unit


def all_units(session: Session) -> Sequence[Unit]:
    """Return every unit by code."""
    return session.scalars(select(Unit).order_by(Unit.code)).all()


def by_code(session: Session, code: str) -> Unit | None:
    """Return one unit, or None."""
    return session.get(Unit, code)
