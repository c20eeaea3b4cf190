"""Units that help the one in charge: those it asked to co-handle, called by whistle or asked to coordinate. What they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.orders import repository
from dispatch.orders.models import Order, OrderCoHandling, OrderEscalation, OrderWhistle
from dispatch.orders.step import Step
from dispatch.orders.terms import Party

Row = OrderCoHandling | OrderWhistle | OrderEscalation


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A unit that still owes a report, its arrival or an opinion: asked at ``since``, due at ``due_at``."""

    party: Party
    unit_code: str
    since: datetime
    due_at: datetime
    row: Row


def outstanding(session: Session, order_id: int) -> list[Outstanding]:
    """Return the units that still owe something to an order."""
    found = [
        Outstanding(Party.CO_UNIT, row.unit_code, row.asked_at, row.due_at, row)
        for row in repository.co_handlings(session, order_id)
        if row.state == "asked" and row.asked_at and row.due_at
    ]
    found += [
        Outstanding(Party.CALLED, each.unit_code, each.called_at, each.coming_at or each.due_at, each)
        for each in repository.whistles(session, order_id)
        if each.state in ("called", "coming")
    ]
    found += [
        Outstanding(Party.ABOVE, every.unit_code, every.raised_at, every.due_at, every)
        for every in repository.escalations(session, order_id)
        if every.state == "raised"
    ]
    return found


def parties(session: Session, order: Order, unit_code: str | None) -> frozenset[Party]:
    """Return what ``unit_code`` is to ``order`` now."""
    if unit_code is None:
        return frozenset()
    if unit_code == order.unit_code:
        return frozenset({Party.LEAD})
    return frozenset(each.party for each in outstanding(session, order.id) if each.unit_code == unit_code)


def had_part(session: Session, order: Order, unit_code: str) -> bool:
    """Say whether ``unit_code`` helps or helped with ``order``, or is suggested to by the catalogue."""
    rows: list[Row] = [*repository.co_handlings(session, order.id), *repository.whistles(session, order.id)]
    rows += repository.escalations(session, order.id)
    return any(row.unit_code == unit_code for row in rows)


def release_helpers(step: Step) -> None:
    """Let go of every unit that still owes something: the order goes on without them."""
    for each in outstanding(step.session, step.order.id):
        each.row.state = "released"
        step.detail.setdefault("released", []).append(each.unit_code)
        step.notify.append(each.unit_code)
        step.replan = True
