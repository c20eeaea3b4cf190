"""What the knowledge base does: takes entries in, has them reviewed and published, searches, answers and learns what it lacked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.core.database import Database
from dispatch.knowledge import repository
from dispatch.knowledge.csv_files import Row, RowError, read_rows
from dispatch.knowledge.embedding import MODEL, pack, shared_encoder
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.models import Consultation, Feedback, KnowledgeEntry, KnowledgeVersion
from dispatch.knowledge.plain import plain_text
from dispatch.knowledge.schemas import AnswerOut, ChangeOut, EntryContent, EntryOut, HitOut, VersionOut
from dispatch.knowledge.search import Entry, SearchResult, texts_to_encode
from dispatch.knowledge.seeds import load_seeds
from nlu import contact
from nlu.files import data_path

_BATCH = 200
_SIMILAR = 0.9
_FIELDS = tuple(EntryContent.model_fields)


class State(str, Enum):
    """Where an entry stands; only published ones are answered."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class NoSuchEntryError(LookupError):
    """There is no such entry or version."""


class IllegalStepError(ValueError):
    """The version or entry is not in a state that allows this step; the message says which it is in."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows."""

    added: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...]

    @property
    def taken(self) -> int:
        """How many rows are in the knowledge base now."""
        return self.added + self.updated + self.unchanged


Progress = Callable[[int, int], None]
"""Called with the rows done and the rows there are."""

UnitCode = Callable[[str], str | None]
"""Finds the code of a unit by the name that an entry gives, or None."""


def _no_unit(_name: str) -> None:
    return None


# Taking in


