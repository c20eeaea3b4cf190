"""One move of an order along its table, all in one transaction: the check, the effect, the event, the timers, what it causes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.orders import assignment, co_handling, escalation, flows, handling, helpers, history, merging, planning, repository, whistle
from dispatch.orders.errors import NotInChargeError
from dispatch.orders.models import Order, OrderEvent
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.step import Actor, Effect, Step
from dispatch.orders.terms import Ending
from dispatch.orders.workflow import Condition, Need, Role, State, check
from dispatch.understanding.service import Reference
from nlu import contact as contact_reader

EFFECTS: dict[str, Effect] = {
    **assignment.EFFECTS,
    **handling.EFFECTS,
    **co_handling.EFFECTS,
    **whistle.EFFECTS,
    **escalation.EFFECTS,
    **merging.EFFECTS,
}


def conditions(order: Order, reference: Reference, rules: OrderRules, now: datetime) -> frozenset[Condition]:
    """Return what holds of ``order`` beyond its state."""
    unit = reference.units.find(order.unit_code or "")
    kind = unit.kind if unit else None
    reopenable = (
        order.ending in (None, Ending.HANDLED.value)
        and order.closed_at is not None
        and now <= order.closed_at + rules.reopen_period()
        and order.anonymised_at is None
    )
    facts = {
        Condition.ASSIGNMENT_OPEN: not order.decided,
        Condition.OBJECTIONS_LEFT: order.objections < rules.objections,
        Condition.EXTENSIONS_LEFT: order.extensions < rules.extensions,
        Condition.IN_TIME: order.deadline_at is None or now <= order.deadline_at,
        Condition.LED_BY_STREET: kind in ("street", "town"),
        Condition.LED_BY_DISTRICT: kind == "district",
        Condition.LED_BY_LIAISON: kind == "liaison",
        Condition.REOPENABLE: reopenable,
    }
    return frozenset(condition for condition, holds in facts.items() if holds)


def move(
    session: Session,
    order: Order,
    name: str,
    given: TransitionIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    rules: OrderRules,
    detail: dict[str, Any] | None = None,
    notify: Sequence[str] = (),
) -> OrderEvent:
    """Do transition ``name`` to ``order``, which the caller has locked, and return the event; ``detail`` is put on record with it.

    Raises:
        NotInChargeError: a unit's own people may only move orders in which the unit has a part.
        IllegalTransitionError, MissingNeedError: the table doesn't allow it.
        UnknownUnitError, BadDeadlineError, RuleError: what was given can't be.
    """
    state = State(order.state)
    parties = helpers.parties(session, order, actor.unit) if actor.role is Role.HANDLER else frozenset()
    if actor.role is Role.HANDLER and not parties:
        raise NotInChargeError(order.number)
    present = {need for need in Need if getattr(given, need.value) is not None}
    row = check(name, state, actor.role, present, parties, conditions(order, reference, rules, now))
    step = Step(session, order, row, given, actor, now, reference, rules, dict(detail or {}), list(notify))
    if given.reason:
        step.detail["reason"] = contact_reader.mask(given.reason)
    if effect := EFFECTS.get(name):
        effect(step)
    return _record(step)


def _record(step: Step) -> OrderEvent:
    order, row, session = step.order, step.row, step.session
    before = order.state
    if row.target is not None:
        order.state = row.target.value
    order.version += 1
    order.updated_at = step.now
    event = history.append(
        session,
        order,
        at=step.now,
        name=row.name,
        actor=step.actor.name,
        role=step.actor.role.value,
        from_state=before,
        article=step.article or row.article,
        sequence=repository.count_events(session, order.id) + 1,
        detail=step.detail,
    )
    session.flush()
    if step.replan or planning.phase(order.state) != planning.phase(before):
        planning.plan(session, order, step.rules)
    flows.after(step, event)
    session.flush()
    return event
