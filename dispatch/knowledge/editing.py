"""Writing, reviewing and publishing: units submit and update their own, the city's service department decides (Art. 13)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.administration import service as administration
from dispatch.core.clock import beijing
from dispatch.knowledge import repository
from dispatch.knowledge.content import encode, put_in_force, write
from dispatch.knowledge.models import KnowledgeEntry, KnowledgeVersion
from dispatch.knowledge.schemas import EntryContent
from dispatch.knowledge.states import IllegalStepError, NoSuchEntryError, State
from dispatch.orders.deadlines import is_workday
from dispatch.outbox import service as outbox
from dispatch.units.service import HOTLINE_DESK

WARNED_WORKDAYS = 10
"""So long before its last day a unit is told that an entry ends."""


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
        write(entry, content)
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


def send_for_review(session: Session, entry_id: str, number: int) -> None:
    """Send a draft to the reviewers.

    Raises:
        NoSuchEntryError: there is no such version.
        IllegalStepError: it is no draft.
    """
    entry, version = _version(session, entry_id, number)
    if version.state != State.DRAFT.value:
        raise IllegalStepError(f"第 {number} 版现在是 {version.state}，只有草稿可以提交审核")
    version.state = State.IN_REVIEW.value
    if entry.state == State.DRAFT.value:
        entry.state = State.IN_REVIEW.value
    session.flush()


def publish(session: Session, entry_id: str, number: int, *, reviewer: str, now: datetime) -> KnowledgeEntry:
    """Put a reviewed version in force; every process searches it within two seconds.

    Raises:
        NoSuchEntryError: there is no such version.
        IllegalStepError: it is not waiting for review.
    """
    entry, version = _waiting(session, entry_id, number)
    content = EntryContent.model_validate(version.content)
    blobs = encode([(entry_id, content)])
    earlier = f"第 {entry.version} 版" if entry.state == State.PUBLISHED.value else "未发布"
    repository.supersede(session, entry_id)
    version.state, version.reviewer, version.decided_at = State.PUBLISHED.value, reviewer, now
    entry.origin = "unit"
    put_in_force(entry, content, number, blobs[entry_id], repository.next_sequence(session), now)
    session.flush()
    administration.record(session, "knowledge_published", entry_id, f"{earlier} → 第 {number} 版：{content.title}", by=reviewer, now=now)
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
    administration.record(session, "knowledge_rejected", entry_id, f"第 {number} 版：{note}", by=reviewer, now=now)


def withdraw(session: Session, entry_id: str, *, by: str, reason: str, now: datetime) -> KnowledgeEntry:
    """Take a published entry out of answers; its versions stay.

    Raises:
        NoSuchEntryError: there is no such entry.
        IllegalStepError: it is not published.
    """
    entry = _end(session, entry_id, State.WITHDRAWN, by, reason, now)
    administration.record(session, "knowledge_withdrawn", entry_id, f"第 {entry.version} 版 → 撤下：{reason}", by=by, now=now)
    return entry


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
    entry, version = _version(session, entry_id, number)
    if version.state != State.IN_REVIEW.value:
        raise IllegalStepError(f"第 {number} 版现在是 {version.state}，只有待审的版本可以发布或退回")
    return entry, version


def _version(session: Session, entry_id: str, number: int) -> tuple[KnowledgeEntry, KnowledgeVersion]:
    entry = repository.entry(session, entry_id, lock=True)
    version = repository.version(session, entry_id, number)
    if entry is None or version is None:
        raise NoSuchEntryError(f"{entry_id} 第 {number} 版")
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


def owner(session: Session, entry_id: str) -> str | None:
    """Return the code of the unit that is responsible for an entry, None if it has none or there is no such entry."""
    entry = repository.entry(session, entry_id)
    return entry.unit_code if entry else None


def warn_units(session: Session, now: datetime, *, workdays: int = WARNED_WORKDAYS) -> list[str]:
    """Tell each unit once, in its notices, which of its entries end within ``workdays``, and return their ids.

    Entries of no unit are the hotline's own to renew.
    """
    today = beijing(now).date()
    warned = []
    for entry_id, unit_code, valid_to in expiring(session, today, _workdays_later(today, workdays)):
        key = f"knowledge-expiring:{entry_id}:{valid_to.isoformat()}"
        payload = {
            "name": "knowledge_expiring",
            "valid_to": valid_to.isoformat(),
            "link": f"/console/knowledge/entries/{entry_id}",
        }
        delivery = outbox.put(session, kind="notice", target=unit_code or HOTLINE_DESK, subject=entry_id, payload=payload, now=now, key=key)
        if any(delivery.id == row_id for row_id, *_ in session.info.get(outbox.NEW, ())):
            warned.append(entry_id)
    return warned


def _workdays_later(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day
