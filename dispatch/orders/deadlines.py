"""办理时限 (Art. 15): from a number of hours to the moment an order is due."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar

from dispatch.calendar import service as calendar
from dispatch.core.clock import BEIJING
from dispatch.orders.rules import current_rules

OPENING = time(9)
CLOSING = time(18)
"""Hours of people at their desks, on workdays."""


def is_workday(day: date) -> bool:
    """Say whether people work on ``day``: statutory holidays and swapped workdays (调休) count.

    The State Council publishes a year's holidays late in the year before; for years the calendar doesn't know yet, Monday to
    Friday are taken as workdays. What a city sets itself goes before: its administrators' days (``dispatch.calendar``), then those of
    the environment (``JSJB_ORDERS_DAYS_OFF``, ``JSJB_ORDERS_WORKDAYS``).
    """
    said = calendar.works_on(day)
    if said is not None:
        return said
    rules = current_rules()
    if day in rules.days_off or day in rules.workdays:
        return day in rules.workdays
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def due(start: datetime, hours: int, clock: str) -> datetime:
    """Return when an order is due that was dispatched at ``start`` (aware) with a time limit of ``hours``, in UTC; see ``later``."""
    return later(start, timedelta(hours=hours), clock)


def later(start: datetime, duration: timedelta, clock: str) -> datetime:
    """Return the moment at which ``duration`` has run from ``start``.

    Args:
        clock: ``calendar`` counts every hour; ``working`` counts only the hours of workdays, day and night, so that "seven
            working days" is 168 hours, and a start on a holiday counts from the next workday's midnight.
    """
    if clock == "calendar":
        return start + duration
    moment = start.astimezone(BEIJING)
    while True:
        midnight = _next_midnight(moment)
        if is_workday(moment.date()):
            if duration <= midnight - moment:
                return (moment + duration).astimezone(start.tzinfo)
            duration -= midnight - moment
        moment = midnight


def between(start: datetime, end: datetime, clock: str) -> timedelta:
    """Return how much time runs from ``start`` to ``end`` on ``clock`` (see ``later``); zero if ``end`` isn't after ``start``."""
    if end <= start:
        return timedelta(0)
    if clock == "calendar":
        return end - start
    moment, last, total = start.astimezone(BEIJING), end.astimezone(BEIJING), timedelta(0)
    while moment < last:
        until = min(_next_midnight(moment), last)
        if is_workday(moment.date()):
            total += until - moment
        moment = until
    return total


def in_working_hours(moment: datetime) -> bool:
    """Say whether people are at their desks at ``moment``."""
    local = moment.astimezone(BEIJING)
    return is_workday(local.date()) and OPENING <= local.time() < CLOSING


def next_opening(moment: datetime) -> datetime:
    """Return ``moment`` if people are at their desks then, else when they next come to them."""
    local = moment.astimezone(BEIJING)
    if in_working_hours(local):
        return moment
    day = local.date()
    if not is_workday(day) or local.time() >= CLOSING:
        day += timedelta(days=1)
        while not is_workday(day):
            day += timedelta(days=1)
    return datetime.combine(day, OPENING, BEIJING).astimezone(moment.tzinfo)


def previous_working_hour(moment: datetime) -> datetime:
    """Return ``moment`` if people are at their desks then, else the beginning of the last hour in which they were."""
    local = moment.astimezone(BEIJING)
    if in_working_hours(local):
        return moment
    day = local.date()
    if not is_workday(day) or local.time() < OPENING:
        day -= timedelta(days=1)
        while not is_workday(day):
            day -= timedelta(days=1)
    return (datetime.combine(day, CLOSING, BEIJING) - timedelta(hours=1)).astimezone(moment.tzinfo)


def _next_midnight(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=BEIJING) + timedelta(days=1)
