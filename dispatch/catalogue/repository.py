"""Queries on the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.catalogue.models import CatalogueEntry, CatalogueVersion


def latest_version(session: Session) -> CatalogueVersion | None:
    """Return the version in force, or None in an empty database."""
    return session.scalars(select(CatalogueVersion).order_by(CatalogueVersion.id.desc()).limit(1)).first()


def entries(session: Session, version_id: int) -> Sequence[CatalogueEntry]:
    """Return the items of a version by code."""
    return session.scalars(select(CatalogueEntry).where(CatalogueEntry.version_id == version_id).order_by(CatalogueEntry.code)).all()
