"""What can be done with an order: register and dispatch it, move it along its table, tell how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.catalogue import service as catalogue
from dispatch.core.clock import beijing
from dispatch.core.crypto import FieldCipher
from dispatch.orders import deadlines, flows, history, repository, words
from dispatch.orders.models import Order as Order
from dispatch.orders.models import OrderEvent, OrderUnit
from dispatch.orders.schemas import (
    ContactOut,
    EventOut,
    FiledOut,
    OrderIn,
    OrderOut,
    ProgressEventOut,
    ProgressOut,
    TransitionIn,
)
from dispatch.orders.workflow import OPEN_STATES, Need, Role, State, check
from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut
from dispatch.understanding.service import Reference
from nlu import contact as contact_reader
from nlu.place import Place

MAX_DEADLINE = timedelta(days=365)


class UnknownUnitError(Exception):
    """A unit code that no active unit has."""


class NotInChargeError(Exception):
    """A unit wants to move an order that another unit is in charge of; it may only see its copy."""


class BadDeadlineError(Exception):
    """A new deadline that is in the past, not later than the old one, or absurdly far away."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: an account's name or ``assistant``, and in which role; ``unit`` is the account's own unit."""

    name: str
    role: Role
    unit: str | None = None


def register(
    session: Session,
    order_in: OrderIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
    conversation_id: str | None = None,
    idempotency_key: str | None = None,
) -> Order:
    """Register an order (Art. 11) and dispatch it at once by catalogue (Art. 12, 14, 15).

    Under an ``idempotency_key`` that was used before, the order filed then is returned and nothing is written.
    Personal data in the description is masked; the contact's phone and name are encrypted.
    """
    if idempotency_key and (existing := repository.by_idempotency_key(session, idempotency_key)):
        return existing
    place = order_in.place
    where = Place(place.district, place.street, place.community, place.detail, 1.0, (), ())
    assignment = reference.assign(order_in.matter_code, where, order_in.description)
    if order_in.handling == "liaison" and assignment.unit.kind != "liaison":
        desk = reference.units.liaison_desk(order_in.description)
        assignment = replace(assignment, unit=desk, copied_to=()) if desk else assignment
    item = reference.catalogue.find(order_in.matter_code)
    day = f"{beijing(now):%Y%m%d}"
    order = Order(
        number=f"BJ{day}-{repository.next_in_day(session, day):06d}",
        state=State.REGISTERED.value,
        request_type=order_in.request_type,
        handling=order_in.handling,
        matter_code=item.code if item else None,
        matter_name=item.name if item else None,
        catalogue_version=reference.catalogue.version,
        description=contact_reader.mask(order_in.description),
        district=place.district,
        street=place.street,
        community=place.community,
        place_detail=place.detail,
        confidence={},
        contact_name=cipher.encrypt(order_in.contact_name),
        contact_phone=cipher.encrypt(order_in.contact_phone),
        contact_lookup=cipher.lookup(order_in.contact_phone) if order_in.contact_phone else None,
        anonymous=order_in.anonymous,
        channel=order_in.channel,
        conversation_id=conversation_id,
        idempotency_key=idempotency_key,
        created_at=now,
        updated_at=now,
        history_head="",
        version=1,
    )
    session.add(order)
    session.flush()
    history.append(
        session,
        order,
        at=now,
        name="register",
        actor=actor.name,
        role=actor.role.value,
        from_state=None,
        article="第十一条",
        sequence=1,
        detail={"channel": order_in.channel, "request_type": order_in.request_type, "matter": order.matter_code},
    )
    for relation, units in (("copied", assignment.copied_to), ("co", assignment.co_units)):
        session.add_all(OrderUnit(order_id=order.id, unit_code=unit.code, relation=relation) for unit in units)
    order.unit_code = assignment.unit.code
    order.deadline_hours = assignment.hours
    order.deadline_basis = assignment.basis
    order.deadline_at = deadlines.due(now, assignment.hours, assignment.clock)
    row = check("dispatch", State.REGISTERED, actor.role, {Need.UNIT, Need.DEADLINE})
    order.state = State.DISPATCHED.value
    history.append(
        session,
        order,
        at=now,
        name=row.name,
        actor=actor.name,
        role=actor.role.value,
        from_state=State.REGISTERED.value,
        article=row.article,
        sequence=2,
        detail={
            "unit": assignment.unit.code,
            "copied_to": [unit.code for unit in assignment.copied_to],
            "deadline_at": order.deadline_at.isoformat(),
            "catalogue_version": reference.catalogue.version,
            "why": assignment.why,
        },
    )
    session.flush()
    return order


