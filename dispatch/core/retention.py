"""How long things about people are kept (Art. 29(4): 不得泄露个人隐私). Each capability says what of its own has to go, and erases it.

What is erased stays counted: rows that statistics are made of lose words, numbers and names, never themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.platform import Platform

_BATCH = 200
"""Rows in one transaction: a run that is killed has done whole batches, the next one does the rest."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One kind of thing that isn't kept for ever.

    Attributes:
        name: what it is, for people.
        count: takes session and moment; how many such things are older than the moment and not erased yet.
        erase: takes platform, session, moment and limit; erases up to so many of them and returns how many it did.
    """

    name: str
    count: Callable[[Session, datetime], int]
    erase: Callable[[Platform, Session, datetime, int], int]


def due(platform: Platform, erasures: Sequence[Erasure], before: datetime) -> dict[str, int]:
    """Return how many things of each kind a run would erase now; later kinds may grow by what earlier ones let go."""
    with platform.database.read() as session:
        return {erasure.name: erasure.count(session, before) for erasure in erasures}


def run(platform: Platform, erasures: Sequence[Erasure], before: datetime) -> Iterator[tuple[str, int]]:
    """Erase what is older than ``before``, kind by kind; yield the name and number of each batch once it is committed."""
    for erasure in erasures:
        done = _BATCH
        while done == _BATCH:
            with platform.database.write() as session:
                done = erasure.erase(platform, session, before, _BATCH)
            if done:
                yield erasure.name, done
