"""Keeping the counts: days are counted whole and anew, so the table always agrees with the orders, and nothing is added up twice.

Every ten minutes today; at night the days whose orders have changed. A day is one range of the index on the time of filing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from dispatch.core.clock import BEIJING, beijing
from dispatch.core.database import Database
from dispatch.insight import repository
from dispatch.orders import counting
from dispatch.orders.counting import CellCount

_CHANGED_LIMIT = 200_000
_OVERLAP = timedelta(hours=2)


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return the moments at which a Beijing day begins and ends."""
    start = datetime.combine(day, time(), BEIJING)
    return start, start + timedelta(days=1)


def recount(database: Database, days: Iterable[date]) -> int:
    """Count these Beijing days anew, each in a transaction of its own; return how many days."""
    done = 0
    for day in sorted(set(days)):
        with database.read() as session:
            found = counting.cells(session, *bounds(day))
        with database.write() as session:
            _put(session, day, found)
        done += 1
    return done


def recount_today(database: Database, now: datetime) -> int:
    """Count today and, in its first hour, yesterday."""
    return recount(database, {beijing(now).date(), beijing(now - timedelta(hours=1)).date()})


def recount_changed(database: Database, now: datetime, since: datetime | None) -> int:
    """Count the days that were never counted and those whose orders changed after ``since`` (None: a day ago); return how many."""
    with database.read() as session:
        first = counting.first_filed(session)
        if first is None:
            return 0
        counted = repository.counted_days(session)
        after = (since or now - timedelta(days=1)) - _OVERLAP
        changed = {beijing(moment).date() for moment in counting.days_touched(session, after, _CHANGED_LIMIT)}
    today, day = beijing(now).date(), beijing(first).date()
    missing = {day + timedelta(days=number) for number in range((today - day).days + 1)} - counted
    return recount(database, missing | changed)


def _put(session: Session, day: date, found: list[CellCount]) -> None:
    matters: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    matters[""] = [0, 0, 0]  # a day without orders is counted, too
    for cell in found:
        for place, value in enumerate((cell.filed, cell.reworked, cell.overdue)):
            matters[cell.matter][place] += value
    repository.put_day(
        session,
        day,
        [
            {
                "district": cell.district,
                "street": cell.street,
                "matter": cell.matter,
                "filed": cell.filed,
                "reworked": cell.reworked,
                "overdue": cell.overdue,
            }
            for cell in found
        ],
        [{"matter": matter, "filed": filed, "reworked": back, "overdue": late} for matter, (filed, back, late) in matters.items()],
    )
