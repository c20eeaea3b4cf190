"""Telephone calls: a conversation in Mandarin, turn by turn. A call's turns are numbered, so that a repeated request changes nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from channels import wording
from channels.channel import Channel, Limits, Outgoing
from channels.conversations import service as conversations
from channels.conversations.service import Conversation, Message
from channels.inbox.service import Inbox
from channels.message import InboundMessage, OutboundMessage
from channels.twilio import speech
from channels.twilio.signature import SignedFields
from dispatch.core.live import LiveEvent
from dispatch.core.problems import Problem
from dispatch.drafts import service as drafts
from dispatch.outbox.delivering import Refused
from dispatch.platform import Platform, PlatformDep
from nlu import emergency

router = APIRouter(prefix=speech.BASE, tags=["twilio"])

NAME = "voice"
PATIENCE = 5.0
"""Seconds that a caller hears nothing; Twilio itself hangs up after 15."""

_WAITS = 4
_SURE = 0.5
_YES = ("是", "好", "接", "要", "对", "行", "嗯", "快")
_ONE, _PERSON = "1", "转人工"

Turn = Annotated[int, Query(ge=1, le=500)]


class VoiceChannel(Channel):
    """Callers: replies are read out in the call, nothing is sent."""

    name = NAME
    limits = Limits(characters=1200)
    pushes = False
    router = router

    def send(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Refuse: who has hung up is rung by people."""
        raise Refused("通话已结束")


CHANNEL = VoiceChannel()


@router.post("")
async def call_begins(platform: PlatformDep, fields: SignedFields) -> Response:
    """Greet a caller and listen."""
    call = _call(fields)

    def work() -> None:
        now = platform.clock.now()
        with platform.database.write() as session:
            conversation = conversations.open_conversation(session, NAME, _address(fields), now=now, cipher=platform.cipher)
            greeting = OutboundMessage(wording.VOICE_GREETING, custom={"kind": "call", "call": call})
            conversations.say_once(session, conversation, greeting, key=f"{call}:call", now=now)

    await to_thread.run_sync(work)
    return _xml(speech.greet(f"{platform.settings.resolved_public_url()}{speech.BASE}/recording"))


@router.post("/turn")
async def turn(
    request: Request, platform: PlatformDep, fields: SignedFields, n: Turn, tries: Annotated[int, Query(ge=0, le=2)] = 0
) -> Response:
    """Take what the caller said. What wasn't heard well is asked once more; after that a person is offered, then called."""
    said = fields.get("Digits") or fields.get("SpeechResult", "")
    if tries == 2 and fields.get("Digits") == _ONE:
        said = _PERSON
    if not said or (not fields.get("Digits") and _confidence(fields) < _SURE and emergency.detect(said) is None):
        if tries == 2:
            return _xml(await to_thread.run_sync(_person, platform, fields))
        question = wording.VOICE_OFFER_PERSON if tries else wording.VOICE_AGAIN
        return _xml(speech.ask([question], f"/turn?n={n}&tries={tries + 1}"))
    inbox: Inbox = request.app.state.inbox
    received = await inbox.store(InboundMessage(NAME, _address(fields), f"{_call(fields)}:{n}", said[:4000], choosing=True))
    if not received.handled:
        inbox.handle_soon(received)
    return await _when_answered(platform, inbox, fields, received.message_id, n, 0)


@router.post("/wait")
async def wait(
    request: Request,
    platform: PlatformDep,
    fields: SignedFields,
    message: Annotated[int, Query(ge=1, le=2**62)],
    n: Turn,
    waited: Annotated[int, Query(ge=1, le=_WAITS)],
) -> Response:
    """Go on waiting for an answer that took too long."""
    return await _when_answered(platform, request.app.state.inbox, fields, message, n, waited)


@router.post("/emergency")
async def dial_emergency(fields: SignedFields, line: Literal["110", "119", "120", "122"], n: Turn) -> Response:
    """Connect to the emergency line if the caller wants it; otherwise say it once more and listen."""
    said = fields.get("SpeechResult", "")
    if fields.get("Digits") == _ONE or (any(word in said for word in _YES) and not said.startswith(("不", "别"))):
        return _xml(speech.dial(line))
    return _xml(speech.ask([f"请马上拨打：{wording.voice_line(line)}。", wording.VOICE_MORE], f"/turn?n={n}"))


