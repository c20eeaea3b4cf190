"""Tables of a report, and what may not be read from them (Art. 29(4)): no cell tells of fewer than ``K`` orders."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from dispatch.statistics.counting import WAITS, Tally

K = 5
"""The fewest orders that a published row may stand for."""

OTHERS, UNKNOWN, NOWHERE, UNASSIGNED = "其他（合并列出）", "未归类", "地点不详", "未派到单位"
KEPT_BACK = "＊"
"""In the place of a number that would tell, or let anyone tell, of fewer than ``K`` orders."""

UNNAMED = frozenset({OTHERS, UNKNOWN, NOWHERE, UNASSIGNED})
"""Rows that stand for nothing in particular: in the table, but not among the leading."""

WEEKDAYS = tuple(f"周{day}" for day in "一二三四五六日")

WAIT_NAMES = {
    "0002": "2 小时以内",
    "0024": "2 至 24 小时",
    "0072": "1 至 3 天",
    "0168": "3 至 7 天",
    "0360": "7 至 15 天",
    "longer": "15 天以上",
    "": "尚未答复",
}

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The keys of a table whose volume (``filed``) or other numbers aren't published."""

    filed: frozenset[str] = frozenset()
    overdue: frozenset[str] = frozenset()
    reworked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is the CSV's file name without ending; ``rows`` are as long as ``columns``; shares are fractions of 1."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shares: frozenset[int] = frozenset()
    """Columns that are shown as percentages."""

    kept: Kept = field(default_factory=Kept)

    def shown(self, limit: int | None = None) -> list[list[str]]:
        """Return the rows as people read them, the first ``limit``."""
        return [[_shown(value, number in self.shares) for number, value in enumerate(row)] for row in self.rows[:limit]]

    def write(self, folder: Path) -> Path:
        """Write the table as CSV that spreadsheets open rightly (UTF-8 with BOM), and return its path."""
        file = folder / f"{self.name}.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(self.columns)
            for row in self.rows:
                writer.writerow(_harmless(round(value, 4) if isinstance(value, float) else value) for value in row)
        return file


def _shown(value: Cell, share: bool) -> str:
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:.1%}" if share else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else value


