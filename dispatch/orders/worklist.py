"""What people work through: orders by deadline with a cursor, how many stand where, a district's streets at a glance.

Every query reads an index in its order and stops at a page's end, whatever the number of orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from dispatch.orders.listing import OrderFilter, conditions, decode_cursor, encode_cursor
from dispatch.orders.models import Order, OrderEvent, OrderUnit
from dispatch.orders.workflow import OPEN_STATES, State

COUNTED_UP_TO = 10_000
"""More than this isn't counted: a tab says "9999+"."""

TIMED_STATES = (State.DISPATCHED, State.OBJECTED, State.ACCEPTED, State.HELD)
"""Open states in which an order has a deadline; what is only registered has none yet."""

_RUNNING = tuple(state.value for state in OPEN_STATES - {State.HELD})


def by_deadline(session: Session, wanted: OrderFilter, *, cursor: str | None, limit: int) -> tuple[list[Order], str | None]:
    """Return up to ``limit`` orders that have a deadline, the most urgent first, and the cursor that leads on (None at the end).

    ``wanted.states`` are read one by one, so that each comes sorted from the index. Raises BadCursorError.
    """
    found: list[Order] = []
    for state in wanted.states or TIMED_STATES:
        query = select(Order).where(*conditions(replace(wanted, states=(state,))), Order.deadline_at.is_not(None))
        if cursor is not None:
            at, row_id = decode_cursor(cursor)
            query = query.where(Order.deadline_at >= at, or_(Order.deadline_at > at, and_(Order.deadline_at == at, Order.id > row_id)))
        found += session.scalars(query.order_by(Order.deadline_at, Order.id).limit(limit + 1))
    found.sort(key=lambda order: (order.deadline_at or order.created_at, order.id))
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], encode_cursor(last.deadline_at or last.created_at, last.id) if last else None


def latest_changed(session: Session, wanted: OrderFilter, *, cursor: str | None, limit: int) -> tuple[list[Order], str | None]:
    """Return up to ``limit`` orders, the last changed first (what is finished), and the cursor that leads on. Raises BadCursorError."""
    query = select(Order).where(*conditions(wanted))
    if cursor is not None:
        at, row_id = decode_cursor(cursor)
        query = query.where(Order.updated_at <= at, or_(Order.updated_at < at, and_(Order.updated_at == at, Order.id < row_id)))
    rows = list(session.scalars(query.order_by(Order.updated_at.desc(), Order.id.desc()).limit(limit + 1)))
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor(last.updated_at, last.id) if last else None


def undispatched(session: Session, wanted: OrderFilter, *, cursor: str | None, limit: int) -> tuple[list[Order], str | None]:
    """Return up to ``limit`` orders that wait to be dispatched, the longest waiting first, and the cursor. Raises BadCursorError."""
    query = select(Order).where(*conditions(replace(wanted, states=(State.REGISTERED,))))
    if cursor is not None:
        query = query.where(Order.id > decode_cursor(cursor)[1])
    rows = list(session.scalars(query.order_by(Order.id).limit(limit + 1)))
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor(last.created_at, last.id) if last else None


def flagged(session: Session, *, limit: int) -> list[Order]:
    """Return the open orders that were sent back so often that the supervisor looks at them, the most urgent first."""
    open_ = Order.state.in_([state.value for state in OPEN_STATES])
    return list(session.scalars(select(Order).where(Order.flagged, open_).order_by(Order.deadline_at, Order.id).limit(limit)))