def apply(
    session: Session, number: str, name: str, given: TransitionIn, *, actor: Actor, now: datetime, reference: Reference
) -> Order | None:
    """Do transition ``name`` to order ``number`` and return the order; None if there is no such order.

    Raises:
        NotInChargeError: a unit's own people may only move the orders that it is in charge of.
        IllegalTransitionError, MissingNeedError: the table doesn't allow it (``dispatch.orders.workflow``).
        UnknownUnitError, BadDeadlineError: the unit or deadline given can't be.
    """
    order = repository.by_number(session, number, lock=True)
    if order is None:
        return None
    if actor.role is Role.HANDLER and actor.unit != order.unit_code:
        raise NotInChargeError(number)
    state, unit_before = State(order.state), order.unit_code
    present = {need for need in Need if getattr(given, need.value) is not None}
    row = check(name, state, actor.role, present)
    detail: dict[str, Any] = {}
    if given.reason:
        detail["reason"] = contact_reader.mask(given.reason)
    if Need.UNIT in row.needs:
        if given.unit is None or reference.units.find(given.unit) is None:
            raise UnknownUnitError(given.unit or "")
        detail["unit"] = {"from": order.unit_code, "to": given.unit}
        order.unit_code = given.unit
        hours = order.deadline_hours or 168
        item = catalogue.item_of(session, order.catalogue_version, order.matter_code)  # what it was dispatched by still counts
        order.deadline_at = deadlines.due(now, hours, item.clock if item else "calendar")
        detail["deadline_at"] = order.deadline_at.isoformat()
    if Need.DEADLINE in row.needs and given.deadline is not None:
        new = given.deadline if given.deadline.tzinfo else given.deadline.replace(tzinfo=beijing(now).tzinfo)
        old = order.deadline_at or now
        if new <= max(now, old) or new > now + MAX_DEADLINE:
            raise BadDeadlineError(new.isoformat())
        detail["deadline_at"] = {"from": old.isoformat(), "to": new.isoformat()}
        order.deadline_at = new
    if Need.ANSWER in row.needs and given.answer:
        order.answer = contact_reader.mask(given.answer)
        detail["answer"] = order.answer
    if row.target is not None:
        order.state = row.target.value
    order.version += 1
    order.updated_at = now
    history.append(
        session,
        order,
        at=now,
        name=row.name,
        actor=actor.name,
        role=actor.role.value,
        from_state=state.value,
        article=row.article,
        sequence=repository.count_events(session, order.id) + 1,
        detail=detail,
    )
    session.flush()
    if row.name == "redispatch":
        flows.redispatched(session, order, unit_before, by=actor.name, now=now, reference=reference)
    return order


def filed_out(session: Session, order: Order, reference: Reference, public_url: str) -> FiledOut:
    """Return what a resident is told about an order just filed."""
    return FiledOut(
        number=order.number,
        unit=_unit(order.unit_code, reference),
        copied_to=_named(repository.units_of(session, order.id, "copied"), reference),
        deadline_at=beijing(order.deadline_at) if order.deadline_at else None,
        deadline=_deadline(order),
        matter=_matter(order),
        state=order.state,
        progress_url=f"{public_url}/?order={order.number}",
    )


def progress_out(session: Session, order: Order, reference: Reference) -> ProgressOut:
    """Return how ``order`` stands, in a resident's words."""
    steps = [
        ProgressEventOut(at=beijing(event.at), text=words.step(event.name, _event_unit(event, order, reference), event.detail))
        for event in repository.events(session, order.id)
    ]
    return ProgressOut(
        number=order.number,
        state=order.state,
        state_text=words.state(State(order.state)),
        matter=_matter(order),
        unit=_unit(order.unit_code, reference),
        deadline_at=beijing(order.deadline_at) if order.deadline_at else None,
        answer=order.answer,
        events=steps,
    )


