"""Three simulated years of counts with planted surges, and how well they are found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.insight import forecast, hotspots, surges
from dispatch.insight.rules import InsightRules
from dispatch.insight.surges import WEEKS, Cell

DISTRICTS, STREETS, MATTERS = 5, 12, 30
YEARS, PLANTED = 3, 120
_LAST = date(2025, 12, 31)

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Planted:
    """A surge at one street on one matter: its first and last day, counted from the first simulated one."""

    street: int
    matter: int
    first: int
    last: int


def simulate(seed: int) -> tuple[Counts, list[Planted]]:
    """Return counts by street, matter and day, with surges planted into the last year: 3 to 10 days at two to five times the usual."""
    noise = np.random.default_rng(seed)
    streets, days = DISTRICTS * STREETS, YEARS * 365
    day = np.arange(days)
    size, share = noise.gamma(2, 0.5, streets), noise.lognormal(-1.2, 1.0, MATTERS)
    peak, strength = noise.uniform(0, 365, MATTERS), noise.uniform(0, 1.2, MATTERS)
    season = np.exp(strength[:, None] * np.cos(2 * np.pi * (day - peak[:, None]) / 365))
    week = 1 - 0.35 * np.isin(day % 7, (5, 6)) * noise.uniform(0, 1, MATTERS)[:, None]
    growth = 1 + 0.1 * day / 365
    # What moves the whole city for a week: a cold spell, a rainstorm, a new rule. It is no surge of any one street.
    weather = np.repeat(noise.lognormal(0, 0.12, (MATTERS, days // 7 + 1)), 7, axis=1)[:, :days]
    rate = size[:, None, None] * (share[:, None] * season * week * growth * weather)[None]
    shape = 6.0  # a week's own whims: more than chance alone
    rate = rate * np.repeat(noise.gamma(shape, 1 / shape, (streets, MATTERS, days // 7 + 1)), 7, axis=2)[:, :, :days]
    planted = []
    for _ in range(PLANTED):
        street, matter = int(noise.integers(streets)), int(noise.integers(MATTERS))
        first = int(noise.integers(days - 357, days - 20))
        last = first + int(noise.integers(3, 11)) - 1
        usual = max(float(rate[street, matter, first - 28 : first].mean()), 0.7)
        rate[street, matter, first : last + 1] += usual * noise.uniform(1, 4)
        planted.append(Planted(street, matter, first, last))
    return noise.poisson(rate).astype(np.int64), planted


def measure(seed: int) -> dict[str, Any]:
    """Return precision, recall and F1 of finding planted surges: ours, and a plain threshold on the week's count, best in hindsight."""
    counts, planted = simulate(seed)
    days = counts.shape[2]
    ends = list(range(days - 357 + 6, days, 7))
    begin = time.perf_counter()
    ours = [{(cell, end) for cell in _found(counts, end)} for end in ends]
    took = (time.perf_counter() - begin) / len(ends)
    flagged = set().union(*ours)
    thresholds = {}
    for threshold in range(5, 80):
        thresholds[threshold] = {
            ((int(street), int(matter)), end)
            for end in ends
            for street, matter in zip(*np.nonzero(counts[:, :, end - 6 : end + 1].sum(axis=2) >= threshold), strict=True)
        }
    best = max(thresholds, key=lambda threshold: _score(thresholds[threshold], planted)["f1"])
    return {
        "cells": counts.shape[0] * counts.shape[1],
        "weeks": len(ends),
        "planted": len(planted),
        "seconds a week": round(took, 2),
        "ours": _score(flagged, planted),
        "plain threshold, best": {**_score(thresholds[best], planted), "threshold": best},
    }


def forecasts(seed: int) -> dict[str, Any]:
    """Return how far next month's forecasts were off in the last six months of the simulated years, and last year's months used as such."""
    counts, _ = simulate(seed)
    came, said, naive = [], [], []
    for series in counts.sum(axis=0):
        _, rates = forecast.months({_date(counts, number): int(count) for number, count in enumerate(series)}, _LAST)
        for month in range(len(rates) - forecast.HELD_OUT, len(rates)):
            made = forecast.forecast(rates[:month], date(_LAST.year, _LAST.month - len(rates) + month + 1, 1))
            assert made is not None  # there are years behind it
            came.append(float(rates[month]))
            said.append(made.rate)
            naive.append(float(rates[month - forecast.YEAR]))
    return {
        "matters": MATTERS,
        "months held out": forecast.HELD_OUT,
        "error, ours": forecast.share_of_error(came, said),
        "error, same month a year ago": forecast.share_of_error(came, naive),
    }


def _found(counts: Counts, end: int) -> set[tuple[int, int]]:
    """Return the streets and matters that are found as of day ``end``; what is found for a district or the city isn't counted."""
    rules, day = InsightRules(), _date(counts, end)
    windows = {}
    for length in (hotspots.WEEK, hotspots.DAY):
        start = end - length + 1
        weeks = [_table(counts, start - 7 * back, start - 7 * back + 6) for back in range(1, WEEKS + 1)]
        windows[length] = (_table(counts, start, end), weeks)
    city = counts[:, :, : end + 1].sum(axis=0)
    daily: hotspots.Daily = {}
    for matter in range(MATTERS):
        series = {_date(counts, number): int(count) for number, count in enumerate(city[matter]) if number > end - 500}
        daily[f"{matter:02}00"] = series
        daily[f"{matter:02}"] = series
    found = surges.detect(
        windows,
        shares={hotspots.WEEK: {"": 1.0}, hotspots.DAY: hotspots.weekday_shares(daily, day)},
        season=hotspots.season(daily, day),
        false_discoveries=rules.false_discoveries,
        least=rules.floor,
        least_ratio=rules.least_ratio,
    )
    return {(int(surge.cell.street), int(surge.cell.matter[:2])) for surge in found if surge.cell.street}


def _table(counts: Counts, first: int, last: int) -> dict[Cell, int]:
    sums = counts[:, :, first : last + 1].sum(axis=2)
    return surges.table(
        (str(street // STREETS), str(street), f"{matter:02}00", int(sums[street, matter]))
        for street, matter in zip(*np.nonzero(sums), strict=True)
    )


def _date(counts: Counts, number: int) -> date:
    return _LAST - timedelta(days=counts.shape[2] - 1 - number)


def _score(flagged: set[tuple[tuple[int, int], int]], planted: list[Planted]) -> dict[str, float]:
    """A finding is right if its week has a day of a surge planted there; a surge is found if one of the weeks it touches is."""
    touched = [((each.street, each.matter), each.first, each.last) for each in planted]
    right = {(cell, end) for cell, end in flagged for place, first, last in touched if place == cell and first <= end and last > end - 7}
    found = sum(any(cell == place and first <= end and last > end - 7 for cell, end in right) for place, first, last in touched)
    precision, recall = len(right) / max(len(flagged), 1), found / len(planted)
    return {
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 3),
    }
