"""Earlier orders that a new one may repeat (Art. 12(2)(3)): suggestions for people who merge, never a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatch.orders.models import Order
from dispatch.orders.workflow import OPEN_STATES, State

_PERIOD = timedelta(days=60)
_UNMERGEABLE = (State.MERGED.value, State.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier order, and what it has in common with the one asked about."""

    order: Order
    why: list[str]


def candidates(session: Session, order: Order, *, limit: int = 6) -> list[Candidate]:
    """Return earlier orders that ``order`` may repeat: same conversation, same caller, or the same matter in the same place and open.

    Those with most in common come first, then the newest.
    """
    found: dict[int, Candidate] = {}
    for why, conditions in _alike(order):
        query = (
            select(Order)
            .where(*conditions, Order.id < order.id, Order.created_at > order.created_at - _PERIOD, Order.state.not_in(_UNMERGEABLE))
            .order_by(Order.id.desc())
            .limit(limit)
        )
        for other in session.scalars(query):
            found.setdefault(other.id, Candidate(other, [])).why.append(why)
    return sorted(found.values(), key=lambda each: (-len(each.why), -each.order.id))[:limit]


def _alike(order: Order) -> Iterator[tuple[str, list[ColumnElement[bool]]]]:
    if order.conversation_id:
        yield "同一会话", [Order.conversation_id == order.conversation_id]
    if order.contact_lookup:
        yield "同一联系电话", [Order.contact_lookup == order.contact_lookup]
    if order.unit_code and order.street and order.matter_code:
        place = [Order.street == order.street, Order.matter_code == order.matter_code]
        same_unit = [Order.unit_code == order.unit_code, Order.state.in_([state.value for state in OPEN_STATES])]
        label = "同街乡、同事项"
        if order.community:
            place.append(Order.community == order.community)
            label = "同社区、同事项"
        yield label, [*same_unit, *place]
