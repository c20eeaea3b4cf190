"""What the system understood of a conversation, put right by operators: every correction is a row to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from channels.conversations import service as conversations
from channels.conversations.service import Message
from dispatch.core.crypto import FieldCipher
from dispatch.drafts import service as drafts
from dispatch.drafts.schemas import DraftIn
from dispatch.understanding import corrections
from dispatch.understanding.corrections import CorrectedField
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference
from nlu.place import Place

_NOWHERE = {"district": None, "street": None, "community": None, "detail": None}


class NothingReadError(LookupError):
    """The resident hasn't said anything yet that could be understood wrongly."""


@dataclass(slots=True)
class Reading:
    """What an operator should know of all that was said: "转人工" at the end tells nothing of the matter before it.

    The unit is the one for matter and place together, which may have been told in different messages.
    """

    told: Message
    """The message that told the matter, or the newest one."""
    placed: Message
    """The message that told the place, or ``told``."""
    request_type: str | None
    handling: str
    matter: dict[str, str] | None
    place: dict[str, str | None]
    unit: dict[str, str] | None
    emergency: dict[str, Any] | None
    deadline: dict[str, Any] | None
    why: list[str]
    corrected: dict[str, str] = field(default_factory=dict)
    """Who put a field right, by field."""

    @property
    def where(self) -> Place:
        """The place as the catalogue asks for it."""
        return Place(self.place["district"], self.place["street"], self.place["community"], self.place["detail"], 1.0, (), ())


def read(messages: Sequence[Message], reference: Reference) -> Reading | None:
    """Return the reading of ``messages`` (oldest first) with what operators corrected, or None where nothing was read."""
    read_ones = [message for message in messages if message.understanding]
    if not read_ones:
        return None
    newest_first = read_ones[::-1]
    told = max(newest_first, key=_sureness)
    placed = next((message for message in newest_first if any((_of(message).get("place") or {}).values())), told)
    danger = next((_of(message)["emergency"] for message in newest_first if _of(message).get("emergency")), None)
    value = _of(told)
    place = {**_NOWHERE, **(_of(placed).get("place") or {})}
    reading = Reading(
        told,
        placed,
        value.get("request_type"),
        value["handling"],
        value.get("matter"),
        place,
        value.get("unit"),
        danger,
        value.get("deadline"),
        value.get("why", []),
    )
    for message in read_ones:
        for name, given in (_of(message).get("corrected") or {}).items():
            _put(reading, name, given, reference)
    if reading.matter:
        assignment = reference.assign(reading.matter["code"], reading.where, told.text)
        reading.deadline = {"hours": assignment.hours, "basis": assignment.basis}
        if "unit" not in reading.corrected:
            reading.unit = {"code": assignment.unit.code, "name": assignment.unit.name}
    return reading


def correct(
    session: Session,
    conversation_id: str,
    name: CorrectedField,
    value: str,
    *,
    by: str,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
) -> None:
    """Put one field of the reading right: for the desk, for the draft that the bot gathers, and as a row to learn from.

    Raises:
        NothingReadError: there is no reading. UnknownValueError: ``value`` can't be. NoCorrectionError: that is what was read.
    """
    messages = conversations.messages(session, conversation_id)
    reading = read(messages, reference)
    if reading is None:
        raise NothingReadError(conversation_id)
    source = reading.placed if name in ("district", "street") else reading.told
    confidence = _of(source).get("confidence") or {}
    row = corrections.record_correction(
        session,
        field=name,
        text=conversations.full_text(source, cipher),
        predicted=_said(reading, name),
        corrected=value,
        confidence=confidence.get("place" if name in ("district", "street") else name),
        source=f"message:{source.id}",
        by=by,
        at=now,
        catalogue=reference.catalogue,
        units=reference.units,
    )
    right = corrections.corrected_value(session, row)
    done = {**(_of(source).get("corrected") or {}), name: {"value": right, "by": by}}
    if name == "district":
        done.pop("street", None)
    source.understanding = {**_of(source), "corrected": done}
    _put(reading, name, done[name], reference)
    _carry_into_draft(session, conversation_id, reading, now)


def _carry_into_draft(session: Session, conversation_id: str, reading: Reading, now: datetime) -> None:
    draft = drafts.find(session, conversation_id)
    if draft is None:
        return
    place = PlaceOut(district=draft.district, street=draft.street, community=draft.community, detail=draft.place_detail)
    if reading.corrected.keys() & {"district", "street"}:
        place.district, place.street = reading.place["district"], reading.place["street"]
    given = DraftIn(
        request_type=reading.request_type if "request_type" in reading.corrected else draft.request_type,
        handling=draft.handling,
        matter_code=reading.matter["code"] if "matter" in reading.corrected and reading.matter else draft.matter_code,
        description=draft.description,
        place=place,
        anonymous=draft.anonymous,
        state="summary" if draft.state == "summary" else "collecting",
    )
    drafts.save(session, conversation_id, given, now=now)


def _put(reading: Reading, name: str, given: dict[str, str], reference: Reference) -> None:
    value = given["value"]
    reading.corrected[name] = given["by"]
    if name == "request_type":
        reading.request_type = value
    elif name == "matter" and (item := reference.catalogue.find(value)):
        reading.matter = {"code": item.code, "name": item.name}
    elif name == "unit" and (unit := reference.units.find(value)):
        reading.unit = {"code": unit.code, "name": unit.name}
    elif name == "district":
        same = reading.place["district"] == value
        reading.place = {**reading.place, "district": value} if same else {**_NOWHERE, "district": value}
    elif name == "street":
        district, _, street = value.partition(" ")
        same = (reading.place["district"], reading.place["street"]) == (district, street)
        rest = {} if same else {"community": None}
        reading.place = {**reading.place, **rest, "district": district, "street": street}


def _said(reading: Reading, name: CorrectedField) -> str | None:
    """Return what the system had said of a field, as corrections are kept."""
    place = reading.place
    if name == "request_type":
        return reading.request_type
    if name == "matter":
        return reading.matter["code"] if reading.matter else None
    if name == "unit":
        return reading.unit["code"] if reading.unit else None
    if name == "district":
        return place["district"]
    return f"{place['district']} {place['street']}" if place["district"] and place["street"] else None


def _sureness(message: Message) -> float:
    value = _of(message)
    return (value.get("confidence") or {}).get("matter") or 0.0 if value.get("matter") else -1.0


def _of(message: Message) -> dict[str, Any]:
    return message.understanding or {}
