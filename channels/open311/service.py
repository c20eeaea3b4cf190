"""Filing requests and showing them: nobody's name, telephone or door, and nothing of a report on wrong-doing (Art. 29(4))."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from channels import wording as gateway_wording
from channels.conversations import service as conversations
from channels.message import InboundMessage
from channels.open311 import repository, wording
from channels.open311.formats import Open311Error
from channels.open311.models import Open311Request
from channels.open311.parameters import Posted, Wanted
from dispatch.accounts import tokens
from dispatch.accounts.service_token import is_service_token
from dispatch.attachments import service as attachments
from dispatch.catalogue.loader import CatalogueItem
from dispatch.core.clock import beijing, beijing_text
from dispatch.core.live import LiveEvent
from dispatch.emergencies import service as emergencies
from dispatch.media import service as media
from dispatch.orders import service as orders
from dispatch.orders import words
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import Role, State
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference, understand
from nlu import contact as contact_reader
from nlu import emergency

CHANNEL = "open311"
REQUEST_TYPE = "request_type"
_SCOPES = frozenset({"intake:write", "orders:write"})
_CLOSED = frozenset({State.CLOSED.value, State.WITHDRAWN.value, State.MERGED.value, State.ANSWERED.value})
_DOOR = re.compile(r"[（(]?\s*(\d+|[一二三四五六七八九十]+|[A-Za-z])\s*[-－]?\s*(号楼|楼|栋|幢|座|单元|门|层|室|户|号院|号).*$")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Filed:
    """A request that was filed: its id, and what the resident is told."""

    number: str
    notice: str


def key_name(platform: Platform, api_key: str | None) -> str:
    """Return the name of an app's key.

    Raises:
        Open311Error: 403 where it is missing, unknown, revoked, or not for filing.
    """
    if not api_key:
        raise Open311Error(403, wording.NO_KEY)
    if is_service_token(platform, api_key):
        return "assistant"
    with platform.database.read() as session:
        token = tokens.holder(session, api_key)
    if token is None or not _SCOPES & set(token.scopes):
        raise Open311Error(403, wording.WRONG_KEY)
    return str(token.name)[:80]


def file_request(platform: Platform, posted: Posted, client: str, files: list[bytes]) -> Filed:
    """Register and dispatch a request; danger in its words raises the alarm as on any other channel (Art. 12(1)).

    A file that can't be taken doesn't stop it: the notice says why.

    Raises:
        Open311Error: 404 unknown service, 400 unknown address id.
    """
    reference = platform.reference.current()
    item = reference.catalogue.find(posted.service_code)
    if item is None:
        raise Open311Error(404, wording.UNKNOWN_SERVICE)
    unit = reference.units.find(posted.address_id) if posted.address_id else None
    if posted.address_id and (unit is None or unit.kind not in {"district", "street", "town"}):
        raise Open311Error(400, wording.UNKNOWN_ADDRESS)
    given_type = posted.attributes.get(REQUEST_TYPE)
    if given_type and given_type not in wording.REQUEST_TYPES:
        raise Open311Error(400, wording.bad(f"attribute[{REQUEST_TYPE}]", f"应为 {'、'.join(wording.REQUEST_TYPES)}"))
    said = posted.description or item.name
    understanding = understand(f"{posted.address or ''} {said}", reference)
    place = understanding.place
    if unit is not None and place.street is None:
        street = unit.short[0] if unit.kind != "district" and unit.short else None
        place = PlaceOut(district=unit.district, street=street, detail=place.detail)
    if posted.address and not place.detail:
        place = place.model_copy(update={"detail": posted.address[:200]})
    order_in = OrderIn(
        description=_facts(said, posted),
        request_type=given_type or understanding.request_type,
        matter_code=item.code,
        place=place,
        contact_phone=posted.phone,
        contact_name=posted.name,
        anonymous=posted.phone is None,
        channel=CHANNEL,
    )
    danger = emergency.detect(said)
    now = platform.clock.now()
    with platform.database.write() as session:
        order = orders.register(
            session, order_in, actor=Actor(f"open311:{client}"[:80], Role.BOT), now=now, reference=reference, cipher=platform.cipher
        )
        session.add(
            Open311Request(
                number=order.number,
                token=secrets.token_urlsafe(24),
                service_code=item.code,
                requested_at=now,
                address=_public_address(place, posted.address),
                address_id=posted.address_id,
                latitude=posted.latitude,
                longitude=posted.longitude,
                attributes={name: contact_reader.mask(value) for name, value in posted.attributes.items()},
                email=platform.cipher.encrypt(posted.email),
                client=client,
            )
        )
        owner = attachments.owner(attachments.Whose.RESIDENT, order.number)
        if posted.media_url:
            media.keep_links(session, owner, posted.media_url, now=now, cipher=platform.cipher)
            media.fetch_later(session, posted.media_url, owner=owner, now=now, cipher=platform.cipher)
        media.keep_links(session, owner, said, now=now, cipher=platform.cipher)
        if danger:
            inbound = InboundMessage(CHANNEL, order.number, order.number, said)
            received = conversations.store(session, inbound, now=now, cipher=platform.cipher)
            message = conversations.message(session, received.message_id)
            conversation = conversations.find(session, received.conversation_id)
            if message is not None and conversation is not None:
                message.handled = True
                emergencies.record(session, conversation.id, danger, said, now=now, cipher=platform.cipher)
                note = f"{danger.line}：{contact_reader.mask(danger.evidence)}（工单 {order.number}）"
                conversations.ask_attention(conversation, "emergency", now=now, note=note[:200])
        handler = reference.units.find(order.unit_code or "")
        notice = wording.filed(handler.name if handler else "", beijing_text(order.deadline_at) if order.deadline_at else None)
    if danger:
        platform.live.publish(LiveEvent("desk", "emergency", {"id": received.conversation_id}))
        platform.live.publish(LiveEvent("desk", "queue"))
        notice = gateway_wording.emergency(danger.line, danger.also).text + notice
    for data in files:
        try:
            media.store(platform, data, owner=owner, now=now)
        except media.MediaError as error:  # the request stands; whoever sent the file is told
            notice += wording.file_refused(str(error))
    return Filed(order.number, notice)


def token_of(session: Session, token: str) -> Open311Request | None:
    """Return the request that a token was given for; a request's own id counts as its token."""
    return repository.by_token(session, token) or next(iter(repository.by_numbers(session, [token])), None)