def _harmless(value: Cell) -> Cell:
    """Return ``value`` so that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


Parents = Callable[[str], tuple[str, ...]]
"""From a key to those of other published tables that it is part of."""


def nowhere(_key: str) -> tuple[str, ...]:
    """Say of a key that it is part of nothing else."""
    return ()


def kept_back(values: Mapping[str, int], parents: Parents = nowhere, above: Set[str] = frozenset()) -> set[str]:
    """Return the keys of ``values`` that may not be published: those of fewer than ``K``, and those that would give them away.

    A single small value could be told by subtracting the others from the total, and where keys lie in ``parents`` that are published too
    (a street in its district, a day in its month), from the parent's. So in the whole, and in each parent, at least two keys are kept back
    and they are ``K`` together, or none is. What lies in a parent that is itself kept back (``above``) is kept back too.
    """
    counted = {key: value for key, value in values.items() if value}
    hidden = {key for key, value in counted.items() if value < K or not above.isdisjoint(parents(key))}
    groups: dict[str | None, list[str]] = defaultdict(list)
    for key in sorted(counted, key=lambda key: (counted[key], key)):
        groups[None].append(key)
        for parent in parents(key):
            groups[parent].append(key)
    before = -1
    while before != len(hidden):
        before = len(hidden)
        for members in groups.values():
            _hide_enough(members, counted, hidden)
    return hidden


def _hide_enough(members: list[str], counted: Mapping[str, int], hidden: set[str]) -> None:
    inside = [key for key in members if key in hidden]
    together = sum(counted[key] for key in inside)
    for key in members:
        if not inside or (len(inside) > 1 and together >= K):
            return
        if key not in hidden:
            hidden.add(key)
            inside.append(key)
            together += counted[key]


def of_tallies(
    name: str,
    title: str,
    label: str,
    found: Mapping[str, Tally],
    text: Callable[[str], str],
    *,
    public: bool = True,
    within: Table | None = None,
    parents: Parents = nowhere,
    in_order: bool = False,
) -> Table:
    """Return a table of ``found``: volume, share, punctuality, hours to the answer, rework; the most first, or by key (``in_order``).

    ``public`` keeps small numbers back; ``within`` is the published table whose keys are the ``parents`` of this one's.
    """
    whole = sum(tally.filed for tally in found.values())
    kept = _kept(found, parents, within.kept if within else Kept()) if public else Kept()
    shown = [(key, tally) for key, tally in found.items() if key not in kept.filed]
    shown.sort(key=lambda row: row[0] if in_order else (-row[1].filed, row[0]))
    rows: list[tuple[Cell, ...]] = [
        (text(key), tally.filed, tally.filed / whole, *_handled(key, tally, kept, public=public)) for key, tally in shown
    ]
    together = sum(found[key].filed for key in kept.filed)
    if together >= K:
        rows.append((OTHERS, together, together / whole, KEPT_BACK, KEPT_BACK, KEPT_BACK, KEPT_BACK))
    columns = (label, "受理量", "占比", "按时答复率", "平均答复用时（小时）", "超时件数", "退回重办件数")
    return Table(name, title, columns, tuple(rows), frozenset({2, 3}), kept)


def _kept(found: Mapping[str, Tally], parents: Parents, above: Kept) -> Kept:
    filed = kept_back({key: tally.filed for key, tally in found.items()}, parents, above.filed)
    overdue, reworked = (
        kept_back({key: getattr(tally, name) for key, tally in found.items()}, parents, getattr(above, name))
        for name in ("overdue", "reworked")
    )
    return Kept(frozenset(filed), frozenset(overdue), frozenset(reworked))


def _handled(key: str, tally: Tally, kept: Kept, *, public: bool) -> tuple[Cell, Cell, Cell, Cell]:
    """Return punctuality, hours, overdue and reworked of one row; a share tells its number, so it is kept back with it."""
    few = public and 0 < tally.on_time < K
    return (
        KEPT_BACK if few or key in kept.overdue else tally.on_time_rate,
        KEPT_BACK if public and 0 < tally.answered < K else tally.answer_hours,
        KEPT_BACK if key in kept.overdue else tally.overdue,
        KEPT_BACK if key in kept.reworked else tally.reworked,
    )


def in_time(name: str, title: str, label: str, found: Mapping[str, Tally], *, public: bool = True, within: Table | None = None) -> Table:
    """Return a table of volume, punctuality and hours to the answer by day or month, in their order; a day lies in its month."""
    parents: Parents = _month if within else nowhere
    kept = _kept(found, parents, within.kept if within else Kept()) if public else Kept()
    rows = [
        (key, KEPT_BACK, KEPT_BACK, KEPT_BACK) if key in kept.filed else (key, tally.filed, *_handled(key, tally, kept, public=public)[:2])
        for key, tally in sorted(found.items())
    ]
    return Table(name, title, (label, "受理量", "按时答复率", "平均答复用时（小时）"), tuple(rows), frozenset({2}), kept)


def of_years(name: str, title: str, label: str, found: Mapping[str, int], before: Mapping[str, int], text: Callable[[str], str]) -> Table:
    """Return a table of volume beside that of the year before, the greatest change first; only what may be published of both."""
    kept = kept_back(found) | kept_back(before)
    keys = sorted((found.keys() & before.keys()) - kept, key=lambda key: (-abs(found[key] - before[key]), key))
    rows = tuple(
        (text(key), found[key], before[key], found[key] - before[key], found[key] / before[key] - 1) for key in keys if before[key]
    )
    return Table(name, title, (label, "本期", "上年同期", "增减件数", "增减幅度"), rows, frozenset({4}))


def _month(day: str) -> tuple[str, ...]:
    return (day[:7],)


def of_weekdays(found: Mapping[str, int], hours: Table, *, public: bool) -> Table:
    """Return a table of volume by weekday and hour; ``found`` is keyed ``1/09``: Monday, nine o'clock."""
    kept = kept_back(found, lambda key: (f"weekday {key[0]}", key[2:]), hours.kept.filed) if public else set()
    rows = []
    for weekday, name in enumerate(WEEKDAYS, 1):
        keys = [f"{weekday}/{hour:02d}" for hour in range(24)]
        rows.append((name, *(KEPT_BACK if key in kept else found.get(key, 0) for key in keys)))
    return Table("weekdays", "一周各时段受理量", ("星期", *(f"{hour:02d}:00" for hour in range(24))), tuple(rows))


def of_waits(found: Mapping[str, Tally], *, public: bool) -> Table:
    """Return a table of how long first answers took, from the quickest to those still awaited."""
    counted = {key: found[key].filed for key in (*WAITS, "") if key in found}
    kept = kept_back(counted) if public else set()
    whole = sum(counted.values())
    rows = tuple(
        (WAIT_NAMES[key], KEPT_BACK if key in kept else number, KEPT_BACK if key in kept else number / whole)
        for key, number in counted.items()
    )
    return Table("waits", "首次答复用时", ("用时", "件数", "占比"), rows, frozenset({2}))


def said(number: int, *, public: bool, of: str = "件") -> str:
    """Return ``number`` as a report says it; a public one doesn't tell numbers below ``K``."""
    return f"不足 {K} {of}" if public and 0 < number < K else f"{number:,} {of}"
