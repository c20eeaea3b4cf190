"""How often questions are answered at once, and how often the answer didn't help: by entry and by unit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from sqlalchemy.orm import Session

from dispatch.knowledge import repository
from dispatch.knowledge.schemas import RateOut


def rates(
    session: Session, first: date, last: date, *, by: Literal["entry", "unit"], unit_code: str | None = None, limit: int = 200
) -> list[RateOut]:
    """Return the counts and rates of the days from ``first`` to ``last``, most asked first.

    A question counts for the entry that was found first, and for that entry's unit; where nothing was found, for neither (id empty).

    Args:
        unit_code: only this unit's.
    """
    found = repository.day_sums(session, first, last, by=by, unit_code=unit_code, limit=limit)
    titles = {each.id: each.title for each in repository.entries(session, [row.key for row in found]).values()} if by == "entry" else {}
    return [
        RateOut(
            id=row.key,
            title=titles.get(row.key, ""),
            unit_code=row.unit_code,
            asked=row.asked,
            answered=row.answered,
            solved=row.solved,
            unsolved=row.unsolved,
            answered_rate=_rate(row.answered, row.asked),
            unsolved_rate=_rate(row.unsolved, row.answered),
        )
        for row in found
    ]


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole > 0 else None
