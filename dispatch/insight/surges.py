"""Surges: where more was filed on a matter than the season lets expect, tested against chance (Art. 26).

A cell is a place (city, district, street) and a matter (item, or group: the first two digits). Its expectation is the weighted mean of the
eight weeks before, drawn towards what its surroundings let expect, times the season (how last year moved at this time), times how its
surroundings have moved this week: a cold day is one surge of the city's, not three hundred of its streets'. The probability of seeing as
much comes from the negative binomial distribution, whose spread holds both the counts' own and our doubt about the mean; among all cells
tested, the share of false alarms is bounded (Benjamini-Hochberg).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

WEEKS = 8
_FADE = 0.9
"""Weight of a week against the one after it."""

_PRIOR_WEEKS = 1.0
_NEIGHBOURS = 10.0
"""Orders by which the surroundings' movement is drawn towards its own surroundings'."""

_SPREAD = (0.01, 0.5)
_EXPLAINED = 0.7
"""A place is left out where one of its parts has this share of its excess."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A place and a matter; empty strings mean all of them. ``matter`` is a code of four digits or a group of two."""

    district: str
    street: str
    matter: str

    @property
    def above(self) -> Cell | None:
        """The cell around it: a street's district, a district's city."""
        if self.street:
            return Cell(self.district, "", self.matter)
        return Cell("", "", self.matter) if self.district else None


@dataclass(frozen=True, slots=True)
class Surge:
    """More than expected: ``days`` is the length of the window that shows it best, ``q`` the bound on the share of false alarms."""

    cell: Cell
    days: int
    observed: int
    expected: float
    q: float


def table(leaves: Iterable[tuple[str, str, str, int]]) -> dict[Cell, int]:
    """Return the count of every cell that these (district, street, matter, count) belong to; unknown places count above only."""
    found: dict[Cell, int] = {}
    for district, street, matter, count in leaves:
        if not matter:
            continue
        places = [("", "")] + ([(district, "")] if district else []) + ([(district, street)] if district and street else [])
        for place in places:
            for code in (matter, matter[:2]):
                cell = Cell(*place, code)
                found[cell] = found.get(cell, 0) + count
    return found


def detect(
    windows: Mapping[int, tuple[Mapping[Cell, int], Sequence[Mapping[Cell, int]]]],
    *,
    shares: Mapping[int, Mapping[str, float]],
    season: Mapping[str, float],
    false_discoveries: float,
    least: int,
    least_ratio: float,
) -> list[Surge]:
    """Return the surges, the least likely by chance first.

    Args:
        windows: by length in days, the counts of the window itself and of the eight weeks before it, the newest first.
        shares: by length and matter, which share of a week the window usually has (1.0 for seven days).
        season: by matter, how many times the mean of the eight weeks before last year had at this time of the year.
        false_discoveries: share of the result that may be chance.
        least: fewest orders that make a surge; also the floor under which no count may be shown.
        least_ratio: how many times its expectation it has to be.
    """
    tested: list[tuple[float, Cell, int, int, float]] = []
    for days, (now, weeks) in windows.items():
        cells = sorted({*now, *(cell for week in weeks for cell in week)}, key=lambda cell: (cell.matter, cell.district, cell.street))
        if not cells:
            continue
        observed, expected, chance = _test(cells, now, weeks, shares[days], season)
        tested += zip(chance.tolist(), cells, [days] * len(cells), observed.astype(int).tolist(), expected.tolist(), strict=True)
    tested.sort(key=lambda each: each[0])
    found: dict[Cell, Surge] = {}
    for place, bound in enumerate(_bounds([each[0] for each in tested])):
        _, cell, days, count, mean = tested[place]
        if bound > false_discoveries:
            break
        if cell not in found and count >= least and count >= least_ratio * mean:
            found[cell] = Surge(cell, days, count, round(mean, 1), bound)
    return [surge for surge in found.values() if not _explained(surge, found)]