def import_csv(
    database: Database,
    source: Path | bytes,
    now: datetime,
    *,
    unit_code: UnitCode = _no_unit,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Take in a CSV file (``dispatch.knowledge.csv_files``) as published entries, 500 rows a second.

    A row whose id is there already updates that entry (a new version) if it says something else. Bad rows are reported, good
    ones kept.

    Args:
        source: the file, or its content.
        unit_code: finds the code of the unit that ``dept`` names.
        dry_run: report what would happen, change nothing.

    Raises:
        KnowledgeFileError: the file as a whole cannot be read.
    """
    rows = list(read_rows(source.read_bytes() if isinstance(source, Path) else source))
    good = [(row.id, _with_unit(row.content, unit_code)) for row in rows if isinstance(row, Row)]
    errors = tuple(row for row in rows if isinstance(row, RowError))
    added, updated, unchanged = _take_in(database, good, now, origin="import", progress=progress, dry_run=dry_run)
    return ImportReport(added, updated, unchanged, errors)


def seed(database: Database, now: datetime, *, unit_code: UnitCode = _no_unit, folder: Path | None = None) -> int:
    """Take in the entries that the system comes with, or their changes in a new release; return how many were new or changed.

    An entry that a unit has since edited, or that was withdrawn, is left alone.
    """
    seeds = [(entry_id, _with_unit(content, unit_code)) for entry_id, content in load_seeds(folder or data_path("knowledge"))]
    with database.read() as session:
        kept = {entry.id for entry in repository.entries(session, [entry_id for entry_id, _ in seeds]).values() if _is_the_citys(entry)}
    added, updated, _ = _take_in(database, [each for each in seeds if each[0] not in kept], now, origin="seed")
    return added + updated


def _is_the_citys(entry: KnowledgeEntry) -> bool:
    return entry.origin != "seed" or entry.state != State.PUBLISHED.value


def _with_unit(content: EntryContent, unit_code: UnitCode) -> EntryContent:
    return (
        content.model_copy(update={"unit_code": unit_code(content.unit_name)}) if content.unit_name and not content.unit_code else content
    )


def _take_in(
    database: Database,
    entries: Sequence[tuple[str, EntryContent]],
    now: datetime,
    *,
    origin: str,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> tuple[int, int, int]:
    added = updated = unchanged = 0
    waiting = iter(entries)
    while batch := list(islice(waiting, _BATCH)):
        with database.read() as session:
            present = repository.entries(session, [entry_id for entry_id, _ in batch])
            same = {entry_id for entry_id, content in batch if entry_id in present and content_of(present[entry_id]) == content}
        fresh = [(entry_id, content) for entry_id, content in batch if entry_id not in same]
        unchanged += len(same)
        added += sum(entry_id not in present for entry_id, _ in fresh)
        updated += sum(entry_id in present for entry_id, _ in fresh)
        if fresh and not dry_run:
            # Encoding is the long part, and no other writer should wait for it.
            blobs = _encode(fresh)
            with database.write() as session:
                sequence = repository.next_sequence(session)
                for entry_id, content in fresh:
                    _publish_directly(session, entry_id, content, blobs[entry_id], sequence, origin, now)
        if progress:
            progress(added + updated + unchanged, len(entries))
    return added, updated, unchanged


def _encode(entries: Sequence[tuple[str, EntryContent]]) -> dict[str, bytes]:
    texts = [texts_to_encode(Entry(entry_id, (content.title, *content.variants), content.answer)) for entry_id, content in entries]
    vectors = shared_encoder().encode([text for each in texts for text in each])
    blobs: dict[str, bytes] = {}
    start = 0
    for (entry_id, _), each in zip(entries, texts, strict=True):
        blobs[entry_id] = pack(vectors[start : start + len(each)])
        start += len(each)
    return blobs


def _publish_directly(
    session: Session, entry_id: str, content: EntryContent, vectors: bytes, sequence: int, origin: str, now: datetime
) -> None:
    entry = repository.entry(session, entry_id, lock=True)
    number = repository.last_version(session, entry_id) + 1
    if entry is None:
        entry = KnowledgeEntry(id=entry_id, created_at=now)
        session.add(entry)
    else:
        repository.supersede(session, entry_id)
    entry.origin = origin
    _put_in_force(entry, content, number, vectors, sequence, now)
    session.flush()
    session.add(
        KnowledgeVersion(
            entry_id=entry_id,
            number=number,
            content=content.model_dump(mode="json"),
            state=State.PUBLISHED.value,
            author=origin,
            reviewer=origin,
            created_at=now,
            decided_at=now,
        )
    )


def _put_in_force(entry: KnowledgeEntry, content: EntryContent, number: int, vectors: bytes, sequence: int, now: datetime) -> None:
    _write(entry, content)
    entry.version, entry.state, entry.sequence, entry.updated_at = number, State.PUBLISHED.value, sequence, now
    entry.vectors, entry.vector_model = vectors, MODEL


def _write(entry: KnowledgeEntry, content: EntryContent) -> None:
    for field in _FIELDS:
        value = getattr(content, field)
        setattr(entry, field, list(value) if field == "variants" else value)


def content_of(entry: KnowledgeEntry) -> EntryContent:
    """Return what an entry says."""
    return EntryContent.model_validate({field: getattr(entry, field) for field in _FIELDS})


# Writing, reviewing, publishing


def submit(
    session: Session, entry_id: str, content: EntryContent, *, author: str, now: datetime, note: str = "", review: bool = True
) -> int:
    """Put down a new entry or a change to one, for review (or as a draft); return the version's number.

    What is published stays in force until the new version is.
    """
    state = State.IN_REVIEW if review else State.DRAFT
    entry = repository.entry(session, entry_id, lock=True)
    number = repository.last_version(session, entry_id) + 1
    if entry is None:
        entry = KnowledgeEntry(
            id=entry_id,
            created_at=now,
            updated_at=now,
            origin="unit",
            state=state.value,
            version=number,
            sequence=repository.next_sequence(session),
        )
        _write(entry, content)
        session.add(entry)
        session.flush()
    session.add(
        KnowledgeVersion(
            entry_id=entry_id,
            number=number,
            content=content.model_dump(mode="json"),
            state=state.value,
            author=author,
            note=note,
            created_at=now,
        )
    )
    session.flush()
    return number


def publish(session: Session, entry_id: str, number: int, *, reviewer: str, now: datetime) -> KnowledgeEntry:
    """Put a reviewed version in force; every process searches it within two seconds.

    Raises:
        NoSuchEntryError: there is no such version.
        IllegalStepError: it is not waiting for review.
    """
    entry, version = _waiting(session, entry_id, number)
    content = EntryContent.model_validate(version.content)
    blobs = _encode([(entry_id, content)])
    repository.supersede(session, entry_id)
    version.state, version.reviewer, version.decided_at = State.PUBLISHED.value, reviewer, now
    entry.origin = "unit"
    _put_in_force(entry, content, number, blobs[entry_id], repository.next_sequence(session), now)
    session.flush()
    return entry


def reject(session: Session, entry_id: str, number: int, *, reviewer: str, note: str, now: datetime) -> None:
    """Send a version back to its unit with the reason.

    Raises:
        NoSuchEntryError: there is no such version.
        IllegalStepError: it is not waiting for review.
    """
    entry, version = _waiting(session, entry_id, number)
    version.state, version.reviewer, version.note, version.decided_at = "rejected", reviewer, note, now
    if entry.state == State.IN_REVIEW.value:
        entry.state = State.DRAFT.value
    session.flush()


def withdraw(session: Session, entry_id: str, *, by: str, reason: str, now: datetime) -> KnowledgeEntry:
    """Take a published entry out of answers; its versions stay.

    Raises:
        NoSuchEntryError: there is no such entry.
        IllegalStepError: it is not published.
    """
    return _end(session, entry_id, State.WITHDRAWN, by, reason, now)


def expire_due(session: Session, now: datetime) -> list[str]:
    """Mark the entries whose last valid day is over (they are out of answers since midnight) and return their ids."""
    today = beijing(now).date()
    due = [entry.id for entry in repository.published_until(session, first=None, last=today) if entry.valid_to and entry.valid_to < today]
    for entry_id in due:
        _end(session, entry_id, State.EXPIRED, "system", "有效期已过", now)
    return due


def expiring(session: Session, today: date, last: date) -> list[tuple[str, str | None, date]]:
    """Return id, unit code and last day of the published entries that end between ``today`` and ``last``: their units are to be warned."""
    found = repository.published_until(session, first=today, last=last)
    return [(entry.id, entry.unit_code, entry.valid_to) for entry in found if entry.valid_to]


def _waiting(session: Session, entry_id: str, number: int) -> tuple[KnowledgeEntry, KnowledgeVersion]:
    entry = repository.entry(session, entry_id, lock=True)
    version = repository.version(session, entry_id, number)
    if entry is None or version is None:
        raise NoSuchEntryError(f"{entry_id} 第 {number} 版")
    if version.state not in (State.IN_REVIEW.value, State.DRAFT.value):
        raise IllegalStepError(f"第 {number} 版现在是 {version.state}，只有待审的版本可以发布或退回")
    return entry, version


def _end(session: Session, entry_id: str, state: State, by: str, reason: str, now: datetime) -> KnowledgeEntry:
    entry = repository.entry(session, entry_id, lock=True)
    if entry is None:
        raise NoSuchEntryError(entry_id)
    if entry.state != State.PUBLISHED.value:
        raise IllegalStepError(f"条目现在是 {entry.state}，只有已发布的可以撤下")
    version = repository.version(session, entry_id, entry.version)
    if version is not None:
        version.state, version.reviewer, version.note, version.decided_at = state.value, by, reason, now
    entry.state, entry.sequence, entry.updated_at = state.value, repository.next_sequence(session), now
    session.flush()
    return entry


# Reading


def diff(before: EntryContent, after: EntryContent) -> list[ChangeOut]:
    """Return the fields that differ between two versions, each as text."""
    return [
        ChangeOut(field=field, before=_as_text(getattr(before, field)), after=_as_text(getattr(after, field)))
        for field in _FIELDS
        if getattr(before, field) != getattr(after, field)
    ]


def version_content(session: Session, entry_id: str, number: int) -> EntryContent:
    """Return what a version says. Raises NoSuchEntryError if there is none."""
    version = repository.version(session, entry_id, number)
    if version is None:
        raise NoSuchEntryError(f"{entry_id} 第 {number} 版")
    return EntryContent.model_validate(version.content)


def entry_out(session: Session, base: KnowledgeBase, entry_id: str, today: date) -> EntryOut:
    """Return an entry with its versions, and the published entries that its newest version may contradict (for the reviewer).

    Raises:
        NoSuchEntryError: there is no such entry.
    """
    entry = repository.entry(session, entry_id)
    if entry is None:
        raise NoSuchEntryError(entry_id)
    versions = [
        VersionOut(
            number=each.number,
            state=each.state,
            author=each.author,
            reviewer=each.reviewer,
            note=each.note,
            created_at=each.created_at,
            decided_at=each.decided_at,
            content=EntryContent.model_validate(each.content),
        )
        for each in repository.versions(session, entry_id)
    ]
    newest = versions[-1].content if versions else content_of(entry)
    return EntryOut(
        id=entry.id,
        state=entry.state,
        version=entry.version,
        content=content_of(entry),
        versions=versions,
        conflicts=conflicts(session, base, entry_id, newest, today),
    )


def conflicts(session: Session, base: KnowledgeBase, entry_id: str, content: EntryContent, today: date) -> list[HitOut]:
    """Return the published entries for the same region that ask nearly the same while their validity overlaps, and answer otherwise."""
    near = base.index.near_duplicates((content.title, *content.variants), _SIMILAR)
    found = repository.entries(session, [each for each, _ in near if each != entry_id])
    return [
        _hit(found[each], score)
        for each, score in near
        if each in found
        and found[each].answer != content.answer
        and (found[each].region in (None, content.region) or content.region is None)
        and _overlap(found[each], content)
        and _still_valid(found[each], today)
    ]


def owner(session: Session, entry_id: str) -> str | None:
    """Return the code of the unit that is responsible for an entry, None if it has none or there is no such entry."""
    entry = repository.entry(session, entry_id)
    return entry.unit_code if entry else None


def waiting_for_review(session: Session, limit: int = 100) -> list[tuple[str, int]]:
    """Return entry id and version number of what waits for a reviewer, oldest first."""
    return [(version.entry_id, version.number) for version in repository.in_review(session, limit)]


def _still_valid(entry: KnowledgeEntry, today: date) -> bool:
    return entry.valid_to is None or entry.valid_to >= today


def _overlap(entry: KnowledgeEntry, content: EntryContent) -> bool:
    starts_in_time = entry.valid_from is None or content.valid_to is None or entry.valid_from <= content.valid_to
    ends_late_enough = entry.valid_to is None or content.valid_from is None or entry.valid_to >= content.valid_from
    return starts_in_time and ends_late_enough


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return "\n".join(value) if isinstance(value, (tuple, list)) else str(value)


# Answering


def search_many(base: KnowledgeBase, queries: Sequence[str], now: datetime, *, limit: int = 10) -> list[SearchResult]:
    """Search for each query among what is published and valid today; ids are the sources' own."""
    return base.search_many(queries, on=beijing(now).date(), limit=limit)


def search(
    session: Session,
    base: KnowledgeBase,
    query: str,
    now: datetime,
    *,
    limit: int = 10,
    subject: str | None = None,
    region: str | None = None,
) -> AnswerOut:
    """Search and return the entries in full, without recording it (for staff)."""
    result = base.search(query, on=beijing(now).date(), limit=limit, subject=subject, region=region)
    return _answer_out(session, result)


def answer(session: Session, query: str, result: SearchResult, now: datetime, *, conversation_id: str | None = None) -> AnswerOut:
    """Return ``result``, found for a resident's ``query``, as an answer (Art. 12), and record question, entry and version, masked."""
    out = _answer_out(session, result)
    first = repository.entry(session, out.hits[0].id) if out.answer else None
    session.add(
        Consultation(
            conversation_id=conversation_id,
            query=plain_text(contact.mask(query[:1000]))[:300],
            entry_id=first.id if first else None,
            entry_version=first.version if first else None,
            answered=first is not None,
            confidence=result.confidence,
            at=now,
        )
    )
    session.flush()
    return out


def record_feedback(session: Session, entry_id: str, *, conversation_id: str, solved: bool, now: datetime) -> None:
    """Record whether an answer solved the question. Raises NoSuchEntryError for an unknown entry."""
    entry = repository.entry(session, entry_id)
    if entry is None:
        raise NoSuchEntryError(entry_id)
    session.add(Feedback(conversation_id=conversation_id, entry_id=entry_id, entry_version=entry.version, solved=solved, at=now))
    session.flush()


def _answer_out(session: Session, result: SearchResult) -> AnswerOut:
    entries = repository.entries(session, [hit.id for hit in result.hits])
    # Between the index and this transaction an entry may have been withdrawn: then it is no answer any more.
    hits = [_hit(entries[hit.id], hit.score) for hit in result.hits if hit.id in entries and entries[hit.id].state == State.PUBLISHED.value]
    sure = result.answer and bool(hits) and hits[0].id == result.hits[0].id
    return AnswerOut(answer=sure, confidence=result.confidence, hits=hits)


def _hit(entry: KnowledgeEntry, score: float) -> HitOut:
    return HitOut(
        id=entry.id,
        title=entry.title,
        passage=entry.answer,
        dept=entry.unit_name,
        source=entry.source,
        valid_to=entry.valid_to,
        score=score,
    )


def unit_finder(units: Iterable[tuple[str, str, Sequence[str]]]) -> UnitCode:
    """Return a function that finds a unit's code by its name or a short one, with or without 北京市 and 市 in front.

    Args:
        units: code, name and short names of each unit.
    """
    codes: dict[str, set[str]] = {}
    for code, name, short in units:
        for each in {name, *short}:
            codes.setdefault(_bare(each), set()).add(code)

    def find(name: str) -> str | None:
        found = codes.get(_bare(name), set())
        return next(iter(found)) if len(found) == 1 else None

    return find


def _bare(name: str) -> str:
    return name.strip().removeprefix("北京市").removeprefix("北京").removeprefix("市") or name
