"""Answering residents (Art. 12), and keeping what was asked, what was given and whether it helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.core.database import Database
from dispatch.knowledge import repository
from dispatch.knowledge.followups import FollowUp, excerpt, follow_up
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.models import Consultation, Feedback, KnowledgeEntry
from dispatch.knowledge.plain import plain_text
from dispatch.knowledge.reading import hit_out
from dispatch.knowledge.schemas import AnswerOut, HitOut
from dispatch.knowledge.search import SearchResult
from dispatch.knowledge.states import NoSuchEntryError, State
from nlu import contact

ANSWERS = 3
_SHORTEST_GAP = 4


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


def ask(
    database: Database,
    base: KnowledgeBase,
    query: str,
    now: datetime,
    *,
    conversation_id: str | None = None,
    after: str | None = None,
    region: str | None = None,
) -> AnswerOut:
    """Answer a resident's question from the entries that are valid today, and record it.

    Args:
        after: id of the entry that was answered just before: a question like 多少钱 is then taken to be about the same.
        region: a district's name: what holds only elsewhere is left out.
    """
    today = beijing(now).date()
    previous: KnowledgeEntry | None = None
    if after is not None:
        with database.read() as session:
            previous = repository.entry(session, after)
    meant = follow_up(query, previous.title) if previous else None
    result = base.search(meant.question if meant else query, on=today, limit=ANSWERS + 1, region=region)
    with database.write() as session:
        if meant and previous:
            out, result = _followed_up(session, meant, previous.id, result)
        else:
            out = _answer_out(session, result)
        _record(session, meant.question if meant else query, out, result, now, conversation_id)
    return out.model_copy(update={"hits": out.hits[:ANSWERS]})


def answer(session: Session, query: str, result: SearchResult, now: datetime, *, conversation_id: str | None = None) -> AnswerOut:
    """Return ``result``, found for a resident's ``query``, as an answer (Art. 12), and record question, entry and version, masked."""
    out = _answer_out(session, result)
    _record(session, query, out, result, now, conversation_id)
    return out


def _followed_up(session: Session, meant: FollowUp, previous_id: str, result: SearchResult) -> tuple[AnswerOut, SearchResult]:
    """Answer from the entry of the question before where it speaks of what is asked now; else from another, if that is sure."""
    out = _answer_out(session, result).model_copy(update={"asked": meant.question})
    if out.hits and out.hits[0].id != previous_id:
        return out, result
    said = excerpt(out.hits[0].passage, meant.told) if out.hits else None
    if said:
        return out.model_copy(update={"answer": True, "excerpt": said}), replace(result, answer=True)
    # The entry was read out already and doesn't say: its neighbours may.
    return out.model_copy(update={"answer": False, "hits": out.hits[1:]}), replace(result, answer=False)


def _record(session: Session, query: str, out: AnswerOut, result: SearchResult, now: datetime, conversation_id: str | None) -> Consultation:
    nearest = out.hits[0] if out.hits else None
    given = nearest if out.answer else None
    row = Consultation(
        conversation_id=conversation_id,
        query=plain_text(contact.mask(query[:1000]))[:300],
        entry_id=given.id if given else None,
        entry_version=given.version if given else None,
        answered=given is not None,
        confidence=result.confidence,
        nearest_id=nearest.id if nearest else None,
        pending=given is None and len(query.strip()) >= _SHORTEST_GAP,
        at=now,
    )
    session.add(row)
    _count(session, now, nearest, asked=1, answered=int(given is not None))
    session.flush()
    return row


def give(session: Session, conversation_id: str, entry_id: str, now: datetime) -> HitOut:
    """Return the entry that a resident picked from the titles offered, and record that it was given.

    Raises:
        NoSuchEntryError: there is none, or it is no longer published.
    """
    entry = repository.entry(session, entry_id)
    if entry is None or entry.state != State.PUBLISHED.value:
        raise NoSuchEntryError(entry_id)
    hit = hit_out(entry, 1.0)
    asked = repository.last_consultation(session, conversation_id)
    if asked is None or asked.answered:
        asked = Consultation(
            conversation_id=conversation_id, query=entry.title[:300], answered=False, confidence=1.0, nearest_id=entry_id, at=now
        )
        session.add(asked)
        _count(session, now, hit, asked=1)
    elif asked.nearest_id != entry_id:
        nearest = repository.entry(session, asked.nearest_id) if asked.nearest_id else None
        _count(session, asked.at, hit_out(nearest, 1.0) if nearest else None, asked=-1)
        _count(session, asked.at, hit, asked=1)
    asked.entry_id, asked.entry_version, asked.answered, asked.picked, asked.pending = entry_id, entry.version, True, True, False
    _count(session, asked.at, hit, answered=1)
    session.flush()
    return hit


def record_feedback(session: Session, entry_id: str, *, conversation_id: str, solved: bool, now: datetime) -> None:
    """Record whether an answer solved the question; a later word takes back an earlier one. Raises NoSuchEntryError."""
    entry = repository.entry(session, entry_id)
    if entry is None:
        raise NoSuchEntryError(entry_id)
    asked = repository.last_consultation(session, conversation_id, entry_id)
    at = asked.at if asked else now
    before = repository.last_feedback(session, conversation_id, entry_id)
    hit = hit_out(entry, 1.0)
    if before is not None and asked is not None and before.at >= asked.at:
        _count(session, at, hit, solved=-int(before.solved), unsolved=-int(not before.solved))
    version = asked.entry_version if asked and asked.entry_version else entry.version
    session.add(Feedback(conversation_id=conversation_id, entry_id=entry_id, entry_version=version, solved=solved, at=now))
    _count(session, at, hit, solved=int(solved), unsolved=int(not solved))
    if asked is not None:
        asked.unsolved = not solved
        asked.pending = not solved and asked.gap_id is None
    session.flush()


def _count(session: Session, at: datetime, hit: HitOut | None, **counts: int) -> None:
    repository.count_day(session, beijing(at).date(), hit.id if hit else "", (hit.unit_code or "") if hit else "", counts)


def _answer_out(session: Session, result: SearchResult) -> AnswerOut:
    entries = repository.entries(session, [hit.id for hit in result.hits])
    # Between the index and this transaction an entry may have been withdrawn: then it is no answer any more.
    found = [(entries[hit.id], hit.score) for hit in result.hits if hit.id in entries]
    hits = [hit_out(entry, score) for entry, score in found if entry.state == State.PUBLISHED.value]
    sure = result.answer and bool(hits) and hits[0].id == result.hits[0].id
    return AnswerOut(answer=sure, confidence=result.confidence, hits=hits)
