"""Keeping the counts, and reading them.

A day is counted anew, from its orders, whenever one of them has changed: so late answers and closings change the figures of the day
on which the order was filed, counting twice changes nothing, and counting everything anew gives the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from dispatch.core.clock import BEIJING, beijing
from dispatch.core.database import Database
from dispatch.orders import facts
from dispatch.statistics import counting, repository
from dispatch.statistics.counting import Counts, Tally

_OVERLAP = timedelta(minutes=10)
"""Longer than any transaction: what was committed late is seen by the next run."""


@dataclass(frozen=True, slots=True)
class Period:
    """The counts of days ``first`` to ``last``: what is stored, and days counted just now because orders of theirs have changed since."""

    session: Session
    first: date
    last: date
    fresh: dict[date, Counts]
    as_of: datetime | None = None
    """When the counts were made, where they aren't those of this moment."""

    def sums(self, dimension: str, *, prefix: str = "") -> dict[str, Tally]:
        """Return the counts by key of ``dimension`` (of those that begin with ``prefix``)."""
        found = repository.sums(self.session, dimension, self.first, self.last, without=self.fresh, prefix=prefix)
        for counts in self.fresh.values():
            for key, tally in counts[dimension].items():
                if key.startswith(prefix):
                    found.setdefault(key, Tally()).add(tally)
        return found

    def total(self) -> Tally:
        """Return the counts over everything."""
        return self.sums("all").get("", Tally())

    def filed_by_day_and_key(self, dimension: str) -> dict[tuple[date, str], int]:
        """Return how many orders were filed on each day, by key of ``dimension``."""
        found = repository.filed_by_day_and_key(self.session, dimension, self.first, self.last, without=self.fresh)
        for day, counts in self.fresh.items():
            found |= {(day, key): tally.filed for key, tally in counts[dimension].items()}
        return found

    def by_day(self, dimension: str = "all", keys: Sequence[str] = ("",)) -> dict[date, Tally]:
        """Return the counts of each day over ``keys`` of ``dimension``, days without orders left out, in their order."""
        found = repository.by_day(self.session, dimension, keys, self.first, self.last, without=self.fresh)
        for day, counts in self.fresh.items():
            tallies = [counts[dimension][key] for key in keys if key in counts[dimension]]
            for tally in tallies:
                found.setdefault(day, Tally()).add(tally)
        return dict(sorted(found.items()))


def stored(session: Session, first: date, last: date) -> Period:
    """Return the counts of a period as they were stored last (a few minutes old): for dashboards."""
    return Period(session, first, last, {})


def exact(session: Session, first: date, last: date, *, at_most: int = 20_000) -> Period:
    """Return the counts of a period as they are now; days that have changed since they were stored are counted on the spot.

    Where that would mean to read more than ``at_most`` orders (some seconds), they are those stored a few minutes ago, and say so.
    """
    up_to = repository.counted_up_to(session)
    if up_to is None:
        begin = facts.first_day(session)
        days = _days(max(first, begin), last) if begin else []
    else:
        days = sorted(facts.days_changed_since(session, up_to.moment - _OVERLAP))
    days = [day for day in days if first <= day <= last]
    if up_to is not None and days:
        volume = repository.by_day(session, "all", ("",), days[0], days[-1])
        if sum(tally.filed for day, tally in volume.items() if day in days) > at_most:
            return Period(session, first, last, {}, up_to.moment)
    fresh = {day: _count(session, day) for day in days}
    return Period(session, first, last, {day: counts for day, counts in fresh.items() if up_to is not None or counts["all"]})


def refresh(database: Database, now: datetime) -> int:
    """Count the days anew whose orders have changed since the last run; return how many. Several processes may do it at once."""
    with database.read() as session:
        up_to = repository.counted_up_to(session)
        if up_to is None:
            begin = facts.first_day(session)
            days = _days(begin, beijing(now).date()) if begin else []
        else:
            days = sorted(facts.days_changed_since(session, up_to.moment - _OVERLAP))
    for day in days:
        with database.write() as session:
            # Whoever counts the same day at the same time waits here, and then counts what is there by then.
            repository.counted_up_to(session, lock=True)
            repository.replace(session, day, _count(session, day))
    with database.write() as session:
        repository.set_counted_up_to(session, now)
    return len(days)


def rebuild(database: Database, now: datetime) -> int:
    """Forget every count and count everything anew; return the number of days."""
    with database.write() as session:
        repository.clear(session)
    return refresh(database, now)


def _count(session: Session, day: date) -> Counts:
    begin = datetime.combine(day, time(), BEIJING)
    return counting.count(facts.facts(session, begin, begin + timedelta(days=1)))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
