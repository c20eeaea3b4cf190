"""The TwiML that a caller hears."""

from __future__ import annotations

import re

from twilio.twiml.voice_response import VoiceResponse

from channels import wording
from channels.conversations.service import Message

BASE = "/channels/twilio/voice"

_SAY = "zh-CN"
_GATHER = "cmn-Hans-CN"
_HINTS = (
    "转人工,投诉,举报,暖气,停水,停电,路灯,井盖,噪音,施工,物业,垃圾,停车,小区,街道,"
    "东城区,西城区,朝阳区,海淀区,丰台区,石景山区,通州区,昌平区,大兴区"
)
_LINK = re.compile(r"https?://\S+")
_LONGEST = 1200  # characters read out at a time: about four minutes


def ask(said: list[str], action: str) -> VoiceResponse:
    """Say something, then listen: what the caller says or presses goes to ``action``, silence too."""
    response = VoiceResponse()
    gather = response.gather(
        input="speech dtmf",
        language=_GATHER,
        speech_timeout="auto",
        action_on_empty_result=True,
        num_digits=1,
        hints=_HINTS,
        action=f"{BASE}{action}",
        method="POST",
    )
    for text in said:
        gather.say(spoken(text), language=_SAY)
    return response


def greet(record_to: str) -> VoiceResponse:
    """Greet a caller and listen; the call is recorded, and the recording's link sent to ``record_to``."""
    response = VoiceResponse()
    response.start().recording(recording_status_callback=record_to, recording_status_callback_event="completed")
    for verb in ask([wording.VOICE_GREETING], "/turn?n=1").verbs:
        response.append(verb)
    return response


def wait(message_id: int, turn: int, waited: int) -> VoiceResponse:
    """Say that it takes a moment, and come back."""
    response = VoiceResponse()
    response.say(wording.VOICE_WAIT, language=_SAY)
    response.redirect(f"{BASE}/wait?message={message_id}&n={turn}&waited={waited}", method="POST")
    return response


def answer(replies: list[Message], turn: int) -> VoiceResponse:
    """Read the replies out and listen for what comes next."""
    said = [reply.text for reply in replies]
    buttons = next((reply.buttons for reply in reversed(replies) if reply.buttons), [])
    said.append(wording.voice_choices([button["title"] for button in buttons]) if buttons else wording.VOICE_MORE)
    return ask(said, f"/turn?n={turn + 1}")


def emergency(line: str, turn: int) -> VoiceResponse:
    """Say which number to ring, slowly and twice, and offer to dial it (Art. 12(1))."""
    response = VoiceResponse()
    for _ in range(2):
        response.say(f"情况紧急，请马上拨打：{wording.voice_line(line)}。", language=_SAY)
        response.pause(1)
    listening = ask([wording.VOICE_DIAL], f"/emergency?line={line}&n={turn + 1}")
    for verb in listening.verbs:
        response.append(verb)
    return response


def dial(number: str, first: str | None = None) -> VoiceResponse:
    """Connect the caller to ``number``."""
    response = VoiceResponse()
    if first:
        response.say(first, language=_SAY)
    response.dial(number)
    return response


def farewell(text: str) -> VoiceResponse:
    """Say something and hang up."""
    response = VoiceResponse()
    response.say(text, language=_SAY)
    response.hangup()
    return response


def spoken(text: str) -> str:
    """Return ``text`` as it can be read out: without links and line ends, not endless."""
    return _LINK.sub("", text).replace("\n", "。")[:_LONGEST]
