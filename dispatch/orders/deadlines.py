"""办理时限 (Art. 15): from a number of hours to the moment an order is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import chinese_calendar

from dispatch.core.clock import BEIJING


def is_workday(day: date) -> bool:
    """Say whether people work on ``day``: statutory holidays and swapped workdays (调休) count.

    The State Council publishes a year's holidays late in the year before; for years the calendar doesn't know yet, Monday to
    Friday are taken as workdays.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def due(start: datetime, hours: int, clock: str) -> datetime:
    """Return when an order is due.

    Args:
        start: when it was dispatched (aware).
        hours: the time limit.
        clock: ``calendar`` counts every hour; ``working`` counts only the hours of workdays, day and night, so that "seven
            working days" is 168 hours, and a start on a holiday counts from the next workday's midnight.

    Returns:
        the deadline in UTC.
    """
    if clock == "calendar":
        return start + timedelta(hours=hours)
    moment = start.astimezone(BEIJING)
    remaining = timedelta(hours=hours)
    while True:
        midnight = datetime(moment.year, moment.month, moment.day, tzinfo=BEIJING) + timedelta(days=1)
        if is_workday(moment.date()):
            if remaining <= midnight - moment:
                return (moment + remaining).astimezone(start.tzinfo)
            remaining -= midnight - moment
        moment = midnight
