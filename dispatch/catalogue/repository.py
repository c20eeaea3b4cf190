"""Queries on the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.catalogue.models import CatalogueEntry, CatalogueVersion


def latest_version(session: Session, *, lock: bool = False) -> CatalogueVersion | None:
    """Return the version in force, or None in an empty database; ``lock`` makes others who lock it wait."""
    statement = select(CatalogueVersion).order_by(CatalogueVersion.id.desc()).limit(1)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def version(session: Session, version_id: int) -> CatalogueVersion | None:
    """Return one version, or None."""
    return session.get(CatalogueVersion, version_id)


def versions(session: Session) -> Sequence[tuple[CatalogueVersion, int]]:
    """Return every version with the number of its items, newest first."""
    count = select(func.count()).where(CatalogueEntry.version_id == CatalogueVersion.id).scalar_subquery()
    rows = session.execute(select(CatalogueVersion, count).order_by(CatalogueVersion.id.desc()))
    return [(row[0], row[1]) for row in rows]


def entries(session: Session, version_id: int) -> Sequence[CatalogueEntry]:
    """Return the items of a version by code."""
    return session.scalars(select(CatalogueEntry).where(CatalogueEntry.version_id == version_id).order_by(CatalogueEntry.code)).all()


def entry(session: Session, version_id: int, code: str) -> CatalogueEntry | None:
    """Return one item of one version, or None."""
    return session.get(CatalogueEntry, (version_id, code))
