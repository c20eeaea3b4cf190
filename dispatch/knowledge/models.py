"""Tables of the knowledge base."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, deferred, mapped_column

from dispatch.core.database import Base, UTCDateTime


class KnowledgeEntry(Base):
    """One entry as it is in force, or as last written where it was never published. Every version is in ``KnowledgeVersion``."""

    __tablename__ = "knowledge_entries"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The source's own id, e.g. the CSV's."""

    title: Mapped[str] = mapped_column(String(1000))
    variants: Mapped[list[str]] = mapped_column(JSON, default=list)
    answer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(80), default="", index=True)
    source: Mapped[str] = mapped_column(String(400), default="")
    article: Mapped[str] = mapped_column(String(200), default="")
    unit_name: Mapped[str] = mapped_column(String(80), default="")
    unit_code: Mapped[str | None] = mapped_column(String(16), index=True)
    region: Mapped[str | None] = mapped_column(String(32))
    valid_from: Mapped[date | None] = mapped_column()
    valid_to: Mapped[date | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    """``seed`` (came with the system), ``import`` or ``unit`` (written by a unit)."""

    sequence: Mapped[int] = mapped_column(index=True)
    """Number of the change that touched it last: whoever has seen all up to n asks for those above n."""

    vectors: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    """Half-precision vectors of title, variants and answer, in this order (``dispatch.knowledge.embedding``)."""

    vector_model: Mapped[str] = mapped_column(String(16), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class KnowledgeVersion(Base):
    """What an entry said at one time, who wrote it and who decided on it; never changed but for its state."""

    __tablename__ = "knowledge_versions"
    __table_args__ = (UniqueConstraint("entry_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(64), ForeignKey("knowledge_entries.id"))
    number: Mapped[int] = mapped_column()
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16), index=True)
    author: Mapped[str] = mapped_column(String(80))
    reviewer: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class KnowledgeSequence(Base):
    """One row: the number of the last change. Raising it serialises writers, so numbers become visible in their order."""

    __tablename__ = "knowledge_sequence"

    id: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column()


class Consultation(Base):
    """A question that the knowledge base was asked, masked, and what it answered: the basis of the gap list."""

    __tablename__ = "knowledge_consultations"
    __table_args__ = (Index("ix_knowledge_consultations_pending", "pending", "id"), Index("ix_knowledge_consultations_gap", "gap_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(String(40), index=True)
    query: Mapped[str] = mapped_column(String(300))
    entry_id: Mapped[str | None] = mapped_column(String(64), ForeignKey("knowledge_entries.id"), index=True)
    entry_version: Mapped[int | None] = mapped_column()
    answered: Mapped[bool] = mapped_column()
    confidence: Mapped[float] = mapped_column()
    nearest_id: Mapped[str | None] = mapped_column(String(64))
    """The entry found first, whether it was given or not."""

    picked: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """The resident picked the entry from the titles offered."""

    unsolved: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """The resident said that the answer didn't help."""

    pending: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Unanswered or unsolved, and not yet in the gap list."""

    gap_id: Mapped[int | None] = mapped_column()
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Feedback(Base):
    """A resident's word on an answer: solved or not. The newest of a conversation on an entry counts."""

    __tablename__ = "knowledge_feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40), index=True)
    entry_id: Mapped[str] = mapped_column(String(64), ForeignKey("knowledge_entries.id"), index=True)
    entry_version: Mapped[int] = mapped_column()
    solved: Mapped[bool] = mapped_column()
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class KnowledgeGap(Base):
    """What residents ask and the knowledge base doesn't answer, or not to their satisfaction: one row for questions that mean the same."""

    __tablename__ = "knowledge_gaps"
    __table_args__ = (
        Index("ix_knowledge_gaps_list", "state", "asked", "id"),
        Index("ix_knowledge_gaps_unit", "unit_code", "state", "asked"),
        Index("ix_knowledge_gaps_recent", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(String(300))
    """The first of them, masked."""

    vector: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    vector_model: Mapped[str] = mapped_column(String(16))
    nearest_id: Mapped[str | None] = mapped_column(String(64))
    unit_code: Mapped[str | None] = mapped_column(String(16))
    """Of the nearest entry: who should know."""

    subject: Mapped[str] = mapped_column(String(80), default="")
    asked: Mapped[int] = mapped_column()
    unsolved: Mapped[int] = mapped_column()
    """How many of them were answered and not solved."""

    state: Mapped[str] = mapped_column(String(8))
    """``open`` or ``closed``."""

    note: Mapped[str] = mapped_column(String(400), default="")
    closed_by: Mapped[str | None] = mapped_column(String(80))
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)


class KnowledgeDay(Base):
    """What became of a day's questions (Beijing time) at the entry that was found first; ``entry_id`` empty where nothing was found."""

    __tablename__ = "knowledge_days"
    __table_args__ = (Index("ix_knowledge_days_unit", "unit_code", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(16))
    asked: Mapped[int] = mapped_column()
    answered: Mapped[int] = mapped_column()
    """At once, or by a title that the resident picked."""

    solved: Mapped[int] = mapped_column()
    unsolved: Mapped[int] = mapped_column()
