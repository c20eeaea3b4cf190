"""Queries on media."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dispatch.media.models import MediaFile, MediaLink, MediaWord


def by_id(session: Session, media_id: str) -> MediaFile | None:
    """Return a file, or None."""
    return session.get(MediaFile, media_id)


def by_ids(session: Session, media_ids: Collection[str]) -> Sequence[MediaFile]:
    """Return the files with these ids, oldest first."""
    return session.scalars(select(MediaFile).where(MediaFile.id.in_(media_ids)).order_by(MediaFile.created_at, MediaFile.id)).all()


def by_digest(session: Session, owner: str, digest: str) -> MediaFile | None:
    """Return the file of ``owner`` with this content, or None."""
    return session.scalars(select(MediaFile).where(MediaFile.owner == owner, MediaFile.digest == digest)).first()


def of_owner(session: Session, owner: str) -> Sequence[MediaFile]:
    """Return the files of ``owner``, oldest first."""
    return session.scalars(select(MediaFile).where(MediaFile.owner == owner).order_by(MediaFile.created_at, MediaFile.id)).all()


def count(session: Session, owner: str) -> int:
    """Return how many files ``owner`` has."""
    return session.scalar(select(func.count()).select_from(MediaFile).where(MediaFile.owner == owner)) or 0


def set_words(session: Session, media_id: str, words: Collection[str]) -> None:
    """Let a file be found by ``words`` and no others."""
    session.execute(delete(MediaWord).where(MediaWord.media_id == media_id))
    session.add_all(MediaWord(word=word, media_id=media_id) for word in sorted(words))


def with_words(session: Session, words: Collection[str], limit: int) -> Sequence[MediaFile]:
    """Return the newest files in which all of ``words`` are written."""
    found = select(MediaWord.media_id).where(MediaWord.word.in_(words)).group_by(MediaWord.media_id)
    found = found.having(func.count() == len(words))
    statement = select(MediaFile).where(MediaFile.id.in_(found))
    return session.scalars(statement.order_by(MediaFile.created_at.desc(), MediaFile.id).limit(limit)).all()


def link_by_digest(session: Session, owner: str, digest: str) -> MediaLink | None:
    """Return the link of ``owner`` with this address, or None."""
    return session.scalars(select(MediaLink).where(MediaLink.owner == owner, MediaLink.digest == digest)).first()


def links_of(session: Session, owner: str) -> Sequence[MediaLink]:
    """Return the links of ``owner``, oldest first."""
    return session.scalars(select(MediaLink).where(MediaLink.owner == owner).order_by(MediaLink.id)).all()


def remove(session: Session, owner: str) -> None:
    """Remove the rows of an owner's files and links."""
    files = select(MediaFile.id).where(MediaFile.owner == owner)
    session.execute(delete(MediaWord).where(MediaWord.media_id.in_(files)))
    session.execute(delete(MediaFile).where(MediaFile.owner == owner))
    session.execute(delete(MediaLink).where(MediaLink.owner == owner))
