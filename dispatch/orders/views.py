"""An order as it is shown: to staff, to its resident, and what a resident is told on filing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.core.crypto import FieldCipher
from dispatch.orders import history, repository, words
from dispatch.orders.intake import Registration
from dispatch.orders.merging import MERGED_INTO, PART_OF
from dispatch.orders.models import Order, OrderEvent
from dispatch.orders.repository import Beside
from dispatch.orders.schemas import (
    ContactOut,
    EventOut,
    FiledOut,
    HelperOut,
    LinkOut,
    OrderOut,
    ProgressEventOut,
    ProgressOut,
)
from dispatch.orders.terms import Ending, Party
from dispatch.orders.workflow import OPEN_STATES, State
from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut
from dispatch.understanding.service import Reference
from nlu import contact as contact_reader


def filed_out(session: Session, order: Order, reference: Reference, progress_url: str | None) -> FiledOut:
    """Return what a resident is told about an order just filed; ``progress_url`` is their page on it (``dispatch.citizens``)."""
    return FiledOut(
        number=order.number,
        unit=_unit(order.unit_code, reference),
        copied_to=_named(repository.units_of(session, order.id, "copied"), reference),
        deadline_at=beijing(order.deadline_at) if order.deadline_at else None,
        deadline=_deadline(order),
        matter=_matter(order),
        state=order.state,
        progress_url=progress_url,
    )


def progress_out(session: Session, order: Order, reference: Reference) -> ProgressOut:
    """Return how ``order`` stands, in a resident's words; a repeat stands as the order that it was merged into (Art. 12(2)(3))."""
    steps = [
        ProgressEventOut(at=beijing(event.at), name=event.name, text=text)
        for event in repository.events(session, order.id)
        if (text := words.step(event.name, _event_unit(event, order, reference), history.readable(event.detail)))
    ]
    parent = repository.parent(session, order.id, MERGED_INTO) if order.state == State.MERGED.value else None
    leading = parent or order
    state_text = words.state(State(order.state))
    if parent is not None:
        state_text = f"{state_text}（{parent.number}：{words.state(State(parent.state))}）"
    return ProgressOut(
        number=order.number,
        state=order.state,
        state_text=state_text,
        matter=_matter(order),
        unit=_unit(leading.unit_code, reference),
        deadline_at=beijing(leading.deadline_at) if leading.deadline_at else None,
        answer=leading.answer,
        merged_into=parent.number if parent else None,
        parts=[part.number for part in repository.children(session, order.id, PART_OF)],
        events=steps,
    )


def registration_out(registration: Registration, reference: Reference, cipher: FieldCipher, now: datetime) -> OrderOut:
    """Return an order just registered as staff see it, without reading anything back."""
    number = registration.order.id
    beside = Beside({number: registration.copied}, {number: registration.suggested}, {}, {}, {})
    return _order_out(registration.order, beside, reference, cipher, now)


def order_out(session: Session, order: Order, reference: Reference, cipher: FieldCipher, now: datetime) -> OrderOut:
    """Return ``order`` as staff see it, the contact masked."""
    return orders_out(session, [order], reference, cipher, now)[0]


def orders_out(session: Session, orders: Sequence[Order], reference: Reference, cipher: FieldCipher, now: datetime) -> list[OrderOut]:
    """Return ``orders`` as staff see them; what stands beside them is fetched for all at once."""
    beside = repository.beside(session, [order.id for order in orders])
    return [_order_out(order, beside, reference, cipher, now) for order in orders]


def _order_out(order: Order, beside: Beside, reference: Reference, cipher: FieldCipher, now: datetime) -> OrderOut:
    phone, name = cipher.decrypt(order.contact_phone), cipher.decrypt(order.contact_name)
    helpers = _helpers(order, beside, reference, now)
    co_units = [helper.unit for helper in helpers if helper.party == Party.CO_UNIT.value]
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
        copied_to=_named(beside.copied.get(order.id, ()), reference),
        co_units=[CopyOut(name=unit.name) for unit in co_units],
        deadline_at=beijing(order.deadline_at) if order.deadline_at else None,
        deadline=_deadline(order),
        overdue=State(order.state) in OPEN_STATES - {State.HELD} and order.deadline_at is not None and order.deadline_at < now,
        answer=order.answer,
        ending=order.ending,
        ending_text=Ending(order.ending).label if order.ending else None,
        helpers=helpers,
        links=_links(beside.links.get(order.id, ())),
        objections=order.objections,
        reworks=order.reworks,
        flagged=order.flagged,
        channel=order.channel,
        created_at=beijing(order.created_at),
        updated_at=beijing(order.updated_at),
    )


