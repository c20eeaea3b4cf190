"""Queries on the knowledge base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, undefer

from dispatch.knowledge.models import (
    Consultation,
    Feedback,
    KnowledgeDay,
    KnowledgeEntry,
    KnowledgeGap,
    KnowledgeSequence,
    KnowledgeVersion,
)

if TYPE_CHECKING:
    from dispatch.knowledge.reading import EntryFilter


def next_sequence(session: Session) -> int:
    """Return the number of the change that this transaction makes; other writers wait until it ends."""
    first = _insert(session)(KnowledgeSequence).values(id=1, last=1)
    upsert = first.on_conflict_do_update(index_elements=["id"], set_={"last": KnowledgeSequence.last + 1}).returning(KnowledgeSequence.last)
    return int(session.execute(upsert).scalar_one())


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


def _insert(session: Session):  # type: ignore[no-untyped-def]  # the two dialects' inserts have no common type that knows conflicts
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert


def listing(session: Session, wanted: EntryFilter, after: str, limit: int) -> Sequence[KnowledgeEntry]:
    """Return the entries that fit ``wanted``, by id, from the one behind ``after``."""
    statement = select(KnowledgeEntry).where(KnowledgeEntry.id > after)
    for column, value in (
        (KnowledgeEntry.state, wanted.state),
        (KnowledgeEntry.subject, wanted.subject),
        (KnowledgeEntry.unit_code, wanted.unit_code),
        (KnowledgeEntry.region, wanted.region),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.words:
        statement = statement.where(
            or_(KnowledgeEntry.title.contains(wanted.words, autoescape=True), KnowledgeEntry.id.contains(wanted.words, autoescape=True))
        )
    if wanted.expires_by:
        statement = statement.where(KnowledgeEntry.valid_to <= wanted.expires_by)
    return session.scalars(statement.order_by(KnowledgeEntry.id).limit(limit)).all()


def subjects(session: Session) -> Sequence[str]:
    """Return every subject that an entry has, in order."""
    statement = select(KnowledgeEntry.subject).where(KnowledgeEntry.subject != "").distinct()
    return session.scalars(statement.order_by(KnowledgeEntry.subject)).all()


def last_consultation(session: Session, conversation_id: str, entry_id: str | None = None) -> Consultation | None:
    """Return the last question of a conversation (that was answered with ``entry_id``)."""
    statement = select(Consultation).where(Consultation.conversation_id == conversation_id)
    if entry_id is not None:
        statement = statement.where(Consultation.entry_id == entry_id)
    return session.scalars(statement.order_by(Consultation.id.desc()).limit(1)).first()


def last_feedback(session: Session, conversation_id: str, entry_id: str) -> Feedback | None:
    """Return the last word of a conversation on an entry."""
    statement = select(Feedback).where(Feedback.conversation_id == conversation_id, Feedback.entry_id == entry_id)
    return session.scalars(statement.order_by(Feedback.id.desc()).limit(1)).first()


def count_day(session: Session, day: date, entry_id: str, unit_code: str, counts: Mapping[str, int]) -> None:
    """Add ``counts`` (asked, answered, solved, unsolved) to a day's row of an entry."""
    nothing = dict.fromkeys(("asked", "answered", "solved", "unsolved"), 0)
    insert = _insert(session)(KnowledgeDay).values(day=day, entry_id=entry_id, unit_code=unit_code, **(nothing | dict(counts)))
    added = {name: getattr(KnowledgeDay, name) + value for name, value in counts.items()}
    session.execute(insert.on_conflict_do_update(index_elements=["day", "entry_id"], set_=added))


@dataclass(frozen=True, slots=True)
class DaySum:
    """Counts of a period."""

    key: str
    unit_code: str
    asked: int
    answered: int
    solved: int
    unsolved: int


def day_sums(session: Session, first: date, last: date, *, by: Literal["entry", "unit"], unit_code: str | None, limit: int) -> list[DaySum]:
    """Return the sums over the days from ``first`` to ``last`` by entry or unit, most asked first."""
    key = KnowledgeDay.entry_id if by == "entry" else KnowledgeDay.unit_code
    asked = func.sum(KnowledgeDay.asked)
    sums = (asked, func.sum(KnowledgeDay.answered), func.sum(KnowledgeDay.solved), func.sum(KnowledgeDay.unsolved))
    statement = select(key, func.max(KnowledgeDay.unit_code), *sums).where(KnowledgeDay.day >= first, KnowledgeDay.day <= last)
    if unit_code is not None:
        statement = statement.where(KnowledgeDay.unit_code == unit_code)
    rows = session.execute(statement.group_by(key).order_by(asked.desc(), key).limit(limit))
    return [DaySum(str(row[0]), str(row[1]), *map(int, row[2:])) for row in rows]


def pending_consultations(session: Session, limit: int) -> Sequence[Consultation]:
    """Return questions that aren't in the gap list yet, oldest first."""
    return session.scalars(select(Consultation).where(Consultation.pending.is_(True)).order_by(Consultation.id).limit(limit)).all()


def comparable_gaps(session: Session, model: str, limit: int) -> Sequence[KnowledgeGap]:
    """Return the newest open gaps with their vectors, oldest first."""
    statement = select(KnowledgeGap).where(KnowledgeGap.state == "open", KnowledgeGap.vector_model == model)
    newest = session.scalars(statement.options(undefer(KnowledgeGap.vector)).order_by(KnowledgeGap.id.desc()).limit(limit)).all()
    return newest[::-1]


def gap(session: Session, gap_id: int) -> KnowledgeGap | None:
    """Return one gap."""
    return session.get(KnowledgeGap, gap_id)


def gaps(session: Session, unit_code: str | None, state: str, offset: int, limit: int) -> Sequence[KnowledgeGap]:
    """Return gaps of a state (and unit), most asked first."""
    statement = select(KnowledgeGap).where(KnowledgeGap.state == state)
    if unit_code is not None:
        statement = statement.where(KnowledgeGap.unit_code == unit_code)
    return session.scalars(statement.order_by(KnowledgeGap.asked.desc(), KnowledgeGap.id).offset(offset).limit(limit)).all()


def gap_questions(session: Session, gap_id: int, limit: int) -> Sequence[str]:
    """Return the questions of a gap, newest first."""
    statement = select(Consultation.query).where(Consultation.gap_id == gap_id)
    return session.scalars(statement.order_by(Consultation.id.desc()).limit(limit)).all()
