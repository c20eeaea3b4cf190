"""Filing an order from a conversation, everything known of it filled in beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from channels import wording
from channels.conversations import service as conversations
from channels.conversations.holding import NotHeldError
from channels.conversations.service import Message
from channels.desk.reading import Reading
from channels.message import OutboundMessage
from dispatch.core.crypto import FieldCipher
from dispatch.drafts import service as drafts
from dispatch.orders import service as orders
from dispatch.orders.schemas import FiledOut, OrderIn, TransitionIn
from dispatch.orders.service import Actor
from dispatch.understanding.corrections import REQUEST_TYPES
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference
from nlu import contact as contact_reader
from nlu.text import normalise

_PHONE = re.compile(r"\+?[\d -]{5,20}")
_SAYS_NOTHING = 6
"""Characters up to which a message like 转人工 or 好的 doesn't belong into an order's description."""


class BadFieldError(ValueError):
    """What stands in a field of the form can't be; the message names the field and says why."""


@dataclass(slots=True)
class Form:
    """The form of a new order as it stands on the page; ``phone`` and ``name`` left empty mean the ones on file."""

    description: str = ""
    request_type: str = ""
    matter: str = ""
    district: str = ""
    street: str = ""
    community: str = ""
    detail: str = ""
    unit: str = ""
    name: str = ""
    phone: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class OnFile:
    """The contact that the resident gave, masked."""

    phone: str | None
    name: str | None


def prefilled(session: Session, conversation_id: str, reading: Reading | None, messages: Sequence[Message]) -> Form:
    """Return the form with what the bot gathered, else with what was read of the messages."""
    draft = drafts.find(session, conversation_id)
    told = [each.text.strip() for each in messages if each.author == "resident" and len(normalise(each.text)) > _SAYS_NOTHING]
    form = Form(description=(draft.description if draft else "") or "\n".join(told)[-4000:])
    if reading:
        form.request_type = reading.request_type or ""
        form.matter = reading.matter["name"] if reading.matter else ""
        form.unit = reading.unit["name"] if reading.unit and "unit" in reading.corrected else ""
        form.district, form.street = reading.place["district"] or "", reading.place["street"] or ""
        form.community, form.detail = reading.place["community"] or "", reading.place["detail"] or ""
    if draft:
        form.request_type = draft.request_type or form.request_type
        form.anonymous = draft.anonymous
        if draft.district:
            form.district, form.street = draft.district, draft.street or ""
            form.community, form.detail = draft.community or "", draft.place_detail or ""
    return form


def on_file(session: Session, conversation_id: str, cipher: FieldCipher) -> OnFile:
    """Return the contact that the resident gave in this conversation, masked."""
    phone, name = drafts.contact(session, conversation_id, cipher)
    return OnFile(contact_reader.mask_phone(phone) if phone else None, contact_reader.mask_name(name) if name else None)


def file(
    session: Session,
    conversation_id: str,
    form: Form,
    *,
    actor: Actor,
    idempotency_key: str,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
    link: Callable[[str, str], str | None],
) -> FiledOut:
    """Make an order of ``form``, tell the resident its number, and return it; the same key twice makes one order.

    A unit in the form overrules the catalogue's; ``link`` makes the address of the resident's page from number and
    channel. Raises BadFieldError, or NotHeldError unless the actor holds the conversation.
    """
    conversation = conversations.find(session, conversation_id, lock=True)
    if conversation is None or conversation.holder != "operator" or conversation.operator != actor.name:
        raise NotHeldError(conversation_id)
    key = f"desk:{conversation_id}:{idempotency_key}"
    if existing := orders.by_idempotency_key(session, key):
        return orders.filed_out(session, existing, reference, link(existing.number, conversation.channel))
    place, matter, unit = _place(form, reference), _matter(form, reference), _unit(form, reference)
    kept_phone, kept_name = drafts.contact(session, conversation_id, cipher)
    phone, name = _phone(form) or kept_phone, form.name.strip()[:40] or kept_name
    anonymous = form.anonymous or phone is None
    order = orders.register(
        session,
        OrderIn(
            description=form.description.strip(),
            request_type=form.request_type or None,
            matter_code=matter,
            place=place,
            contact_phone=None if anonymous else phone,
            contact_name=None if anonymous else name,
            anonymous=anonymous,
            channel=conversation.channel,
            dispatch_now=unit is None,
        ),
        actor=actor,
        now=now,
        reference=reference,
        cipher=cipher,
        conversation_id=conversation_id,
        idempotency_key=key,
    )
    if unit is not None:
        given = TransitionIn(unit=unit, reason="话务员核实后指定承办单位")
        orders.apply(session, order.number, "dispatch", given, actor=actor, now=now, reference=reference)
    drafts.discard(session, conversation_id, now)
    out = orders.filed_out(session, order, reference, link(order.number, conversation.channel))
    conversation.unanswered_since = None
    told = wording.order_filed(out.number, out.unit.name if out.unit else None, out.deadline_at, out.progress_url)
    message = OutboundMessage(told, custom={"kind": "order_filed", "number": out.number})
    conversations.say(session, conversation, [message], now=now, author="operator", operator=actor.name)
    return out


def _phone(form: Form) -> str | None:
    phone = form.phone.strip()
    if phone and not _PHONE.fullmatch(phone):
        raise BadFieldError("联系电话：请写 5 到 20 位数字")
    return phone or None


def _matter(form: Form, reference: Reference) -> str | None:
    if not form.description.strip():
        raise BadFieldError("诉求内容：不能为空")
    if form.request_type and form.request_type not in REQUEST_TYPES:
        raise BadFieldError("诉求类型：请从列表里选")
    if not form.matter.strip():
        return None
    item = reference.catalogue.by_label(form.matter.strip())
    if item is None:
        raise BadFieldError(f"事项：派单目录里没有“{form.matter.strip()[:30]}”，请从列表里选")
    return item.code


def _unit(form: Form, reference: Reference) -> str | None:
    if not form.unit.strip():
        return None
    unit = reference.units.by_label(form.unit.strip())
    if unit is None:
        raise BadFieldError(f"承办单位：没有“{form.unit.strip()[:30]}”这个单位，或有几个同名，请从列表里选")
    return unit.code


def _place(form: Form, reference: Reference) -> PlaceOut:
    district, street = form.district.strip(), form.street.strip()
    if district and reference.units.district(district) is None:
        raise BadFieldError(f"区：没有“{district[:20]}”，例如“朝阳区”")
    if street and (not district or reference.units.street(district, street) is None):
        raise BadFieldError(f"街道：{district[:20] or '（未选区）'}没有“{street[:20]}”，例如“望京街道”")
    rest = {"community": form.community.strip()[:64] or None, "detail": form.detail.strip()[:200] or None}
    return PlaceOut(district=district or None, street=street or None, **rest)
