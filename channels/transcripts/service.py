"""Following a call: danger is told the moment it is heard (Art. 12(1)), an order is made of the whole when the call is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from channels.conversations import service as conversations
from channels.message import InboundMessage
from channels.transcripts import reading, repository
from channels.transcripts.models import TranscriptCall, TranscriptSegment
from channels.transcripts.reading import Turn
from channels.transcripts.schemas import SegmentIn, TranscriptIn, TranscriptOut
from dispatch.core.crypto import FieldCipher
from dispatch.core.live import LiveEvent
from dispatch.drafts import service as drafts
from dispatch.emergencies import service as emergencies
from dispatch.media import service as media
from dispatch.orders import service as orders
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor
from dispatch.platform import Platform
from dispatch.understanding.schemas import Understanding
from dispatch.understanding.service import MATTER_THRESHOLD, Reference, understand
from nlu import contact as contact_reader
from nlu.emergency import Emergency as Danger

CHANNEL = "phone"
_FILED_HANDLINGS = frozenset({"dispatch", "answer", "liaison"})
_MAX_TEXT = 20_000


def take(platform: Platform, given: TranscriptIn, actor: Actor) -> TranscriptOut:
    """Take in a call or a part of it. The same part again changes nothing; parts may come in any order."""
    now = platform.clock.now()
    reference = platform.reference.current()
    cipher = platform.cipher
    with platform.database.write() as session:
        call = _open(session, given, now, cipher)
        new = _keep(session, call, given.segments, cipher)
        _note(session, call, given, now, cipher)
        rows = repository.segments(session, call.call_id)
        turns = [Turn(row.segment_id, row.speaker, row.confidence, cipher.decrypt(row.original) or row.text) for row in rows]
        found = reading.danger(turns)
        alarm = found is not None and not call.alarmed
        if found and alarm:
            _raise_alarm(session, call, *found, now=now, cipher=cipher)
        ended = given.final and call.state == "open"
        if ended:
            _end(session, call, turns, actor=actor, now=now, reference=reference, cipher=cipher)
        elif new and call.state != "open":
            _come_late(session, call, turns, new, now, cipher)
        order = orders.find(session, call.order_number) if call.order_number else None
        out = TranscriptOut(
            call_id=call.call_id,
            conversation_id=call.conversation_id,
            state=call.state,
            segments=len(rows),
            low_confidence=[turn.id for turn in turns if turn.low],
            emergency=found[0].line if found else None,
            order_number=call.order_number,
            deadline_at=order.deadline_at if order else None,
        )
    if alarm:
        platform.live.publish(LiveEvent("desk", "emergency", {"id": out.conversation_id}))
    if alarm or ended or new:
        platform.live.publish(LiveEvent(f"conversation:{out.conversation_id}", "message", {"id": out.conversation_id}))
    if alarm or out.state == "queued":
        platform.live.publish(LiveEvent("desk", "queue"))
    return out


def _open(session: Session, given: TranscriptIn, now: datetime, cipher: FieldCipher) -> TranscriptCall:
    call = repository.call(session, given.call_id)
    if call is not None:
        return call
    conversation = conversations.open_conversation(session, CHANNEL, given.call_id, now=now, cipher=cipher)
    call = TranscriptCall(call_id=given.call_id, conversation_id=conversation.id, state="open", alarmed=False, created_at=now)
    try:
        with session.begin_nested():
            session.add(call)
    except IntegrityError:
        # Two first parts at once: the other one opened the call.
        call = repository.call(session, given.call_id)
        if call is None:
            raise
    return call


def _keep(session: Session, call: TranscriptCall, given: Sequence[SegmentIn], cipher: FieldCipher) -> set[str]:
    """Store segments and return the ids of those that brought something new."""
    known = {row.segment_id: row for row in repository.segments(session, call.call_id)}
    new: set[str] = set()
    for segment in given:
        row = known.get(segment.id)
        if row is not None and segment.revision <= row.revision:
            continue
        if row is None:
            row = known[segment.id] = TranscriptSegment(call_id=call.call_id, segment_id=segment.id)
            session.add(row)
        row.revision, row.speaker, row.confidence = segment.revision, segment.speaker, segment.confidence
        row.start, row.end = segment.start, segment.end
        row.text = contact_reader.mask(segment.text)
        row.original = cipher.encrypt(segment.text) if row.text != segment.text else None
        new.add(segment.id)
    session.flush()
    return new


def _note(session: Session, call: TranscriptCall, given: TranscriptIn, now: datetime, cipher: FieldCipher) -> None:
    told = given.metadata
    call.agent = told.agent or call.agent
    call.started_at = told.started_at or call.started_at
    call.ended_at = told.ended_at or call.ended_at
    if given.recording_url:
        call.recording = cipher.encrypt(str(given.recording_url))
        media.keep_links(session, f"conversation:{call.conversation_id}", str(given.recording_url), now=now, cipher=cipher)
    if told.caller_number or told.caller_name:
        drafts.note_contact(session, call.conversation_id, phone=told.caller_number, name=told.caller_name, now=now, cipher=cipher)


def _raise_alarm(session: Session, call: TranscriptCall, danger: Danger, words: str, *, now: datetime, cipher: FieldCipher) -> None:
    call.alarmed = True
    emergencies.record(session, call.conversation_id, danger, words, now=now, cipher=cipher)
    _say(session, call, f"{call.call_id}:danger", words, now, cipher)
    conversation = conversations.find(session, call.conversation_id, lock=True)
    if conversation is not None:
        note = f"{danger.line}：{contact_reader.mask(danger.evidence)}"[:200]
        conversations.ask_attention(conversation, "emergency", now=now, note=note)


def _end(
    session: Session,
    call: TranscriptCall,
    turns: Sequence[Turn],
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
) -> None:
    """Make an order of a call that is over, or leave it to a person."""
    read = understand(reading.clear_words(turns)[:_MAX_TEXT], reference)
    _say(session, call, call.call_id, reading.record(turns)[:_MAX_TEXT], now, cipher, read)
    own = contact_reader.find("\n".join(turn.text for turn in turns if turn.speaker == "caller"))
    phone, name = drafts.contact(session, call.conversation_id, cipher)
    phone, name = own.phone or phone, name or own.name
    if phone or name:
        drafts.note_contact(session, call.conversation_id, phone=phone, name=name, now=now, cipher=cipher)
    conversation = conversations.find(session, call.conversation_id, lock=True)
    if conversation is not None and read.stability_risk:
        conversations.ask_attention(conversation, "stability_risk", now=now)
    if _sure(read, reference) and reading.well_heard(turns):
        order_in = OrderIn(
            description=reading.facts(turns)[:_MAX_TEXT],
            request_type=read.request_type,
            handling=read.handling,
            matter_code=read.matter.code if read.matter else None,
            place=read.place,
            contact_phone=phone,
            contact_name=name,
            anonymous=phone is None,
            channel=CHANNEL,
        )
        key = f"call:{call.call_id}"
        order = orders.register(
            session,
            order_in,
            actor=actor,
            now=now,
            reference=reference,
            cipher=cipher,
            conversation_id=call.conversation_id,
            idempotency_key=key,
        )
        call.state, call.order_number = "filed", order.number
        return
    call.state = "queued"
    if conversation is not None:
        conversations.ask_attention(conversation, "bot_unsure", now=now, note="通话记录需人工研判立单")


def _sure(read: Understanding, reference: Reference) -> bool:
    """Say whether a call is understood well enough to be filed without a person."""
    if read.handling not in _FILED_HANDLINGS or read.matter is None or (read.confidence.matter or 0) < MATTER_THRESHOLD:
        return False
    item = reference.catalogue.find(read.matter.code)
    named = item is not None and item.handler.unit is not None
    return named or read.place.district is not None


def _come_late(session: Session, call: TranscriptCall, turns: Sequence[Turn], new: set[str], now: datetime, cipher: FieldCipher) -> None:
    """Keep what arrives after the call was over with the conversation, and have a person look whether it changes anything."""
    late = [turn for turn in turns if turn.id in new]
    words = reading.record(late)
    if not words:
        return
    key = f"{call.call_id}:late:{min(new)}:{len(turns)}"[:120]
    _say(session, call, key, words[:_MAX_TEXT], now, cipher)
    conversation = conversations.find(session, call.conversation_id, lock=True)
    if conversation is not None and any(turn.speaker == "caller" for turn in late):
        conversations.ask_attention(conversation, "bot_unsure", now=now, note=f"通话立单后又到的内容，工单 {call.order_number or '未立'}")


def _say(
    session: Session,
    call: TranscriptCall,
    key: str,
    words: str,
    now: datetime,
    cipher: FieldCipher,
    read: Understanding | None = None,
) -> None:
    """Put words of a call into its conversation, where operators read them; nothing answers them."""
    received = conversations.store(session, InboundMessage(CHANNEL, call.call_id, key, words), now=now, cipher=cipher)
    message = conversations.message(session, received.message_id)
    if message is not None:
        message.handled = True
        if read is not None:
            message.understanding = read.model_dump(mode="json")