def _test(
    cells: Sequence[Cell],
    now: Mapping[Cell, int],
    weeks: Sequence[Mapping[Cell, int]],
    shares: Mapping[str, float],
    season: Mapping[str, float],
) -> tuple[Floats, Floats, Floats]:
    """Return what was observed in each cell, what was expected, and the probability of at least as many."""
    position: dict[Cell | None, int] = {cell: number for number, cell in enumerate(cells)}
    above = np.array([position.get(cell.above, -1) for cell in cells])
    observed = np.array([now.get(cell, 0) for cell in cells], float)
    past = np.array([[week.get(cell, 0) for week in weeks] for cell in cells], float)
    weights = _FADE ** np.arange(past.shape[1])
    sums = past @ weights
    # A cell with hardly a history is expected to have a part of its surroundings' rate, as its past year's share says least about it.
    siblings = np.bincount(above[above >= 0], minlength=len(cells))
    share = np.where(above >= 0, 1 / np.maximum(siblings[above], 1), 0.0)
    prior = np.where(above >= 0, sums[above] / weights.sum() * share, sums / weights.sum())
    shape = sums + _PRIOR_WEEKS * prior + 0.1
    mean = shape / (weights.sum() + _PRIOR_WEEKS)
    usual = np.array([shares.get(cell.matter, shares[""]) * season.get(cell.matter, 1.0) for cell in cells])
    expected = mean * usual
    expected = expected * _moved(cells, above, observed, expected)
    spread = _spreads(cells, past)
    size = 1 / (spread + 1 / shape)
    chance = nbinom.sf(observed - 1, size, size / (size + expected))
    return observed, expected, np.asarray(chance)


def _moved(cells: Sequence[Cell], above: NDArray[Any], observed: Floats, expected: Floats) -> Floats:
    """Return by how much each cell's surroundings, without itself, have risen; 1 where they haven't."""
    around, usual = observed[above] - observed, expected[above] - expected
    moved = np.ones(len(cells))
    for _level in ("district", "street"):  # a district's neighbourhood is drawn towards no movement, a street's towards its district's
        ratio = (np.maximum(around, 0) + _NEIGHBOURS * moved[above]) / (np.maximum(usual, 0) + _NEIGHBOURS)
        moved = np.where(above >= 0, np.maximum(ratio, 1.0), 1.0)
    return moved


def _spreads(cells: Sequence[Cell], past: Floats) -> Floats:
    """Return how much more than by chance the cells of each matter and kind of place vary from week to week."""
    kinds = [(cell.matter, bool(cell.district), bool(cell.street)) for cell in cells]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    kind_of = np.array([numbers[kind] for kind in kinds])
    mean = past.mean(axis=1)
    weeks = past.shape[1]
    excess = ((past - mean[:, None]) ** 2).sum(axis=1) / (weeks - 1) - mean
    ratio = np.bincount(kind_of, excess) / np.maximum(np.bincount(kind_of, mean**2), 1e-9)
    spread: Floats = np.clip(ratio, *_SPREAD)[kind_of]
    return spread


def _bounds(chances: Sequence[float]) -> list[float]:
    """Return, for rising probabilities, the share of false alarms among all up to each (Benjamini-Hochberg)."""
    count = len(chances)
    values = np.array(chances) * count / np.arange(1, count + 1)
    return [float(value) for value in np.minimum.accumulate(values[::-1])[::-1]] if count else []


def _explained(surge: Surge, found: Mapping[Cell, Surge]) -> bool:
    """Say whether another surge, of a part of this cell, has most of its excess."""
    cell = surge.cell
    excess = surge.observed - surge.expected
    for other in found.values():
        part = other.cell
        inside = part != cell and cell.district in ("", part.district) and cell.street in ("", part.street)
        if inside and part.matter.startswith(cell.matter) and other.observed - other.expected >= _EXPLAINED * excess:
            return True
    return False
