"""The gap list: questions that weren't answered, or not to the resident's satisfaction, put together where they mean the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from dispatch.core.database import Database
from dispatch.knowledge import repository
from dispatch.knowledge.embedding import MODEL, Vectors, pack, shared_encoder, unpack
from dispatch.knowledge.models import Consultation, KnowledgeGap
from dispatch.knowledge.schemas import GapOut
from dispatch.knowledge.wording import bare, officially
from nlu.text import normalise

_BATCH = 500
_COMPARED = 5_000
_SAME = 0.75
_SAME_BESIDE_ONE_ENTRY = 0.65
"""Unrelated questions reach .63; two that lie nearest to the same entry are about the same thing at less than others."""

_RELATED = 0.1
"""From this confidence on, the nearest entry's unit is the one that should know."""


class NoSuchGapError(LookupError):
    """There is no such gap."""


@dataclass(frozen=True, slots=True)
class GapFilter:
    """Which gaps: of one unit, of one state."""

    unit_code: str | None = None
    state: str = "open"


def cluster(database: Database) -> int:
    """Put the questions that came in since the last time into the gap list, oldest first; return how many there were.

    A question joins the gap whose first question it is nearest to, if near enough; else it begins one. The same questions in the
    same order make the same list.
    """
    total = 0
    while done := _cluster_batch(database):
        total += done
    return total


def _cluster_batch(database: Database) -> int:
    with database.read() as session:
        waiting = [(row.id, row.query, row.nearest_id) for row in repository.pending_consultations(session, _BATCH)]
        known = [(gap.id, gap.nearest_id, unpack(gap.vector)[0]) for gap in repository.comparable_gaps(session, MODEL, _COMPARED)]
    if not waiting:
        return 0
    # Encoding is the long part, and no other writer should wait for it.
    vectors = shared_encoder().encode([officially(bare(normalise(query))) for _, query, _ in waiting])
    matrix = np.array([vector for _, _, vector in known], np.float32).reshape(-1, vectors.shape[1])
    nearest_ids = [nearest for _, nearest, _ in known]
    with database.write() as session:
        gaps = [repository.gap(session, gap_id) for gap_id, _, _ in known] if known else []
        for (row_id, _query, nearest_id), vector in zip(waiting, vectors, strict=True):
            row = session.get(Consultation, row_id)
            if row is None or not row.pending:
                continue  # a title was picked meanwhile
            place = _place(matrix, nearest_ids, vector, nearest_id)
            gap = gaps[place] if place is not None else None
            if gap is None:
                gap = _new(session, row, pack(vector[None]))
                gaps.append(gap)
                nearest_ids.append(nearest_id)
                matrix = np.vstack((matrix, vector))
            gap.asked += 1
            gap.unsolved += int(row.unsolved)
            gap.last_at = max(gap.last_at, row.at)
            row.gap_id, row.pending = gap.id, False
        session.flush()
    return len(waiting)


def _place(matrix: Vectors, nearest_ids: list[str | None], vector: Vectors, nearest_id: str | None) -> int | None:
    if not len(matrix):
        return None
    cosines = matrix @ vector
    needed = np.array([_SAME_BESIDE_ONE_ENTRY if nearest_id and each == nearest_id else _SAME for each in nearest_ids])
    best = int((cosines - needed).argmax())
    return best if cosines[best] >= needed[best] else None


def _new(session: Session, row: Consultation, vector: bytes) -> KnowledgeGap:
    entry = repository.entry(session, row.nearest_id) if row.nearest_id and (row.confidence >= _RELATED or row.unsolved) else None
    gap = KnowledgeGap(
        question=row.query,
        vector=vector,
        vector_model=MODEL,
        nearest_id=row.nearest_id,
        unit_code=entry.unit_code if entry else None,
        subject=entry.subject if entry else "",
        asked=0,
        unsolved=0,
        state="open",
        first_at=row.at,
        last_at=row.at,
    )
    session.add(gap)
    session.flush()
    return gap


def gaps(session: Session, wanted: GapFilter, *, offset: int = 0, limit: int = 50) -> list[GapOut]:
    """Return gaps, most asked first."""
    return [_out(gap) for gap in repository.gaps(session, wanted.unit_code, wanted.state, offset, limit)]


def gap_examples(session: Session, gap_id: int, limit: int = 20) -> tuple[GapOut, list[str]]:
    """Return a gap and the questions in it, masked, newest first, each once. Raises NoSuchGapError."""
    gap = repository.gap(session, gap_id)
    if gap is None:
        raise NoSuchGapError(gap_id)
    return _out(gap), list(dict.fromkeys(repository.gap_questions(session, gap_id, 5 * limit)))[:limit]


def close_gap(session: Session, gap_id: int, *, by: str, note: str) -> None:
    """Take a gap off the list: it was filled, or is none of the city's. Raises NoSuchGapError."""
    gap = repository.gap(session, gap_id)
    if gap is None:
        raise NoSuchGapError(gap_id)
    gap.state, gap.closed_by, gap.note = "closed", by, note
    session.flush()


def _out(gap: KnowledgeGap) -> GapOut:
    return GapOut(
        id=gap.id,
        question=gap.question,
        unit_code=gap.unit_code,
        subject=gap.subject,
        nearest_id=gap.nearest_id,
        asked=gap.asked,
        unsolved=gap.unsolved,
        state=gap.state,
        note=gap.note,
        first_at=gap.first_at,
        last_at=gap.last_at,
    )
