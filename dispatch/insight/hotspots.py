"""Surges as of a day, from the count tables: the windows, the season and the shares of the week that the test needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy.orm import Session

from dispatch.insight import repository, surges
from dispatch.insight.rules import InsightRules
from dispatch.insight.surges import WEEKS, Surge

DAY, WEEK = 1, 7
_YEAR = timedelta(days=364)  # whole weeks: the same weekdays
_SEASON_DRAWN = 50.0
_SEASON = (0.25, 4.0)
_SHARE_DRAWN = 100.0

Daily = dict[str, dict[date, int]]
"""Orders filed by matter (item or group) and day, in the whole city."""


def find(session: Session, day: date, rules: InsightRules) -> list[Surge]:
    """Return the surges of the week and of the day that end with ``day``, which has to be over."""
    windows = {}
    for days in (WEEK, DAY):
        start = day - timedelta(days=days - 1)
        weeks = [_table(session, start - timedelta(days=7 * back), start - timedelta(days=7 * back - 6)) for back in range(1, WEEKS + 1)]
        windows[days] = (_table(session, start, day), weeks)
    daily = by_day(repository.matter_days(session, day - _YEAR - timedelta(days=7 * WEEKS + 14), day))
    return surges.detect(
        windows,
        shares={WEEK: {"": 1.0}, DAY: weekday_shares(daily, day)},
        season=season(daily, day),
        false_discoveries=rules.false_discoveries,
        least=rules.floor,
        least_ratio=rules.least_ratio,
    )


def by_day(rows: Iterable[tuple[str, date, int, int, int]]) -> Daily:
    """Return the orders filed by matter and day, of items and of their groups."""
    found: Daily = defaultdict(lambda: defaultdict(int))
    for matter, day, filed, _reworked, _overdue in rows:
        if matter:
            found[matter][day] += filed
            found[matter[:2]][day] += filed
    return found


def season(daily: Daily, day: date) -> dict[str, float]:
    """Return, by matter, how the week around ``day`` a year ago stood to the eight weeks before it; 1 where there is no such year."""
    found = {}
    for matter, counts in daily.items():
        then = day - _YEAR
        if min(counts) > then - timedelta(days=7 * WEEKS):
            continue
        # Three weeks around the one that ended on ``then``, so that one week's chance isn't taken for a season.
        around = _sum(counts, then - timedelta(days=13), then + timedelta(days=7)) / 3
        before = _sum(counts, then - timedelta(days=7 * WEEKS + 6), then - timedelta(days=7)) / WEEKS
        ratio = (around + _SEASON_DRAWN) / (before + _SEASON_DRAWN)
        found[matter] = min(max(ratio, _SEASON[0]), _SEASON[1])
    return found


def weekday_shares(daily: Daily, day: date) -> dict[str, float]:
    """Return, by matter, which share of a week's orders comes on the weekday of ``day``; under "" that of all matters."""
    days = [day - timedelta(days=7 * back) for back in range(1, WEEKS + 1)]
    first, last = day - timedelta(days=7 * WEEKS), day - timedelta(days=1)
    on_day = {matter: sum(counts.get(each, 0) for each in days) for matter, counts in daily.items()}
    of_all = {matter: _sum(counts, first, last) for matter, counts in daily.items()}
    city_total = sum(count for matter, count in of_all.items() if len(matter) == 2)
    city = (sum(count for matter, count in on_day.items() if len(matter) == 2) + 1) / (city_total + 7)
    shares = {matter: (on_day[matter] + _SHARE_DRAWN * city) / (of_all[matter] + _SHARE_DRAWN) for matter in daily}
    return {**shares, "": city}


def _table(session: Session, first: date, last: date) -> dict[surges.Cell, int]:
    return surges.table(repository.cells(session, first, last))


def _sum(counts: dict[date, int], first: date, last: date) -> int:
    return sum(count for day, count in counts.items() if first <= day <= last)
