"""Queries on the knowledge base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, undefer

from dispatch.knowledge.models import KnowledgeEntry, KnowledgeSequence, KnowledgeVersion


def next_sequence(session: Session) -> int:
    """Return the number of the change that this transaction makes; other writers wait until it ends."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(KnowledgeSequence).values(id=1, last=1)
    upsert = first.on_conflict_do_update(index_elements=["id"], set_={"last": KnowledgeSequence.last + 1}).returning(KnowledgeSequence.last)
    return session.execute(upsert).scalar_one()


def last_sequence(session: Session) -> int:
    """Return the number of the last change, 0 if there was none."""
    return session.scalar(select(KnowledgeSequence.last)) or 0


def entry(session: Session, entry_id: str, *, lock: bool = False) -> KnowledgeEntry | None:
    """Return one entry, locked for change where the database can."""
    statement = select(KnowledgeEntry).where(KnowledgeEntry.id == entry_id)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def entries(session: Session, ids: Iterable[str]) -> dict[str, KnowledgeEntry]:
    """Return the entries with ``ids`` (at most some hundred) by id; missing ones are left out."""
    return {each.id: each for each in session.scalars(select(KnowledgeEntry).where(KnowledgeEntry.id.in_(list(ids))))}


def changed_since(session: Session, sequence: int) -> Sequence[KnowledgeEntry]:
    """Return the entries that a change after ``sequence`` touched, with their vectors."""
    statement = select(KnowledgeEntry).where(KnowledgeEntry.sequence > sequence).options(undefer(KnowledgeEntry.vectors))
    return session.scalars(statement.order_by(KnowledgeEntry.sequence, KnowledgeEntry.id)).all()


def count(session: Session) -> int:
    """Return how many entries there are, in whatever state."""
    return session.scalar(select(func.count()).select_from(KnowledgeEntry)) or 0


def version(session: Session, entry_id: str, number: int) -> KnowledgeVersion | None:
    """Return one version of an entry."""
    return session.scalars(select(KnowledgeVersion).where(KnowledgeVersion.entry_id == entry_id, KnowledgeVersion.number == number)).first()


def versions(session: Session, entry_id: str) -> Sequence[KnowledgeVersion]:
    """Return the versions of an entry, oldest first."""
    return session.scalars(select(KnowledgeVersion).where(KnowledgeVersion.entry_id == entry_id).order_by(KnowledgeVersion.number)).all()


def last_version(session: Session, entry_id: str) -> int:
    """Return the number of an entry's newest version, 0 if there is none."""
    return session.scalar(select(func.max(KnowledgeVersion.number)).where(KnowledgeVersion.entry_id == entry_id)) or 0


def supersede(session: Session, entry_id: str) -> None:
    """Mark the published version of an entry as followed by another."""
    session.execute(
        update(KnowledgeVersion)
        .where(KnowledgeVersion.entry_id == entry_id, KnowledgeVersion.state == "published")
        .values(state="superseded")
    )


def in_review(session: Session, limit: int) -> Sequence[KnowledgeVersion]:
    """Return the versions that wait for a reviewer, oldest first."""
    return session.scalars(
        select(KnowledgeVersion).where(KnowledgeVersion.state == "in_review").order_by(KnowledgeVersion.id).limit(limit)
    ).all()


def published_until(session: Session, *, first: date | None, last: date) -> Sequence[KnowledgeEntry]:
    """Return the published entries whose last valid day lies between ``first`` (None: ever) and ``last``, both included."""
    statement = select(KnowledgeEntry).where(KnowledgeEntry.state == "published", KnowledgeEntry.valid_to <= last)
    if first is not None:
        statement = statement.where(KnowledgeEntry.valid_to >= first)
    return session.scalars(statement.order_by(KnowledgeEntry.valid_to, KnowledgeEntry.id)).all()
