"""Tables of media."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.database import Base, UTCDateTime


class MediaFile(Base):
    """One stored file, cleaned of what it told about its sender. ``owner`` is ``conversation:<id>`` or one of an order's."""

    __tablename__ = "media_files"
    __table_args__ = (UniqueConstraint("owner", "digest"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what was sent, by which the same file sent twice is recognised."""
    kind: Mapped[str] = mapped_column(String(12))
    """``photo``, ``video``, ``voice`` or ``document``."""
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column()
    """In bytes, as stored."""
    width: Mapped[int | None] = mapped_column()
    height: Mapped[int | None] = mapped_column()
    filename: Mapped[str | None] = mapped_column(String(200))
    """As the sender named it, masked."""
    key: Mapped[str] = mapped_column(String(120))
    thumbnail_key: Mapped[str | None] = mapped_column(String(120))
    position: Mapped[str | None] = mapped_column(String(300))
    """Where it was taken (``latitude,longitude``), encrypted: only for those who handle the order."""
    text: Mapped[str | None] = mapped_column(Text)
    """What is written in the picture, masked; None until it was read."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MediaWord(Base):
    """A word written in a picture, so that it is found by it."""

    __tablename__ = "media_words"
    __table_args__ = (Index("ix_media_words_media_id", "media_id"),)

    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    media_id: Mapped[str] = mapped_column(ForeignKey("media_files.id"), primary_key=True)


class MediaLink(Base):
    """A link that somebody gave as evidence. It is kept as it was written, and never opened by us."""

    __tablename__ = "media_links"
    __table_args__ = (UniqueConstraint("owner", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    """Encrypted: the address of a shared video may name its owner."""
    host: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(8))
    """``video``, ``picture`` or ``page``, as far as the address tells."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