def order_out(session: Session, order: Order, reference: Reference, cipher: FieldCipher, now: datetime) -> OrderOut:
    """Return ``order`` as staff see it, the contact masked."""
    phone, name = cipher.decrypt(order.contact_phone), cipher.decrypt(order.contact_name)
    return OrderOut(
        number=order.number,
        state=order.state,
        state_text=State(order.state).label,
        version=order.version,
        request_type=order.request_type,
        handling=order.handling,
        matter=_matter(order),
        description=order.description,
        place=PlaceOut(district=order.district, street=order.street, community=order.community, detail=order.place_detail),
        contact=ContactOut(
            phone=contact_reader.mask_phone(phone) if phone else None,
            name=contact_reader.mask_name(name) if name else None,
            anonymous=order.anonymous,
        ),
        unit=_unit(order.unit_code, reference),
        copied_to=_named(repository.units_of(session, order.id, "copied"), reference),
        co_units=_named(repository.units_of(session, order.id, "co"), reference),
        deadline_at=beijing(order.deadline_at) if order.deadline_at else None,
        deadline=_deadline(order),
        overdue=State(order.state) in OPEN_STATES and order.deadline_at is not None and order.deadline_at < now,
        answer=order.answer,
        channel=order.channel,
        created_at=beijing(order.created_at),
        updated_at=beijing(order.updated_at),
    )


def events_out(session: Session, order: Order) -> list[EventOut]:
    """Return the whole history of ``order``, oldest first."""
    return [
        EventOut(
            sequence=event.sequence,
            at=beijing(event.at),
            name=event.name,
            label=words.event_label(event.name),
            actor=event.actor,
            role=event.role,
            from_state=event.from_state,
            to_state=event.to_state,
            article=event.article,
            detail=event.detail,
        )
        for event in repository.events(session, order.id)
    ]


def find(session: Session, number: str) -> Order | None:
    """Return the order with ``number``, or None."""
    return repository.by_number(session, number)


def by_idempotency_key(session: Session, key: str) -> Order | None:
    """Return the order that was filed under ``key``, or None."""
    return repository.by_idempotency_key(session, key)


def of_conversation(session: Session, conversation_id: str) -> list[Order]:
    """Return the orders filed in a conversation, newest first."""
    return list(repository.of_conversation(session, conversation_id))


def inbox(session: Session, unit_code: str | None, *, include_finished: bool = False, limit: int = 100) -> list[Order]:
    """Return the orders that ``unit_code`` leads (None: all units), the most urgent first."""
    return list(repository.of_units(session, [unit_code] if unit_code else None, include_finished=include_finished, limit=limit))


def copies(session: Session, unit_code: str, *, limit: int = 100) -> list[Order]:
    """Return the orders of which ``unit_code`` got a copy (Art. 14(1)), newest first."""
    return list(repository.copied_to(session, unit_code, limit=limit))


def may_see(session: Session, order: Order, actor: Actor) -> bool:
    """Say whether ``actor`` may see ``order``: a unit sees what it leads, co-handles or has a copy of; desks see all."""
    if actor.role is not Role.HANDLER:
        return actor.role is not Role.RESIDENT
    if actor.unit is None:
        return False
    return actor.unit == order.unit_code or any(
        actor.unit in repository.units_of(session, order.id, relation) for relation in ("copied", "co")
    )


def verify(session: Session) -> Iterator[tuple[Order, list[str]]]:
    """Yield every order with what is wrong with its history (an empty list where the chain is whole)."""
    for order in repository.every_order(session):
        yield order, history.faults(order, repository.events(session, order.id))


def _event_unit(event: OrderEvent, order: Order, reference: Reference) -> str:
    code = event.detail.get("unit")
    unit = reference.units.find(code["to"] if isinstance(code, dict) else code) if code else reference.units.find(order.unit_code or "")
    return unit.name if unit else "承办单位"


def _unit(code: str | None, reference: Reference) -> UnitOut | None:
    unit = reference.units.find(code) if code else None
    return UnitOut(code=unit.code, name=unit.name) if unit else None


def _named(codes: Any, reference: Reference) -> list[CopyOut]:
    return [CopyOut(name=unit.name) for code in codes if (unit := reference.units.find(code))]


def _matter(order: Order) -> MatterOut | None:
    return MatterOut(code=order.matter_code, name=order.matter_name) if order.matter_code and order.matter_name else None


def _deadline(order: Order) -> DeadlineOut | None:
    return DeadlineOut(hours=order.deadline_hours, basis=order.deadline_basis or "") if order.deadline_hours else None
