"""SMS, MMS and WhatsApp over a double of Twilio: choices by number, opting out, delivery reports, forged and repeated calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.conversations import service as conversations
from channels.message import Button, OutboundMessage
from dispatch.core.clock import FixedClock
from dispatch.outbox import service as outbox
from tests.channels.conftest import CALLER, PUBLIC, Phone
from tests.channels.rasa_double import RasaDouble
from tests.doubles import twilio
from tests.doubles.serving import Trouble
from tests.doubles.twilio import TwilioApi


@pytest.fixture
def double(rasa_double: tuple[str, RasaDouble]) -> RasaDouble:
    return rasa_double[1]


def said(phone: Phone) -> list[dict[str, Any]]:
    with phone.platform.database.read() as session:
        conversation_id = session.execute(sa.text("SELECT id FROM conversations ORDER BY created_at LIMIT 1")).scalar_one()
        return [conversations.as_json(message) for message in conversations.messages(session, conversation_id)]


def tell(phone: Phone, text: str, buttons: tuple[Button, ...] = ()) -> None:
    """Say something in the one conversation."""
    with phone.platform.database.write() as session:
        conversation_id = session.execute(sa.text("SELECT id FROM conversations")).scalar_one()
        conversation = conversations.find(session, conversation_id)
        assert conversation is not None
        conversations.say(session, conversation, [OutboundMessage(text, buttons)], now=phone.platform.clock.now())


def test_an_sms_is_answered_by_sms(phone: Phone, twilio_double: TwilioApi) -> None:
    assert phone.sms("楼下路灯不亮了", "SM1") == 200
    assert phone.sms("楼下路灯不亮了", "SM1") == 200
    phone.deliver()
    assert twilio_double.texts == ["听到：楼下路灯不亮了"]
    assert twilio_double.sent[0]["to"] == CALLER
    assert twilio_double.sent[0]["from"] == twilio.NUMBER


def test_whatsapp_answers_on_whatsapp_with_pictures_and_place_kept(phone: Phone, twilio_double: TwilioApi) -> None:
    phone.sms(
        "",
        "SM1",
        f"whatsapp:{CALLER}",
        NumMedia="2",
        MediaUrl0="https://media.example/1",
        MediaContentType0="image/jpeg",
        MediaUrl1="https://media.example/2",
        MediaContentType1="video/mp4",
    )
    phone.settle()
    phone.sms("", "SM2", f"whatsapp:{CALLER}", Latitude="39.9", Longitude="116.4", Label="东门")
    phone.deliver()
    assert "照片、视频收到了" in twilio_double.texts[0]
    assert "【位置】东门（北纬39.90000" in twilio_double.texts[1]
    assert {message["to"] for message in twilio_double.sent} == {f"whatsapp:{CALLER}"}
    assert [each["kind"] for each in said(phone)[0]["content"]["attachments"]] == ["photo", "video"]


def test_choices_are_numbered_and_a_number_chooses(phone: Phone, twilio_double: TwilioApi, double: RasaDouble) -> None:
    phone.sms("路灯坏了", "SM1")
    phone.settle()
    tell(phone, "信息对吗？", (Button("确认", "确认提交"), Button("改一下", "地址写错了")))
    phone.deliver()
    assert twilio_double.texts[-1] == "信息对吗？\n回复数字选择：1 确认；2 改一下"
    phone.sms(" 2 ", "SM2")
    phone.deliver()
    assert double.turns[-1]["message"] == "地址写错了"
    assert next(m for m in said(phone) if m["text"] == "地址写错了")["content"]["typed"] == " 2 "
    phone.sms("2", "SM3")
    phone.settle()
    assert double.turns[-1]["message"] == "2"


@pytest.mark.parametrize("word", ["TD", "退订", "stop", " Stop "])
def test_who_opts_out_hears_nothing_but_danger_until_start(phone: Phone, twilio_double: TwilioApi, double: RasaDouble, word: str) -> None:
    phone.sms(word, "SM1")
    phone.sms(word, "SM1")
    phone.deliver()
    assert len(twilio_double.texts) == 1
    assert "退订" in twilio_double.texts[0]
    phone.sms("路面有坑", "SM2")
    phone.deliver()
    assert len(twilio_double.texts) == 1
    assert said(phone)[-1]["delivery"] == "withheld"
    phone.sms("着火了！我家厨房着火了，老人还在屋里", "SM3")
    phone.deliver()
    assert "119" in twilio_double.texts[-1]
    phone.sms("START", "SM4")
    phone.sms("路面有坑", "SM5")
    phone.deliver()
    assert twilio_double.texts[-1] == "听到：路面有坑"


def test_what_twilio_knows_of_opting_out_is_remembered(phone: Phone, twilio_double: TwilioApi) -> None:
    twilio_double.opted_out = {CALLER}
    phone.sms("路面有坑", "SM1")
    phone.deliver()
    phone.sms("还有一处", "SM2")
    phone.deliver()
    assert [m["delivery"] for m in said(phone) if m["author"] == "bot"] == ["dead", "withheld"]


def test_reports_in_any_order_never_move_a_message_backwards(phone: Phone, twilio_double: TwilioApi) -> None:
    phone.sms("路面有坑", "SM1")
    phone.deliver()
    message = twilio_double.sent[0]
    path = message["status_callback"].removeprefix(PUBLIC)
    for status, expected in (
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("failed", "delivered"),
        ("read", "read"),
        ("queued", "read"),
    ):
        fields = {"MessageSid": message["sid"], "MessageStatus": status, "ErrorCode": "30003"}
        assert phone.twilio(path, fields).status_code == 204
        assert said(phone)[-1]["delivery"] == expected
    unknown = {"MessageSid": "SM9", "MessageStatus": "delivered"}
    assert phone.twilio("/channels/twilio/status/" + "0" * 32, unknown).status_code == 204


def test_a_report_that_overtakes_our_own_record_saves_a_second_sending(phone: Phone, twilio_double: TwilioApi, clock: FixedClock) -> None:
    twilio_double.troubles = [Trouble(lose=True)]
    phone.sms("路面有坑", "SM1")
    phone.deliver()
    assert len(twilio_double.sent) == 1
    message = twilio_double.sent[0]
    path = message["status_callback"].removeprefix(PUBLIC)
    phone.twilio(path, {"MessageSid": message["sid"], "MessageStatus": "sent"})
    clock.moment += timedelta(minutes=1)
    phone.deliver()
    assert len(twilio_double.sent) == 1
    assert said(phone)[-1]["delivery"] == "sent"


def test_news_of_an_order_waits_for_the_morning_but_an_answer_does_not(phone: Phone, twilio_double: TwilioApi, clock: FixedClock) -> None:
    phone.sms("路面有坑", "SM1")
    phone.deliver()
    clock.moment += timedelta(hours=13)  # 23:00 in Beijing
    with phone.platform.database.write() as session:
        conversation_id = session.execute(sa.text("SELECT id FROM conversations")).scalar_one()
        for _ in range(2):
            outbox.notify_resident(
                session, conversation_id=conversation_id, order_number="BJ20261123-000001", text="已受理", now=clock.now(), key="once"
            )
    phone.deliver()
    phone.sms("在吗", "SM2")
    phone.deliver()
    assert twilio_double.texts == ["听到：路面有坑", "听到：在吗"]
    clock.moment += timedelta(hours=8, minutes=59)
    phone.deliver()
    assert len(twilio_double.texts) == 2
    clock.moment += timedelta(minutes=2)
    phone.deliver()
    (news,) = twilio_double.texts[2:]
    assert news.startswith("已受理\n")
    assert f"{PUBLIC}/my/" in news, "with the way to the resident's own page"


def test_forged_and_absurd_calls_are_refused_and_do_no_harm(
    phone: Phone, double: RasaDouble, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = "/channels/twilio/messages"
    fields = {"MessageSid": "SM1", "From": CALLER, "Body": "路面有坑"}
    assert phone.twilio(path, fields, signature="").status_code == 403
    assert phone.twilio(path, fields, signature="forged").status_code == 403
    signed_for_other = twilio.signature(f"{PUBLIC}{path}", {**fields, "Body": "别的"})
    assert phone.twilio(path, fields, signature=signed_for_other).status_code == 403
    signed_for_inside = twilio.signature(f"http://testserver{path}", fields)
    assert phone.twilio(path, fields, signature=signed_for_inside).status_code == 403
    assert phone.twilio(path, {}).status_code == 400
    assert phone.client.post(path, content=b"x" * 1_100_000).status_code == 413
    assert phone.client.post(path, content=b"\xff\xfe").status_code in (400, 403)
    odd = {**fields, "MessageSid": "SM2", "NumMedia": "99999999999999", "Latitude": "north"}
    assert phone.twilio(path, odd).status_code == 200
    phone.settle()
    assert len(double.turns) == 1
    assert "13800138000" not in caplog.text + "".join(capfd.readouterr())


class TestMessagingService:
    @pytest.fixture
    def extra_settings(self) -> dict[str, str]:
        return {"twilio_messaging_service_sid": "MG" + "0" * 32}

    def test_any_number_of_the_service_is_served(self, phone: Phone, twilio_double: TwilioApi) -> None:
        assert phone.sms("路面有坑", "SM1", To="+861065099999", MessagingServiceSid="MG" + "0" * 32) == 200
        phone.deliver()
        assert twilio_double.sent[0]["messaging_service_sid"] == "MG" + "0" * 32
        assert twilio_double.sent[0]["from"] is None
