"""接诉、派单 (Art. 11, 12, 14, 15): a new order, registered, and dispatched by catalogue or ended where there is nothing to dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.catalogue.service import Assignment
from dispatch.core.clock import beijing
from dispatch.core.crypto import FieldCipher
from dispatch.orders import deadlines, flows, history, planning, repository
from dispatch.orders.assignment import place_of
from dispatch.orders.models import Order, OrderCoHandling, OrderUnit
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import OrderIn
from dispatch.orders.step import Actor
from dispatch.orders.terms import Ending
from dispatch.orders.workflow import Need, State, check, row_named
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference
from dispatch.units.service import HOTLINE_DESK
from nlu import contact as contact_reader

_DISPATCHED_HANDLINGS = frozenset({"dispatch", "answer", "liaison"})


def register(
    session: Session,
    order_in: OrderIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
    rules: OrderRules,
    conversation_id: str | None,
    idempotency_key: str | None,
) -> Order:
    """Make an order of ``order_in``; see ``dispatch.orders.service.register``."""
    order = _new(order_in.description, order_in.matter_code, order_in.place, reference=reference, now=now)
    order.request_type = order_in.request_type
    order.handling = order_in.handling
    order.contact_name = cipher.encrypt(order_in.contact_name)
    order.contact_phone = cipher.encrypt(order_in.contact_phone)
    order.contact_lookup = cipher.lookup(order_in.contact_phone) if order_in.contact_phone else None
    order.anonymous = order_in.anonymous
    order.channel = order_in.channel
    order.conversation_id = conversation_id
    order.idempotency_key = idempotency_key
    _start(session, order, actor=actor, now=now)
    if order_in.handling not in _DISPATCHED_HANDLINGS:
        _conclude(session, order, Ending(order_in.handling), order_in.told or "", actor=actor, now=now)
    elif order_in.dispatch_now:
        owner = order_in.subject_unit
        _dispatch(session, order, actor=actor, now=now, reference=reference, rules=rules, owner=owner)
    else:
        planning.plan(session, order, rules, new=True)
    flows.filed(session, order, reference, now)
    session.flush()
    return order


def part_of(
    session: Session,
    parent: Order,
    description: str,
    matter_code: str | None,
    place: PlaceOut,
    request_type: str | None,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    rules: OrderRules,
) -> Order:
    """Register and dispatch one matter of ``parent`` as an order of its own, for the same resident."""
    order = _new(description, matter_code, place, reference=reference, now=now)
    order.request_type = request_type or parent.request_type
    order.handling = "dispatch"
    for name in ("contact_name", "contact_phone", "contact_lookup", "anonymous", "channel", "conversation_id"):
        setattr(order, name, getattr(parent, name))
    _start(session, order, actor=actor, now=now, parent=parent.number)
    _dispatch(session, order, actor=actor, now=now, reference=reference, rules=rules)
    flows.filed(session, order, reference, now)
    session.flush()
    return order


def _new(description: str, matter_code: str | None, place: PlaceOut, *, reference: Reference, now: datetime) -> Order:
    item = reference.catalogue.find(matter_code)
    return Order(
        state=State.REGISTERED.value,
        version=1,
        matter_code=item.code if item else None,
        matter_name=item.name if item else None,
        catalogue_version=reference.catalogue.version,
        description=contact_reader.mask(description),
        district=place.district,
        street=place.street,
        community=place.community,
        place_detail=place.detail,
        confidence={},
        unit_code=HOTLINE_DESK,
        deadline_clock="calendar",
        objections=0,
        decided=False,
        extensions=0,
        extended_seconds=0,
        reworks=0,
        flagged=False,
        created_at=now,
        updated_at=now,
        history_head="",
    )


def _start(session: Session, order: Order, *, actor: Actor, now: datetime, parent: str | None = None) -> None:
    day = f"{beijing(now):%Y%m%d}"
    order.number = f"BJ{day}-{repository.next_in_day(session, day):06d}"
    session.add(order)
    session.flush()
    detail = {"channel": order.channel, "request_type": order.request_type, "matter": order.matter_code, "unit": order.unit_code}
    if parent:
        detail["parent"] = parent
    _record(session, order, "register", actor, now, None, detail, sequence=1)


def _dispatch(
    session: Session, order: Order, *, actor: Actor, now: datetime, reference: Reference, rules: OrderRules, owner: str | None = None
) -> None:
    row = check("dispatch", State.REGISTERED, actor.role, {Need.UNIT})
    assignment = _assignment(order, reference, owner)
    for unit in assignment.copied_to:
        session.add(OrderUnit(order_id=order.id, unit_code=unit.code, relation="copied"))
    for unit in assignment.co_units:
        if unit.code != assignment.unit.code:
            session.add(OrderCoHandling(order_id=order.id, unit_code=unit.code, state="suggested"))
    order.unit_code = assignment.unit.code
    order.deadline_hours, order.deadline_clock, order.deadline_basis = assignment.hours, assignment.clock, assignment.basis
    order.clock_started_at = now
    order.deadline_at = deadlines.due(now, assignment.hours, assignment.clock)
    order.state = State.DISPATCHED.value
    detail: dict[str, Any] = {
        "unit": assignment.unit.code,
        "copied_to": [unit.code for unit in assignment.copied_to],
        "deadline_at": order.deadline_at.isoformat(),
        "catalogue_version": reference.catalogue.version,
        "why": assignment.why,
    }
    planning.plan(session, order, rules, new=True)
    urgent = assignment.hours <= rules.urgent_hours
    _record(session, order, row.name, actor, now, State.REGISTERED, detail, sequence=2, copied=detail["copied_to"], urgent=urgent)


def _conclude(session: Session, order: Order, ending: Ending, told: str, *, actor: Actor, now: datetime) -> None:
    row = check("conclude", State.REGISTERED, actor.role, {Need.ENDING, Need.ANSWER})
    order.state, order.ending, order.closed_at = State.CLOSED.value, ending.value, now
    order.answer = contact_reader.mask(told) or None
    detail = {"ending": ending.value, "answer": order.answer}
    _record(session, order, row.name, actor, now, State.REGISTERED, detail, sequence=2, article=ending.article)


def _record(
    session: Session,
    order: Order,
    name: str,
    actor: Actor,
    now: datetime,
    before: State | None,
    detail: dict[str, Any],
    *,
    sequence: int,
    article: str | None = None,
    copied: Sequence[str] = (),
    urgent: bool = False,
) -> None:
    event = history.append(
        session,
        order,
        at=now,
        name=name,
        actor=actor.name,
        role=actor.role.value,
        from_state=before.value if before else None,
        article=article or row_named(name).article,
        sequence=sequence,
        detail=detail,
    )
    if name != "register":
        flows.entered(session, order, event, copied=copied, now=now, urgent=urgent)


def _assignment(order: Order, reference: Reference, owner: str | None) -> Assignment:
    """Return who takes the order by catalogue; a question (Art. 12) goes to ``owner``, the unit that owns its subject, if there is one."""
    assignment = reference.assign(order.matter_code, place_of(order), order.description)
    if unit := reference.units.acting(owner) if owner else None:
        return replace(assignment, unit=unit, copied_to=(), co_units=())
    if order.handling == "liaison" and assignment.unit.kind != "liaison":
        desk = reference.units.liaison_desk(order.description)
        assignment = replace(assignment, unit=desk, copied_to=()) if desk else assignment
    return assignment