def listing(session: Session, wanted: Wanted, reference: Reference) -> list[dict[str, Any]]:
    """Return the requests that somebody wants to see, newest first."""
    if wanted.numbers:
        return _shown(session, list(repository.by_numbers(session, wanted.numbers)), reference)
    skip = (wanted.page - 1) * wanted.page_size
    if len(wanted.statuses) != 1:
        rows = repository.between(
            session, wanted.start, wanted.end, service_codes=wanted.service_codes, offset=skip, limit=wanted.page_size
        )
        return _shown(session, list(rows), reference)
    found: list[dict[str, Any]] = []
    offset = 0
    while len(found) < skip + wanted.page_size:
        rows = repository.between(session, wanted.start, wanted.end, service_codes=wanted.service_codes, offset=offset, limit=_BATCH)
        found += [each for each in _shown(session, list(rows), reference) if each["status"] in wanted.statuses]
        offset += _BATCH
        if len(rows) < _BATCH:
            break
    return found[skip : skip + wanted.page_size]


def service_out(item: CatalogueItem) -> dict[str, Any]:
    """Return one of the catalogue's matters as an Open311 service."""
    return {
        "service_code": item.code,
        "service_name": item.name,
        "description": item.description,
        "metadata": True,
        "type": "realtime",
        "keywords": ",".join(item.synonyms),
        "group": item.group,
    }


def definition_out(item: CatalogueItem) -> dict[str, Any]:
    """Return what can be said of a matter beyond the common fields."""
    return {
        "service_code": item.code,
        "attributes": [
            {
                "variable": True,
                "code": REQUEST_TYPE,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": wording.REQUEST_TYPE_HELP,
                "order": 1,
                "description": wording.REQUEST_TYPE,
                "values": [{"key": key, "name": name} for key, name in wording.REQUEST_TYPES.items()],
            }
        ],
    }


def _shown(session: Session, rows: list[Open311Request], reference: Reference) -> list[dict[str, Any]]:
    found = orders.find_all(session, [row.number for row in rows])
    return [_request_out(row, found[row.number], reference) for row in rows if row.number in found]


def _request_out(row: Open311Request, order: Order, reference: Reference) -> dict[str, Any]:
    item = reference.catalogue.find(row.service_code)
    unit = reference.units.find(order.unit_code or "")
    secret = order.request_type == "举报"  # who reports wrong-doing mustn't be guessed from what is reported, or where
    return {
        "service_request_id": row.number,
        "status": "closed" if order.state in _CLOSED else "open",
        "status_notes": words.state(State(order.state)),
        "service_name": item.name if item else order.matter_name,
        "service_code": row.service_code,
        "description": None if secret else order.description,
        "agency_responsible": unit.name if unit else None,
        "service_notice": None,
        "requested_datetime": beijing(row.requested_at).isoformat(timespec="seconds"),
        "updated_datetime": beijing(order.updated_at).isoformat(timespec="seconds"),
        "expected_datetime": beijing(order.deadline_at).isoformat(timespec="seconds") if order.deadline_at else None,
        "address": order.district if secret else row.address,
        "address_id": None if secret else row.address_id,
        "zipcode": None,
        "lat": None if secret else row.latitude,
        "long": None if secret else row.longitude,
        "media_url": None,
    }


def _facts(said: str, posted: Posted) -> str:
    """Return the words of the request with what staff must know beside them."""
    facts = [said]
    if posted.latitude is not None and posted.longitude is not None:
        facts.append(f"（定位：北纬 {posted.latitude:.5f}，东经 {posted.longitude:.5f}）")
    others = {name: value for name, value in posted.attributes.items() if name != REQUEST_TYPE}
    facts += [f"（{name}：{value}）" for name, value in list(others.items())[:20]]
    return "\n".join(facts)


def _public_address(place: PlaceOut, given: str | None) -> str | None:
    known = "".join(part for part in (place.district, place.street, place.community) if part)
    if given is None:
        return known or None
    return contact_reader.mask(_DOOR.sub("", given)).strip()[:400] or known or None
