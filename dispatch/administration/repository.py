"""Queries on what administrators did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.administration.models import AdministrationAct


def find(
    session: Session,
    begin: datetime,
    end: datetime,
    *,
    actor: str | None,
    name: str | None,
    subject: str | None,
    before: int | None,
    limit: int,
) -> Sequence[AdministrationAct]:
    """Return what was done from ``begin`` to before ``end``, the newest first."""
    query = select(AdministrationAct).where(AdministrationAct.at >= begin, AdministrationAct.at < end)
    if actor:
        query = query.where(AdministrationAct.actor == actor)
    if name:
        query = query.where(AdministrationAct.name == name)
    if subject:
        query = query.where(AdministrationAct.subject.contains(subject, autoescape=True))
    if before is not None:
        query = query.where(AdministrationAct.id < before)
    return session.scalars(query.order_by(AdministrationAct.id.desc()).limit(limit)).all()
