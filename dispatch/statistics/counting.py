"""From orders to counts: pure, so that counting again gives the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from dispatch.core.clock import beijing
from dispatch.orders.facts import OrderFacts

DIMENSIONS = ("all", "channel", "type", "handling", "group", "matter", "district", "street", "unit", "unit_group", "hour", "ending", "wait")
"""What orders are counted by. ``street`` is keyed ``district/street``, ``unit_group`` ``unit/group``; a key that isn't known is empty.

``wait`` is how long the first answer took, keyed by the first of ``WAITS`` it kept within; empty while there is none.
A dimension added here is counted for the past too: the migration that comes with it forgets how far was counted.
"""

WAITS = {"0002": 2, "0024": 24, "0072": 72, "0168": 168, "0360": 360, "longer": None}
"""Hours, by key."""

_OVER = frozenset({"closed", "withdrawn"})
_DISPATCHED = frozenset({"dispatch", "answer", "liaison"})


@dataclass(slots=True)
class Tally:
    """How many orders, and what became of them; ``answer_seconds`` is a sum of seconds."""

    filed: int = 0
    dispatched: int = 0
    answered: int = 0
    on_time: int = 0
    overdue: int = 0
    closed: int = 0
    reworked: int = 0
    extended: int = 0
    objected: int = 0
    answer_seconds: int = 0

    def add(self, other: Tally) -> None:
        """Add ``other`` to this."""
        for name in TALLIED:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def on_time_rate(self) -> float | None:
        """Share of the answered and overdue orders that were answered before their deadline had passed."""
        judged = self.on_time + self.overdue
        return self.on_time / judged if judged else None

    @property
    def answer_hours(self) -> float | None:
        """Mean hours from filing to the first answer."""
        return self.answer_seconds / self.answered / 3600 if self.answered else None


TALLIED = tuple(field.name for field in fields(Tally))
Counts = dict[str, dict[str, Tally]]
"""By dimension and key."""


def count(orders: Iterable[OrderFacts]) -> Counts:
    """Return the counts of ``orders`` by every dimension."""
    sums: dict[str, dict[str, list[int]]] = {dimension: {} for dimension in DIMENSIONS}
    for order in orders:
        # Lists, and only what isn't zero: a year of Beijing is eleven million orders in twelve dimensions.
        values = [(place, value) for place, value in enumerate(_values(order)) if value]
        for dimension, key in _keys(order):
            cell = sums[dimension].setdefault(key, [0] * len(TALLIED))
            for place, value in values:
                cell[place] += value
    return {dimension: {key: Tally(*cell) for key, cell in cells.items()} for dimension, cells in sums.items()}


def _values(order: OrderFacts) -> tuple[int, ...]:
    """Return what ``order`` adds to each field of a tally, in their order."""
    answered = order.answered_at is not None
    return (
        1,
        order.handling in _DISPATCHED,
        answered,
        answered and not order.overdue,
        order.overdue,
        order.state in _OVER,
        order.reworks > 0,
        order.extended,
        order.objected,
        int((order.answered_at - order.created_at).total_seconds()) if order.answered_at else 0,
    )


def _keys(order: OrderFacts) -> Iterator[tuple[str, str]]:
    group = (order.matter_code or "")[:2]
    yield "all", ""
    yield "channel", order.channel
    yield "type", order.request_type or ""
    yield "handling", order.handling
    yield "group", group
    yield "matter", order.matter_code or ""
    yield "district", order.district or ""
    yield "street", f"{order.district}/{order.street}" if order.district and order.street else ""
    yield "unit", order.unit_code or ""
    yield "unit_group", f"{order.unit_code or ''}/{group}"
    yield "hour", f"{beijing(order.created_at).hour:02d}"
    yield "ending", order.ending or ""
    yield "wait", _wait(order)


def _wait(order: OrderFacts) -> str:
    if order.answered_at is None:
        return ""
    hours = (order.answered_at - order.created_at).total_seconds() / 3600
    return next(key for key, limit in WAITS.items() if limit is None or hours <= limit)