def contact_in_full(order: Order, cipher: FieldCipher) -> ContactOut:
    """Return the contact of ``order`` unmasked: only after transition ``unmask`` has put on record who looks, and why."""
    return ContactOut(phone=cipher.decrypt(order.contact_phone), name=cipher.decrypt(order.contact_name), anonymous=order.anonymous)


def events_out(session: Session, order: Order) -> list[EventOut]:
    """Return the whole history of ``order``, oldest first."""
    return [_event_out(event) for event in repository.events(session, order.id)]


def last_events(session: Session, orders: Sequence[Order]) -> dict[str, EventOut]:
    """Return the newest event of each of ``orders``, by the order's number."""
    numbers = {order.id: order.number for order in orders}
    return {numbers[event.order_id]: _event_out(event) for event in repository.last_events(session, list(numbers))}


def _event_out(event: OrderEvent) -> EventOut:
    return EventOut(
        sequence=event.sequence,
        at=beijing(event.at),
        name=event.name,
        label=words.event_label(event.name),
        actor=event.actor,
        role=event.role,
        from_state=event.from_state,
        to_state=event.to_state,
        article=event.article,
        detail=history.readable(event.detail),
    )


def links_out(session: Session, order: Order) -> list[LinkOut]:
    """Return the orders that ``order`` hangs on and those that hang on it (并单、拆单)."""
    return _links(repository.linked(session, order.id))


def _links(linked: Iterable[tuple[str, bool, Order]]) -> list[LinkOut]:
    names = {MERGED_INTO: "merged_from", PART_OF: "part"}
    return [
        LinkOut(
            relation=relation if up else names[relation],
            number=other.number,
            state=other.state,
            state_text=State(other.state).label,
        )
        for relation, up, other in linked
    ]


def _helpers(order: Order, beside: Beside, reference: Reference, now: datetime) -> list[HelperOut]:
    found: list[HelperOut] = []

    def add(
        party: Party, code: str, state: str, due: datetime | None, done: datetime | None, said: str | None, coming: datetime | None = None
    ) -> None:
        unit = _unit(code, reference) or UnitOut(code=code, name=code)
        waiting = state in ("asked", "called", "coming", "raised")
        late = waiting and due is not None and (coming or due) < now
        found.append(
            HelperOut(
                party=party.value,
                unit=unit,
                state=state,
                state_text=words.helper_state(state),
                due_at=beijing(due) if due else None,
                coming_at=beijing(coming) if coming else None,
                done_at=beijing(done) if done else None,
                overdue=late,
                said=said,
            )
        )

    for co_unit in beside.co_handlings.get(order.id, ()):
        said = co_unit.report or co_unit.stage_report
        add(Party.CO_UNIT, co_unit.unit_code, co_unit.state, co_unit.due_at, co_unit.reported_at, said)
    for called in beside.whistles.get(order.id, ()):
        add(Party.CALLED, called.unit_code, called.state, called.due_at, called.arrived_at, called.refusal, called.coming_at)
    for above in beside.escalations.get(order.id, ()):
        add(Party.ABOVE, above.unit_code, above.state, above.due_at, above.settled_at, above.opinion)
    return found


def _event_unit(event: OrderEvent, order: Order, reference: Reference) -> str:
    code = event.detail.get("unit")
    unit = reference.units.find(code["to"] if isinstance(code, dict) else code) if code else reference.units.find(order.unit_code or "")
    return unit.name if unit else "承办单位"


def _unit(code: str | None, reference: Reference) -> UnitOut | None:
    unit = reference.units.find(code) if code else None
    return UnitOut(code=unit.code, name=unit.name) if unit else None


def _named(codes: Iterable[str], reference: Reference) -> list[CopyOut]:
    return [CopyOut(name=unit.name) for code in codes if (unit := reference.units.find(code))]


def _matter(order: Order) -> MatterOut | None:
    return MatterOut(code=order.matter_code, name=order.matter_name) if order.matter_code and order.matter_name else None


def _deadline(order: Order) -> DeadlineOut | None:
    return DeadlineOut(hours=order.deadline_hours, basis=order.deadline_basis or "") if order.deadline_hours else None
