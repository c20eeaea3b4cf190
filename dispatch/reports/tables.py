"""Tables of a report, and what may not be read from them (Art. 29(4)): no cell tells of fewer than ``K`` orders."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dispatch.statistics.counting import Tally

K = 5
"""The fewest orders that a published row may stand for."""

OTHERS, UNKNOWN, NOWHERE = "其他（不足 5 件的合并）", "未归类", "地点不详"
UNNAMED = frozenset({OTHERS, UNKNOWN, NOWHERE})
"""Rows that stand for nothing in particular: in the table, but not among the leading."""

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is the CSV's file name without ending; ``rows`` are as long as ``columns``; shares are fractions of 1."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shares: frozenset[int] = frozenset()
    """Columns that are shown as percentages."""

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
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def publishable(found: Mapping[str, Tally]) -> list[tuple[str | None, Tally]]:
    """Return keys and tallies, the most first, with rows of fewer than ``K`` orders put together under None at the end.

    A single small row could be told by subtracting the others from the total: then the smallest of the others goes with it, and so on
    until those put together are ``K`` at least.
    """
    kept = sorted(((key, tally) for key, tally in found.items() if tally.filed >= K), key=lambda row: (-row[1].filed, row[0]))
    small = [tally for tally in found.values() if 0 < tally.filed < K]
    together = Tally()
    for tally in small:
        together.add(tally)
    while small and kept and (len(small) == 1 or together.filed < K):
        small.append(kept[-1][1])
        together.add(kept.pop()[1])
    if not small:
        return list(kept)
    return [*kept, (None, together)] if together.filed >= K else [*kept]


def of_tallies(name: str, title: str, label: str, found: Mapping[str, Tally], text: Callable[[str], str], *, public: bool = True) -> Table:
    """Return a table of ``found``: volume, share, punctuality, hours to the answer, rework. ``public`` keeps small rows back."""
    whole = sum(tally.filed for tally in found.values())
    rows = publishable(found) if public else sorted(found.items(), key=lambda row: (-row[1].filed, row[0]))
    columns = (label, "受理量", "占比", "按时答复率", "平均答复用时（小时）", "超时件数", "退回重办件数")
    return Table(
        name,
        title,
        columns,
        tuple(
            (
                OTHERS if key is None else text(key),
                tally.filed,
                tally.filed / whole if whole else None,
                tally.on_time_rate,
                tally.answer_hours,
                _kept_back(tally.overdue, public),
                _kept_back(tally.reworked, public),
            )
            for key, tally in rows
        ),
        frozenset({2, 3}),
    )


def _kept_back(number: int, public: bool) -> Cell:
    return f"少于 {K}" if public and 0 < number < K else number
