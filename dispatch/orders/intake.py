"""接诉、派单 (Art. 11, 12, 14, 15): a new order, registered, and dispatched by catalogue or ended where there is nothing to dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.catalogue.service import Assignment
from dispatch.core.clock import beijing
from dispatch.core.crypto import FieldCipher
from dispatch.orders import deadlines, flows, history, planning, repository
from dispatch.orders.assignment import place_of
from dispatch.orders.models import Order, OrderCoHandling, OrderEvent, OrderUnit
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


@dataclass(frozen=True, slots=True)
class Registration:
    """A new order with what stands beside it: units that got a copy, units that the catalogue suggests to co-handle it."""

    order: Order
    copied: list[str]
    suggested: list[OrderCoHandling]


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
) -> Registration:
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
    filing = _Filing(session, order, actor, now, reference, rules)
    if order_in.handling not in _DISPATCHED_HANDLINGS:
        return filing.conclude(Ending(order_in.handling), order_in.told or "")
    if order_in.dispatch_now:
        return filing.dispatch(owner=order_in.subject_unit)
    return filing.leave_to_desk()


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
    return _Filing(session, order, actor, now, reference, rules).dispatch(parent=parent.number).order


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


@dataclass(slots=True)
class _Filing:
    """A new order on its way into the database.

    Everything that can be is worked out before the order gets its number: from then until the transaction ends, everybody else who files
    one waits. The order is written once, with all that came of it.
    """

    session: Session
    order: Order
    actor: Actor
    now: datetime
    reference: Reference
    rules: OrderRules
    events: list[OrderEvent] = field(default_factory=list)

    def dispatch(self, *, owner: str | None = None, parent: str | None = None) -> Registration:
        """Register the order and dispatch it by catalogue, a question to ``owner``, the unit that owns its subject."""
        order, now = self.order, self.now
        row = check("dispatch", State.REGISTERED, self.actor.role, {Need.UNIT})
        assignment = _assignment(order, self.reference, owner)
        deadline = deadlines.due(now, assignment.hours, assignment.clock)
        copied = [unit.code for unit in assignment.copied_to]
        co_units = [unit.code for unit in assignment.co_units if unit.code != assignment.unit.code]
        self._registered(parent)
        order.unit_code = assignment.unit.code
        order.deadline_hours, order.deadline_clock, order.deadline_basis = assignment.hours, assignment.clock, assignment.basis
        order.clock_started_at, order.deadline_at = now, deadline
        order.state = State.DISPATCHED.value
        detail: dict[str, Any] = {
            "unit": assignment.unit.code,
            "copied_to": copied,
            "deadline_at": deadline.isoformat(),
            "catalogue_version": self.reference.catalogue.version,
            "why": assignment.why,
        }
        self._record(row.name, row.article, detail)
        return self._write(copied, co_units, urgent=assignment.hours <= self.rules.urgent_hours)

    def conclude(self, ending: Ending, told: str) -> Registration:
        """Register the order and end it where Art. 12 says not to dispatch."""
        order = self.order
        row = check("conclude", State.REGISTERED, self.actor.role, {Need.ENDING, Need.ANSWER})
        self._registered(None)
        order.state, order.ending, order.closed_at = State.CLOSED.value, ending.value, self.now
        order.answer = contact_reader.mask(told) or None
        self._record(row.name, ending.article or row.article, {"ending": ending.value, "answer": order.answer})
        return self._write([], [])

    def leave_to_desk(self) -> Registration:
        """Register the order and leave it to the hotline's dispatch desk."""
        self._registered(None)
        return self._write([], [])

    def _registered(self, parent: str | None) -> None:
        order, day = self.order, f"{beijing(self.now):%Y%m%d}"
        order.number = f"BJ{day}-{repository.next_in_day(self.session, day):06d}"
        detail = {"channel": order.channel, "request_type": order.request_type, "matter": order.matter_code, "unit": order.unit_code}
        if parent:
            detail["parent"] = parent
        self._record("register", row_named("register").article, detail)

    def _record(self, name: str, article: str, detail: dict[str, Any]) -> None:
        event = history.next_event(
            self.order,
            at=self.now,
            name=name,
            actor=self.actor.name,
            role=self.actor.role.value,
            from_state=State.REGISTERED.value if self.events else None,
            article=article,
            sequence=len(self.events) + 1,
            detail=detail,
        )
        self.events.append(event)

    def _write(self, copied: Sequence[str], co_units: Sequence[str], *, urgent: bool = False) -> Registration:
        session, order = self.session, self.order
        planning.plan(session, order, self.rules, new=True)
        session.add(order)
        session.flush()
        for event in self.events:
            event.order_id = order.id
        suggested = [OrderCoHandling(order_id=order.id, unit_code=code, state="suggested") for code in co_units]
        session.add_all([*self.events, *suggested])
        session.add_all(OrderUnit(order_id=order.id, unit_code=code, relation="copied") for code in copied)
        session.flush()
        if len(self.events) > 1:
            flows.entered(session, order, self.events[-1], copied=copied, now=self.now, urgent=urgent)
        have = flows.filed(session, order, self.reference, self.now, copied=copied)
        session.flush()
        return Registration(order, sorted(have), sorted(suggested, key=lambda row: row.unit_code))


def _assignment(order: Order, reference: Reference, owner: str | None) -> Assignment:
    """Return who takes the order by catalogue; a question (Art. 12) goes to ``owner``, the unit that owns its subject, if there is one."""
    assignment = reference.assign(order.matter_code, place_of(order), order.description)
    if unit := reference.units.acting(owner) if owner else None:
        return replace(assignment, unit=unit, copied_to=(), co_units=())
    if order.handling == "liaison" and assignment.unit.kind != "liaison":
        desk = reference.units.liaison_desk(order.description)
        assignment = replace(assignment, unit=desk, copied_to=()) if desk else assignment
    return assignment
