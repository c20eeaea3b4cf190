"""Nothing shown may be about so few that they could be known (Art. 26, 29): small cells are left out, and what would give them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dispatch.insight.surges import Cell, Surge

Table = Mapping[tuple[str, str], int]


def guard(table: Table, floor: int) -> dict[tuple[str, str], int | None]:
    """Return the cells of a table by (row, column) with None for those that can't be shown beside the total of their row.

    A cell of 1 to ``floor`` - 1 is left out. A row in which one cell is left out, or whose left-out cells sum to less than ``floor``, would
    give it away through its total: its smallest cell that is still shown goes, too.
    """
    hidden = {key for key, count in table.items() if 0 < count < floor}
    for row in {key[0] for key in hidden}:
        out = [key for key in table if key[0] == row and key in hidden]
        shown = sorted((count, key) for key, count in table.items() if key[0] == row and key not in hidden and count > 0)
        if shown and (len(out) == 1 or sum(table[key] for key in out) < floor):
            hidden.add(shown[0][1])
    return {key: None if key in hidden else count for key, count in table.items()}


def totals(table: Table, floor: int) -> dict[str, int | None]:
    """Return the total of each row, None where it is too small to be shown."""
    sums: dict[str, int] = {}
    for (row, _), count in table.items():
        sums[row] = sums.get(row, 0) + count
    return {row: None if 0 < total < floor else total for row, total in sums.items()}


def rate(part: int, whole: int, floor: int) -> float | None:
    """Return ``part`` of ``whole``, None where either it or the rest is of fewer than ``floor`` (but not of none)."""
    if whole < floor or 0 < part < floor or 0 < whole - part < floor:
        return None
    return round(part / whole, 3)


def without_small_differences(surges: Sequence[Surge], floor: int) -> list[Surge]:
    """Return ``surges`` without those from which, with the parts of them that are shown too, a count under ``floor`` could be taken."""
    kept = []
    for surge in surges:
        parts = [other for other in surges if other.days == surge.days and other.cell != surge.cell and _within(other.cell, surge.cell)]
        finest = [part.observed for part in parts if not any(_within(part.cell, other.cell) and part != other for other in parts)]
        rests = [surge.observed - part.observed for part in parts] + ([surge.observed - sum(finest)] if finest else [])
        if not any(0 < rest < floor for rest in rests):
            kept.append(surge)
    return kept


def _within(part: Cell, whole: Cell) -> bool:
    return whole.district in ("", part.district) and whole.street in ("", part.street) and part.matter.startswith(whole.matter)
