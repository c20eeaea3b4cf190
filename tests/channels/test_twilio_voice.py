"""Calls: heard, not heard, late, in danger, recorded."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from channels.twilio import voice
from tests.channels.conftest import CALLER, Phone
from tests.channels.rasa_double import RasaDouble


@pytest.fixture
def double(rasa_double: tuple[str, RasaDouble]) -> RasaDouble:
    return rasa_double[1]


class Caller:
    """Somebody on the phone: follows what the TwiML says."""

    def __init__(self, phone: Phone, call: str = "CA1") -> None:
        self.phone, self.call, self.path = phone, call, "/channels/twilio/voice"
        self.heard = ""

    def say(self, text: str = "", confidence: str = "0.9", digits: str = "") -> ElementTree.Element:
        """Say or press something; returns what comes back."""
        fields = {"CallSid": self.call, "From": CALLER, "SpeechResult": text, "Confidence": confidence if text else ""}
        if digits:
            fields["Digits"] = digits
        answer = self.phone.twilio(self.path, fields)
        assert answer.status_code == 200, answer.text
        root = ElementTree.fromstring(answer.text)
        self.heard = "".join(each.text or "" for each in root.iter("Say"))
        gather, redirect = root.find("Gather"), root.find("Redirect")
        if gather is not None:
            assert gather.get("language") == "cmn-Hans-CN"
            assert gather.get("actionOnEmptyResult") == "true"
            self.path = gather.get("action") or ""
        elif redirect is not None:
            self.path = redirect.text or ""
        return root


@pytest.fixture
def caller(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> Caller:
    monkeypatch.setattr(voice, "PATIENCE", 60.0)  # the first message of a test run waits for the catalogue to load
    caller = Caller(phone)
    caller.say()
    assert "请说您遇到的事" in caller.heard
    return caller


def test_a_call_is_a_conversation_and_a_repeated_request_changes_nothing(caller: Caller, double: RasaDouble) -> None:
    first = caller.path
    caller.say("楼下路灯不亮了")
    assert "听到：楼下路灯不亮了" in caller.heard
    following = caller.path
    caller.path = first
    caller.say("楼下路灯不亮了")
    assert "听到：楼下路灯不亮了" in caller.heard
    assert caller.path == following
    assert len(double.turns) == 1
    assert double.turns[0]["metadata"]["channel"] == "voice"


def test_what_was_not_heard_is_asked_once_then_a_person_is_offered_then_called(caller: Caller, double: RasaDouble) -> None:
    caller.say("路什么灯", confidence="0.2")
    assert "再说一遍" in caller.heard
    caller.say("")
    assert "转人工" in caller.heard
    caller.say("")
    assert "回电" in caller.heard
    assert double.turns == []
    with caller.phone.platform.database.read() as session:
        assert session.execute(sa.text("SELECT attention_reason FROM conversations")).scalar_one() == "asked_for_person"


class TestWithADesk:
    @pytest.fixture
    def extra_settings(self) -> dict[str, str]:
        return {"twilio_person_number": "+861065000009"}

    def test_who_wants_a_person_is_put_through(self, caller: Caller) -> None:
        for _ in range(2):
            caller.say("")
        root = caller.say("还是不清楚", confidence="0.1")
        dialled = root.find("Dial")
        assert dialled is not None
        assert dialled.text == "+861065000009"


def test_danger_says_the_number_slowly_and_dials_it(caller: Caller, double: RasaDouble) -> None:
    caller.say("着火了，我家厨房着火了，老人还在屋里", confidence="0.1")
    assert caller.heard.count("幺，幺，九") == 2
    dialled = caller.say("好的快接").find("Dial")
    assert dialled is not None
    assert dialled.text == "119"
    assert double.turns == []


def test_a_late_answer_is_waited_for_aloud(caller: Caller, double: RasaDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "PATIENCE", 0.05)
    double.mode = "slow"
    caller.say("楼下路灯不亮了")
    assert "请稍等" in caller.heard
    monkeypatch.setattr(voice, "PATIENCE", 60.0)
    assert re.fullmatch(r"/channels/twilio/voice/wait\?message=\d+&n=1&waited=1", caller.path)
    caller.say()
    assert "late" in caller.heard


def test_the_recording_is_kept_and_an_unsigned_call_refused(caller: Caller) -> None:
    fields = {"CallSid": "CA1", "RecordingSid": "RE1", "RecordingUrl": "https://recordings.example/RE1", "RecordingDuration": "30"}
    for _ in range(2):
        assert caller.phone.twilio("/channels/twilio/voice/recording", fields).status_code == 204
    with caller.phone.platform.database.read() as session:
        kept = session.execute(sa.text("SELECT custom FROM messages WHERE text = '通话录音'")).scalars().all()
    assert len(kept) == 1
    assert "recordings.example/RE1" in str(kept[0])
    assert caller.phone.twilio("/channels/twilio/voice", {"CallSid": "CA2", "From": CALLER}, signature="x").status_code == 403
    assert caller.phone.twilio("/channels/twilio/voice/turn?n=x", {"CallSid": "CA2"}).status_code == 422
