"""From counts of callbacks to rates, in exact decimals: the same counts give the same figures, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal

from dispatch.evaluation.rules import Rules

_TENTH = Decimal("0.1")
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """How many callbacks said what. ``valid`` are complete and assessed; ``excluded`` are complete and not assessed."""

    valid: int = 0
    contacted: int = 0
    resolved: int = 0
    partial: int = 0
    satisfied: int = 0
    neutral: int = 0
    excluded: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Rates:
    """Percentages with one decimal; None where there was no valid callback."""

    response: Decimal | None
    solution: Decimal | None
    satisfaction: Decimal | None
    composite: Decimal | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place. Equal composites are told apart by volume (more callbacks first); equal in both, they share the rank."""

    rank: int
    unit_code: str
    counts: Counts
    rates: Rates


def rates(counts: Counts, rules: Rules) -> Rates:
    """Return the three rates (响应率 解决率 满意率) and the composite of ``counts``.

    The composite is computed from the unrounded rates and rounded once, half up.
    """
    if not counts.valid:
        return Rates(None, None, None, None)
    valid = Decimal(counts.valid)
    response = counts.contacted / valid
    solution = (counts.resolved + rules.partial * counts.partial) / valid
    satisfaction = (counts.satisfied + rules.neutral * counts.neutral) / valid
    composite = rules.response * response + rules.solution * solution + rules.satisfaction * satisfaction
    return Rates(*(_percent(share) for share in (response, solution, satisfaction, composite)))


def total(counts: Iterable[Counts]) -> Counts:
    """Return all counts together: a city-wide rate is computed over callbacks, not as the mean of units' rates."""
    return sum(counts, Counts())


def ranked(counts: dict[str, Counts], rules: Rules) -> Sequence[Ranked]:
    """Return the units with valid callbacks, best first."""
    rows = [(code, found, rates(found, rules)) for code, found in counts.items() if found.valid]
    rows.sort(key=lambda row: (-(row[2].composite or 0), -row[1].valid, row[0]))
    result: list[Ranked] = []
    for place, (code, found, rate) in enumerate(rows, 1):
        tie = result and (result[-1].rates.composite, result[-1].counts.valid) == (rate.composite, found.valid)
        result.append(Ranked(result[-1].rank if tie else place, code, found, rate))
    return result


def _percent(share: Decimal) -> Decimal:
    return (share * _PERCENT).quantize(_TENTH, ROUND_HALF_UP)