def numbers(session: Session, wanted: OrderFilter, *, limit: int) -> list[str]:
    """Return the numbers of up to ``limit`` orders that ``wanted`` means, in no order."""
    return list(session.scalars(select(Order.number).where(*conditions(wanted)).limit(limit)))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many orders stand where, each counted up to ``COUNTED_UP_TO``."""

    by_state: dict[str, int]
    overdue: int
    soon: int

    @property
    def open(self) -> int:
        """All that somebody still has to work on."""
        return sum(self.by_state.values())


def standing(session: Session, unit_code: str | None, *, now: datetime, soon: timedelta) -> Standing:
    """Return how many open orders ``unit_code`` (None: the city) has in each state, how many are overdue or due within ``soon``."""
    mine = [Order.unit_code == unit_code] if unit_code else []

    def count(*where: object) -> int:
        some = select(Order.id).where(*mine, *where).limit(COUNTED_UP_TO).subquery()  # type: ignore[arg-type]
        return session.scalar(select(func.count()).select_from(some)) or 0

    due = [(Order.state == state, Order.deadline_at) for state in _RUNNING if state != State.REGISTERED.value]
    return Standing(
        by_state={state.value: count(Order.state == state.value) for state in (State.REGISTERED, *TIMED_STATES)},
        overdue=sum(count(state, at < now) for state, at in due),
        soon=sum(count(state, at >= now, at < now + soon) for state, at in due),
    )


@dataclass(frozen=True, slots=True)
class UnitLoad:
    """What one unit has open."""

    unit_code: str
    waiting: int
    working: int
    objected: int
    overdue: int


def loads(session: Session, unit_codes: Sequence[str], *, now: datetime) -> dict[str, UnitLoad]:
    """Return what each of ``unit_codes`` has open; units without open orders are left out."""
    late = func.sum(case((and_(Order.deadline_at < now, Order.state.in_(_RUNNING)), 1), else_=0))
    states = [state.value for state in OPEN_STATES]
    query = select(Order.unit_code, Order.state, func.count(), late).where(Order.unit_code.in_(unit_codes), Order.state.in_(states))
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for unit, state, number, overdue in session.execute(query.group_by(Order.unit_code, Order.state)):
        rows.setdefault(unit, {})[state] = (number, int(overdue or 0))

    def total(found: dict[str, tuple[int, int]], *wanted: State) -> int:
        return sum(found.get(state.value, (0, 0))[0] for state in wanted)

    return {
        unit: UnitLoad(
            unit_code=unit,
            waiting=total(found, State.REGISTERED, State.DISPATCHED),
            working=total(found, State.ACCEPTED, State.HELD),
            objected=total(found, State.OBJECTED),
            overdue=sum(overdue for _, overdue in found.values()),
        )
        for unit, found in rows.items()
    }


def copies_by_change(session: Session, unit_code: str, *, cursor: str | None, limit: int) -> tuple[list[Order], str | None]:
    """Return the orders that ``unit_code`` has a copy of, the newest first, and the cursor that leads on. Raises BadCursorError."""
    query = (
        select(Order)
        .join(OrderUnit, OrderUnit.order_id == Order.id)
        .where(OrderUnit.unit_code == unit_code, OrderUnit.relation == "copied")
    )
    if cursor is not None:
        query = query.where(OrderUnit.order_id < decode_cursor(cursor)[1])
    rows = list(session.scalars(query.order_by(OrderUnit.order_id.desc()).limit(limit + 1)))
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor(last.created_at, last.id) if last else None


def last_said(session: Session, orders: Sequence[Order], event: str) -> dict[str, tuple[str, str]]:
    """Return, by order number, who did ``event`` last and the reason given; orders without such an event are left out."""
    numbers = {order.id: order.number for order in orders}
    query = select(OrderEvent).where(OrderEvent.order_id.in_(numbers), OrderEvent.name == event).order_by(OrderEvent.sequence)
    return {numbers[row.order_id]: (row.actor, str(row.detail.get("reason", ""))) for row in session.scalars(query)}


def open_at(session: Session, unit_code: str) -> int:
    """Return how many orders ``unit_code`` has in hand."""
    states = [state.value for state in OPEN_STATES]
    return session.scalar(select(func.count()).select_from(Order).where(Order.unit_code == unit_code, Order.state.in_(states))) or 0
