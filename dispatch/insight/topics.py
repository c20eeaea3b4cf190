"""Matters for 每月一题: frequent, hard and long ones, each with its evidence (Art. 26, 27)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dispatch.insight.privacy import rate

TOP, LISTED = 20, 15
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Topic:
    """A matter and why it is here: orders in twelve months, in how many of them it was among the twenty most frequent, how it went."""

    matter: str
    filed: int
    months_on_top: int
    rework_rate: float | None
    overdue_rate: float | None
    score: float


def choose(rows: Iterable[tuple[str, date, int, int, int]], floor: int) -> list[Topic]:
    """Return the topics of these (matter, day, filed, reworked, overdue), the most pressing first.

    The score, 0 to 1, is the mean of the matter's places among all by orders, months on top, rework rate and overdue rate.
    """
    by_month: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for matter, day, filed, reworked, overdue in rows:
        if matter:
            by_month[day.year, day.month][matter] += filed
            sums[matter] = [old + new for old, new in zip(sums[matter], (filed, reworked, overdue), strict=True)]
    on_top: dict[str, int] = defaultdict(int)
    for counts in by_month.values():
        for matter in sorted(counts, key=lambda each: (-counts[each], each))[:TOP]:
            on_top[matter] += counts[matter] > 0
    known = {matter: found for matter, found in sums.items() if found[0] >= floor}
    measures = [
        {matter: float(filed) for matter, (filed, _, _) in known.items()},
        {matter: float(on_top[matter]) for matter in known},
        {matter: reworked / filed for matter, (filed, reworked, _) in known.items()},
        {matter: overdue / filed for matter, (filed, _, overdue) in known.items()},
    ]
    places = [_places(measure) for measure in measures]
    topics = [
        Topic(
            matter,
            filed,
            min(on_top[matter], _MONTHS),
            rate(reworked, filed, floor),
            rate(overdue, filed, floor),
            round(sum(place[matter] for place in places) / len(places), 3),
        )
        for matter, (filed, reworked, overdue) in known.items()
    ]
    return sorted((topic for topic in topics if topic.months_on_top), key=lambda topic: (-topic.score, topic.matter))[:LISTED]


def _places(measure: dict[str, float]) -> dict[str, float]:
    """Return each matter's place, from 0 for the least to 1; equals share one."""
    values = sorted(measure.values())
    least = {value: values.index(value) for value in set(values)}
    return {matter: least[value] / max(len(values) - 1, 1) for matter, value in measure.items()}
