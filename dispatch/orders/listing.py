"""Lists of orders for other systems: filtered, in a fixed order, page by page from a cursor (no OFFSET, no counting)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderCoHandling, OrderUnit
from dispatch.orders.workflow import OPEN_STATES, State

Part = Literal["lead", "copied", "co"]


class BadCursorError(ValueError):
    """A cursor that this API didn't hand out."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What an order must be to be listed; None where it doesn't matter. ``part`` is what ``unit`` has to be to it."""

    states: tuple[State, ...] = ()
    unit: str | None = None
    part: Part = "lead"
    matter: str | None = None
    district: str | None = None
    street: str | None = None
    request_type: str | None = None
    channel: str | None = None
    numbers: tuple[str, ...] | None = None
    objections: int | None = None
    """At least so many objections to its dispatch."""

    overdue_at: datetime | None = None
    """Only orders that are open and past their deadline at this moment."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_after: datetime | None = None
    """Only orders changed after this moment, in the order of their changes: how a unit's system keeps up."""


def page(session: Session, wanted: OrderFilter, *, cursor: str | None, limit: int) -> tuple[list[Order], str | None]:
    """Return up to ``limit`` orders and the cursor that leads on (None at the end).

    The last registered first; with ``updated_after`` by time of change, oldest change first. Raises BadCursorError.
    """
    by_change = wanted.updated_after is not None
    query = select(Order).where(*conditions(wanted))
    if cursor is not None:
        at, row_id = decode_cursor(cursor)
        beyond = or_(Order.updated_at > at, and_(Order.updated_at == at, Order.id > row_id)) if by_change else Order.id < row_id
        query = query.where(beyond)
        if by_change:
            query = query.where(Order.updated_at >= at)  # the planner's handle on the index
    order_by = (Order.updated_at, Order.id) if by_change else (Order.id.desc(),)
    rows = list(session.scalars(query.order_by(*order_by).limit(limit + 1)))
    return rows[:limit], _encode(rows[limit - 1]) if len(rows) > limit else None


def conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    """Return ``wanted`` as the conditions of a query on orders."""
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(Order.state.in_([state.value for state in wanted.states]))
    if wanted.unit is not None:
        copied = select(OrderUnit.order_id).where(OrderUnit.unit_code == wanted.unit, OrderUnit.relation == "copied")
        helped = select(OrderCoHandling.order_id).where(OrderCoHandling.unit_code == wanted.unit)
        parts = {"lead": Order.unit_code == wanted.unit, "copied": Order.id.in_(copied), "co": Order.id.in_(helped)}
        found.append(parts[wanted.part])
    if wanted.numbers is not None:
        found.append(Order.number.in_(wanted.numbers))
    if wanted.objections is not None:
        found.append(Order.objections >= wanted.objections)
    for column, value in (
        (Order.matter_code, wanted.matter),
        (Order.district, wanted.district),
        (Order.street, wanted.street),
        (Order.request_type, wanted.request_type),
        (Order.channel, wanted.channel),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.overdue_at is not None:
        states = [state.value for state in OPEN_STATES - {State.HELD}]
        found += [Order.state.in_(states), Order.deadline_at < wanted.overdue_at]
    if wanted.created_from is not None:
        found.append(Order.created_at >= wanted.created_from)
    if wanted.created_to is not None:
        found.append(Order.created_at < wanted.created_to)
    if wanted.updated_after is not None:
        found.append(Order.updated_at > wanted.updated_after)
    return found


def _encode(order: Order) -> str:
    return encode_cursor(order.updated_at, order.id)


def encode_cursor(at: datetime, row_id: int) -> str:
    """Return the cursor that stands for a place in a list: a moment, and the row that it belongs to."""
    text = f"{at.astimezone(timezone.utc).isoformat()}|{row_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the moment and row of a cursor. Raises BadCursorError."""
    try:
        at, row_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split("|")
        moment, number = datetime.fromisoformat(at), int(row_id)
    except (ValueError, binascii.Error) as error:
        raise BadCursorError("cursor: 不是本接口给出的游标") from error
    if moment.tzinfo is None or not 0 <= number < 2**63:
        raise BadCursorError("cursor: 不是本接口给出的游标")
    return moment, number
