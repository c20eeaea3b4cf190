"""How many orders a matter will bring next month, from its season and its present level; and how wrong that has been.

The yearly growth is taken out first. A month's season is its share of the year's mean, over the years there are, drawn a little towards
none; the level is an exponentially weighted mean of what remains without the season. The same is done as of each of the months held out,
knowing only what came before, and compared with the seasonal-naive forecast: as many as in the same month a year ago.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

YEAR = 12
HELD_OUT = 6
_LEVEL = 0.4
_DRAWN = 0.1
_EIGHTY = 1.28
_SLOWEST, _FASTEST = 0.6, 1.6

Rates = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Orders expected next month with the range that holds in 80 of 100 months.

    Errors are shares of what came; None without held-out months.
    """

    rate: float
    """Orders a day."""

    expected: float
    low: float
    high: float
    error: float | None
    naive_error: float | None
    held_out: int


def months(days: Mapping[date, int], last: date) -> tuple[date, Rates]:
    """Return the first day of the month to come after the last full one up to ``last``, and orders a day in each full month before it."""
    sums: dict[int, int] = defaultdict(int)
    counted: dict[int, int] = defaultdict(int)
    for day, count in days.items():
        if day <= last:
            sums[_number(day)] += count
    end = _number(last) + (1 if _number(date.fromordinal(last.toordinal() + 1)) != _number(last) else 0)
    start = min(days, default=last)
    begin = _number(start) + (start.day > 1)
    for month in range(begin, end):
        counted[month] = _length(month)
    return _first(end), np.array([sums[month] / counted[month] for month in range(begin, end)])


def forecast(rates: Rates, month: date) -> Forecast | None:
    """Return what ``month``, the one after the last of ``rates``, will bring; None with less than a year behind it."""
    if len(rates) < YEAR:
        return None
    mean = _next(rates)
    held = min(HELD_OUT, len(rates) - YEAR)
    length = _length(_number(month))
    if not held:
        return Forecast(mean, round(mean * length, 1), 0.0, round(2 * mean * length, 1), None, None, 0)
    came, naive = rates[-held:], rates[-held - YEAR : -YEAR]
    said = np.array([_next(rates[: len(rates) - back]) for back in range(held, 0, -1)])
    off = float(np.sqrt(np.mean(((came - said) / np.maximum(said, 0.1)) ** 2)))
    expected = mean * length
    return Forecast(
        mean,
        round(expected, 1),
        round(max(expected * (1 - _EIGHTY * off), 0.0), 1),
        round(expected * (1 + _EIGHTY * off), 1),
        share_of_error(came, said),
        share_of_error(came, naive),
        held,
    )


def share_of_error(came: Rates | Sequence[float], said: Rates | Sequence[float]) -> float:
    """Return the sum of errors as a share of the sum of what came."""
    return round(float(np.abs(np.asarray(came) - np.asarray(said)).sum() / max(float(np.sum(came)), 1e-9)), 3)


def _next(rates: Rates) -> float:
    count = len(rates)
    # Without the yearly growth taken out, the months at the end of each year would pass for a season.
    growth = min(max(rates[-YEAR:].mean() / max(rates[-2 * YEAR : -YEAR].mean(), 1e-9), _SLOWEST), _FASTEST) if count >= 2 * YEAR else 1.0
    steady = rates / growth ** (np.arange(-count, 0) / YEAR)
    shares: dict[int, list[float]] = defaultdict(list)
    for end in range(count, YEAR - 1, -YEAR):
        year = steady[end - YEAR : end]
        for place, value in enumerate(year):
            shares[(end - YEAR + place - count) % YEAR].append(value / max(float(year.mean()), 1e-9))
    season = np.array([(sum(shares[place]) + _DRAWN) / (len(shares[place]) + _DRAWN) for place in range(YEAR)])
    season = np.maximum(season / season.mean(), 0.05)
    level = None
    for place, value in enumerate(steady):
        bare = value / season[(place - count) % YEAR]
        level = bare if level is None else (1 - _LEVEL) * level + _LEVEL * bare
    return float((level or 0.0) * season[0])


def _number(day: date) -> int:
    return day.year * YEAR + day.month - 1


def _first(month: int) -> date:
    return date(month // YEAR, month % YEAR + 1, 1)


def _length(month: int) -> int:
    return (_first(month + 1) - _first(month)).days
