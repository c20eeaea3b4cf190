"""What the knowledge base does by itself: warn of what ends, take out what has ended, bring the gap list up to date."""

from __future__ import annotations

from dispatch.core.clock import beijing
from dispatch.core.jobs import Periodic
from dispatch.knowledge import service
from dispatch.orders.deadlines import is_workday
from dispatch.platform import Platform


def warn(platform: Platform) -> int:
    """On workdays, tell units which of their entries will end; return how many were told of."""
    now = platform.clock.now()
    if not is_workday(beijing(now).date()):
        return 0
    with platform.database.write() as session:
        return len(service.warn_units(session, now))


def expire(platform: Platform) -> int:
    """Mark entries whose last valid day is over; return how many."""
    with platform.database.write() as session:
        return len(service.expire_due(session, platform.clock.now()))


def cluster(platform: Platform) -> int:
    """Put new unanswered questions into the gap list; return how many."""
    return service.cluster(platform.database)


PERIODIC = (
    Periodic("knowledge-warn", "30 9 * * *", warn),
    Periodic("knowledge-expire", "2 0 * * *", expire),
    Periodic("knowledge-gaps", "*/10 * * * *", cluster),
)
"""Cron in Beijing time."""
