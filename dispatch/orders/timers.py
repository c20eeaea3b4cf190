"""Sweeping what is due: each warning, overdue event, step of the ladder and end of a hold, exactly once in effect.

A timer that goes off is a row of its own, unique by order, name and deadline, in the transaction of its event: whoever sweeps twice, or
beside another process, or after kill -9, finds the row and does nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from dispatch.orders import moving, planning, repository
from dispatch.orders.models import Order
from dispatch.orders.planning import Timer
from dispatch.orders.rules import OrderRules, current_rules
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.step import SYSTEM
from dispatch.platform import Platform
from dispatch.understanding.service import Reference

_log = structlog.get_logger(__name__)

_BATCH = 50
"""Orders a transaction: short enough not to keep other writers waiting."""

_AGAIN = timedelta(hours=1)
"""When an order whose timers can't be handled is looked at again."""


def sweep(platform: Platform, limit: int = 5000, *, rules: OrderRules | None = None) -> int:
    """Handle the timers of up to ``limit`` orders that are due now; return how many went off. Several processes may sweep at once."""
    rules = rules or current_rules()
    fired = handled = 0
    while handled < limit:
        now, reference = platform.clock.now(), platform.reference.current()
        with platform.database.write() as session:
            orders = repository.due_orders(session, now, min(_BATCH, limit - handled))
            for order in orders:
                fired += _handle(session, order, rules, now, reference)
        handled += len(orders)
        if len(orders) < _BATCH:
            break
    return fired


def _handle(session: Session, order: Order, rules: OrderRules, now: datetime, reference: Reference) -> int:
    fired = 0
    try:
        with session.begin_nested():
            for timer in planning.due(session, order, rules, now):
                fired += _fire(session, order, timer, rules, now, reference)
            planning.plan(session, order, rules)
    except Exception as error:  # noqa: BLE001 - one order in disorder must not keep the others from their deadlines
        _log.error("timers_failed", order=order.number, error=type(error).__name__)
        order.next_timer_at = now + _AGAIN
        return 0
    return fired


def _fire(session: Session, order: Order, timer: Timer, rules: OrderRules, now: datetime, reference: Reference) -> bool:
    if not repository.mark_fired(session, order.id, timer.name, timer.deadline, now) or timer.stale(now):
        return False
    detail: dict[str, str] = {"timer": timer.name, "due": timer.deadline.isoformat()}
    if timer.helper:
        detail |= {"party": timer.helper.party.value, "helper": timer.helper.unit_code}
    tell = list(timer.tell)
    if timer.tell == ("above",):
        unit = reference.units.find(order.unit_code or "")
        above = reference.units.acting(unit.parent_code) if unit and unit.parent_code else None
        if above is None:
            return False  # nobody above: the supervisor is the next step
        tell = [above.code]
    given = TransitionIn(reason="暂停计时期限已到" if timer.event == "resume" else None)
    moving.move(
        session,
        order,
        timer.event,
        given,
        actor=SYSTEM,
        now=now,
        reference=reference,
        rules=rules,
        detail=detail,
        notify=tell,
    )
    return True
