"""Quiet hours: nobody is woken for what can wait until the morning."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from dispatch.core.clock import beijing

QUIET_FROM, QUIET_UNTIL = time(22), time(8)
"""In Beijing time."""


def waking_time(now: datetime) -> datetime | None:
    """Return when the quiet hours that ``now`` falls in are over, or None outside them."""
    local = beijing(now)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return None
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_UNTIL, tzinfo=local.tzinfo).astimezone(now.tzinfo)
