"""Queries on units."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.units.models import Unit, UnitChange


def all_units(session: Session) -> Sequence[Unit]:
    """Return every unit by code."""
    return session.scalars(select(Unit).order_by(Unit.code)).all()


def by_code(session: Session, code: str) -> Unit | None:
    """Return one unit, or None."""
    return session.get(Unit, code)


def version(session: Session) -> int:
    """Return the id of the last change, 0 where there is none."""
    return session.scalar(select(func.max(UnitChange.id))) or 0


def latest_changes(session: Session) -> Sequence[UnitChange]:
    """Return the change of each unit that holds."""
    last = select(func.max(UnitChange.id)).group_by(UnitChange.unit_code)
    return session.scalars(select(UnitChange).where(UnitChange.id.in_(last))).all()
