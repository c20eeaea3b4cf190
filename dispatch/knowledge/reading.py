"""Reading entries: one with its history and what it may contradict, lists, what differs between versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.knowledge import repository
from dispatch.knowledge.content import FIELDS, content_of
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.models import KnowledgeEntry
from dispatch.knowledge.render import as_html, as_text
from dispatch.knowledge.schemas import ChangeOut, ConflictOut, EntryContent, EntryLineOut, EntryOut, HitOut, VersionOut
from dispatch.knowledge.states import NoSuchEntryError

_SIMILAR = 0.9


def diff(before: EntryContent, after: EntryContent) -> list[ChangeOut]:
    """Return the fields that differ between two versions, each as text."""
    return [
        ChangeOut(field=field, before=_as_text(getattr(before, field)), after=_as_text(getattr(after, field)))
        for field in FIELDS
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


def conflicts(session: Session, base: KnowledgeBase, entry_id: str, content: EntryContent, today: date) -> list[ConflictOut]:
    """Return the published entries for the same region that ask nearly the same while their validity overlaps, nearest first."""
    near = base.index.near_duplicates((content.title, *content.variants), _SIMILAR)
    found = repository.entries(session, [each for each, _ in near if each != entry_id])
    return [
        ConflictOut(
            **hit_out(found[each], score).model_dump(), kind="duplicate" if found[each].answer == content.answer else "contradiction"
        )
        for each, score in near
        if each in found
        and (found[each].region in (None, content.region) or content.region is None)
        and _overlap(found[each], content)
        and _still_valid(found[each], today)
    ]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: every field that is set must fit; ``words`` in title or id, ``expires_by`` the last day of validity."""

    words: str = ""
    state: str = ""
    subject: str = ""
    unit_code: str = ""
    region: str = ""
    expires_by: date | None = None


def listing(session: Session, wanted: EntryFilter, *, after: str = "", limit: int = 50) -> list[EntryLineOut]:
    """Return the entries that fit, by id, from the one behind ``after``."""
    return [EntryLineOut.model_validate(entry, from_attributes=True) for entry in repository.listing(session, wanted, after, limit)]


def subjects(session: Session) -> list[str]:
    """Return every subject that an entry has, in order."""
    return list(repository.subjects(session))


def hit_out(entry: KnowledgeEntry, score: float) -> HitOut:
    """Return an entry as an answer."""
    return HitOut(
        id=entry.id,
        title=entry.title,
        passage=as_text(entry.answer),
        html=as_html(entry.answer),
        dept=entry.unit_name,
        unit_code=entry.unit_code,
        source=entry.source,
        article=entry.article,
        region=entry.region,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        updated_on=beijing(entry.updated_at).date(),
        version=entry.version,
        score=score,
    )


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
