"""What becomes of repeats when the order that they were merged into moves on (Art. 12(2)(3))."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.orders import moving, repository
from dispatch.orders.merging import MERGED_INTO
from dispatch.orders.models import Order, OrderEvent
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.step import SYSTEM
from dispatch.orders.workflow import State
from dispatch.understanding.service import Reference

_MOVES = {State.CLOSED.value: "close_merged", State.WITHDRAWN.value: "unmerge"}


def follow(session: Session, order: Order, event: OrderEvent, *, now: datetime, reference: Reference, rules: OrderRules) -> None:
    """Let the orders merged into ``order`` follow its ``event``: closed with it, independent again when it is withdrawn.

    An order merged into one that is closed already is closed at once.
    """
    if event.name == "merge":
        parent = repository.parent(session, order.id, MERGED_INTO)
        if parent is not None and parent.state == State.CLOSED.value:
            moving.move(session, order, "close_merged", TransitionIn(), actor=SYSTEM, now=now, reference=reference, rules=rules)
        return
    name = _MOVES.get(order.state)
    if name is None:
        return
    given = TransitionIn(reason="所并入的工单已撤回" if name == "unmerge" else None)
    for child in repository.children(session, order.id, MERGED_INTO, lock=True):
        if child.state == State.MERGED.value:
            moving.move(session, child, name, given, actor=SYSTEM, now=now, reference=reference, rules=rules)