@router.post("/recording")
def keep_recording(platform: PlatformDep, fields: SignedFields) -> Response:
    """Keep the link of a call's recording with the conversation."""
    call, url, recording = _call(fields), fields.get("RecordingUrl", ""), fields.get("RecordingSid", "")[:64]
    if not (url.startswith("https://") and recording):
        raise Problem(400, "内容有误", "RecordingUrl、RecordingSid: 缺少或有误", kind="invalid-input")
    now = platform.clock.now()
    with platform.database.write() as session:
        if conversation := _conversation(session, call):
            seconds = fields.get("RecordingDuration", "")
            custom = {"kind": "recording", "url": url[:500], "seconds": int(seconds) if seconds.isdecimal() else None}
            conversations.say_once(
                session, conversation, OutboundMessage(wording.VOICE_RECORDING, custom=custom), key=f"{call}:{recording}", now=now
            )
    return Response(status_code=204)


@router.post("/status")
def call_ends(platform: PlatformDep, fields: SignedFields) -> Response:
    """See that somebody rings back where the caller was cut off in the middle of a matter."""
    if fields.get("CallStatus") in ("completed", "failed", "no-answer", "busy", "canceled"):
        with platform.database.write() as session:
            conversation = _conversation(session, _call(fields))
            draft = drafts.find(session, conversation.id) if conversation else None
            if conversation and draft and draft.description:
                conversations.ask_attention(conversation, "bot_unsure", now=platform.clock.now(), note="来电挂断时诉求还没登记完，请回电")
        platform.live.publish(LiveEvent("desk", "queue"))
    return Response(status_code=204)


async def _when_answered(platform: Platform, inbox: Inbox, fields: dict[str, str], message_id: int, n: int, waited: int) -> Response:
    if not await inbox.answered(message_id, PATIENCE):
        if waited >= _WAITS:
            return _xml(await to_thread.run_sync(_person, platform, fields))
        return _xml(speech.wait(message_id, n, waited + 1))
    holder, replies = await to_thread.run_sync(_replies, platform, fields, message_id)
    danger = next((reply.custom for reply in replies if (reply.custom or {}).get("kind") == "emergency"), None)
    if danger:
        return _xml(speech.emergency(str(danger["lines"][0]), n))
    if holder != "bot":
        return _xml(await to_thread.run_sync(_person, platform, fields))
    return _xml(speech.answer(replies, n))


def _replies(platform: Platform, fields: dict[str, str], message_id: int) -> tuple[str, list[Message]]:
    """Return who holds the caller's conversation, and what was answered to a message of it."""
    with platform.database.read() as session:
        message = conversations.message(session, message_id)
        conversation = conversations.find(session, message.conversation_id) if message else None
        if conversation is None or conversation.address_lookup != platform.cipher.lookup(f"{NAME}:{_address(fields)}"):
            raise Problem(404, "没有找到", "message: 不是这次通话里的话", kind="not-found")
        said = conversations.messages(session, conversation.id, after=message_id)
        return conversation.holder, [each for each in said if each.reply_to == message_id]


def _person(platform: Platform, fields: dict[str, str]) -> VoiceResponse:
    """Put the caller into the operators' queue, and through to their desk where it has a number."""
    now = platform.clock.now()
    with platform.database.write() as session:
        conversation = conversations.open_conversation(session, NAME, _address(fields), now=now, cipher=platform.cipher)
        conversations.ask_attention(conversation, "asked_for_person", now=now, promise_person=True)
    platform.live.publish(LiveEvent("desk", "queue"))
    number = platform.settings.twilio_person_number
    return speech.dial(number, wording.VOICE_TO_PERSON) if number else speech.farewell(wording.VOICE_PERSON_LATER)


def _conversation(session: Session, call: str) -> Conversation | None:
    begun = conversations.by_provider_id(session, NAME, f"{call}:call")
    return conversations.find(session, begun.conversation_id, lock=True) if begun else None


def _call(fields: dict[str, str]) -> str:
    call = fields.get("CallSid", "")[:64]
    if not call:
        raise Problem(400, "内容有误", "CallSid: 缺少", kind="invalid-input")
    return call


def _address(fields: dict[str, str]) -> str:
    """Return the caller's number, or the call itself where the number is withheld."""
    number = fields.get("From", "")
    return number if number.startswith("+") and number[1:].isdecimal() else _call(fields)


def _confidence(fields: dict[str, str]) -> float:
    try:
        return float(fields.get("Confidence", ""))
    except ValueError:
        return 0.0


def _xml(response: VoiceResponse) -> Response:
    return Response(str(response), media_type="text/xml")
