"""Keeping and filing drafts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.drafts import repository
from dispatch.drafts.models import Draft
from dispatch.drafts.schemas import DraftIn, DraftOut
from dispatch.orders import service as orders
from dispatch.orders.schemas import ContactOut, OrderIn
from dispatch.orders.service import Actor, Order
from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut
from dispatch.understanding.service import Reference
from nlu import contact as contact_reader
from nlu.place import Place

_NOTED = "noted"


def note_contact(
    session: Session, conversation_id: str, *, phone: str | None, name: str | None, now: datetime, cipher: FieldCipher
) -> None:
    """Keep a phone or a name that the resident gave, before anything else is known of an order."""
    draft = _get_or_make(session, conversation_id, now)
    if phone:
        draft.contact_phone = cipher.encrypt(phone)
        draft.anonymous = False
    if name:
        draft.contact_name = cipher.encrypt(name)
    draft.updated_at = now


def save(session: Session, conversation_id: str, given: DraftIn, *, now: datetime) -> Draft:
    """Write what the assistant has gathered; the contact that is on file stays."""
    draft = _get_or_make(session, conversation_id, now)
    draft.state = given.state
    draft.request_type = given.request_type
    draft.handling = given.handling
    draft.matter_code = given.matter_code
    draft.subject_unit = given.subject_unit
    draft.description = contact_reader.mask(given.description)
    draft.district, draft.street = given.place.district, given.place.street
    draft.community, draft.place_detail = given.place.community, given.place.detail
    draft.anonymous = given.anonymous
    draft.updated_at = now
    session.flush()
    return draft


def find(session: Session, conversation_id: str) -> Draft | None:
    """Return the draft being gathered in a conversation, or None."""
    draft = repository.of_conversation(session, conversation_id)
    return draft if draft is not None and draft.state != _NOTED else None


def contact(session: Session, conversation_id: str, cipher: FieldCipher) -> tuple[str | None, str | None]:
    """Return the phone and the name that the resident gave in a conversation, None where none was given."""
    draft = repository.of_conversation(session, conversation_id)
    return (cipher.decrypt(draft.contact_phone), cipher.decrypt(draft.contact_name)) if draft else (None, None)


def discard(session: Session, conversation_id: str, now: datetime) -> None:
    """Forget what was gathered (算了); the contact stays noted for the next matter in the same conversation."""
    draft = repository.of_conversation(session, conversation_id)
    if draft is not None:
        _reset(draft, now)


def file(
    session: Session,
    conversation_id: str,
    *,
    channel: str,
    actor: Actor,
    idempotency_key: str,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
) -> Order | None:
    """Make an order of the draft and return it; the same key twice returns the same order. None if there is nothing to file."""
    key = f"draft:{conversation_id}:{idempotency_key}"
    if existing := orders.by_idempotency_key(session, key):
        return existing
    draft = find(session, conversation_id)
    if draft is None or not draft.description.strip():
        return None
    order_in = OrderIn(
        description=draft.description,
        request_type=draft.request_type,
        handling=draft.handling,
        matter_code=draft.matter_code,
        subject_unit=draft.subject_unit,
        place=_place(draft),
        contact_phone=cipher.decrypt(draft.contact_phone) if not draft.anonymous else None,
        contact_name=cipher.decrypt(draft.contact_name) if not draft.anonymous else None,
        anonymous=draft.anonymous or draft.contact_phone is None,
        channel=channel,
    )
    order = orders.register(
        session, order_in, actor=actor, now=now, reference=reference, cipher=cipher, conversation_id=conversation_id, idempotency_key=key
    )
    _reset(draft, now)
    session.flush()
    return order


def draft_out(draft: Draft, reference: Reference, cipher: FieldCipher) -> DraftOut:
    """Return ``draft`` with the contact masked and a preview of unit and time limit."""
    phone, name = cipher.decrypt(draft.contact_phone), cipher.decrypt(draft.contact_name)
    where = Place(draft.district, draft.street, draft.community, draft.place_detail, 1.0, (), ())
    assignment = reference.assign(draft.matter_code, where, draft.description)
    owner = reference.units.acting(draft.subject_unit) if draft.subject_unit else None
    unit, copied_to = (owner, ()) if owner else (assignment.unit, assignment.copied_to)
    item = reference.catalogue.find(draft.matter_code)
    return DraftOut(
        state=draft.state,
        request_type=draft.request_type,
        handling=draft.handling,
        matter=MatterOut(code=item.code, name=item.name) if item else None,
        description=draft.description,
        place=_place(draft),
        contact=ContactOut(
            phone=contact_reader.mask_phone(phone) if phone else None,
            name=contact_reader.mask_name(name) if name else None,
            anonymous=draft.anonymous,
        ),
        unit=UnitOut(code=unit.code, name=unit.name),
        copied_to=[CopyOut(name=each.name) for each in copied_to],
        deadline=DeadlineOut(hours=assignment.hours, basis=assignment.basis),
    )


def _place(draft: Draft) -> PlaceOut:
    return PlaceOut(district=draft.district, street=draft.street, community=draft.community, detail=draft.place_detail)


def _get_or_make(session: Session, conversation_id: str, now: datetime) -> Draft:
    draft = repository.of_conversation(session, conversation_id)
    if draft is None:
        draft = Draft(conversation_id=conversation_id, state=_NOTED, handling="dispatch", description="", anonymous=False, updated_at=now)
        session.add(draft)
    return draft


def _reset(draft: Draft, now: datetime) -> None:
    draft.state, draft.handling, draft.description, draft.anonymous = _NOTED, "dispatch", "", False
    draft.subject_unit = None
    draft.request_type = draft.matter_code = draft.district = draft.street = draft.community = draft.place_detail = None
    draft.updated_at = now
