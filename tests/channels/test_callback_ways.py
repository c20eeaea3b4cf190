"""On which way a resident is asked: the own channel first, else SMS, always with the link, else operators ring; and who is heard."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.jobs import ask_residents
from channels.conversations import service as conversations
from channels.delivery import optouts
from dispatch.callbacks import service as callbacks
from dispatch.callbacks import words
from dispatch.core.clock import FixedClock
from dispatch.outbox import service as outbox
from tests.channels.conftest import CALLER, PUBLIC, Phone
from tests.channels.rasa_double import RasaDouble
from tests.dispatch.callback_work import answered, newest
from tests.dispatch.order_work import COLD_FLAT, SUPERVISOR, do, stored
from tests.doubles.twilio import TwilioApi

LANDLINE = COLD_FLAT.model_copy(update={"contact_phone": "01084700000"})
NO_PHONE = COLD_FLAT.model_copy(update={"contact_phone": None, "contact_name": None, "anonymous": True})
OTHER = "+8613900139000"


def _order(phone: Phone, channel: str | None, address: str = "", order_in: Any = COLD_FLAT) -> str:
    """File an answered order from a conversation on ``channel``."""
    conversation = None
    if channel:
        with phone.platform.database.write() as session:
            now, cipher = phone.platform.clock.now(), phone.platform.cipher
            conversation = conversations.open_conversation(session, channel, address, now=now, cipher=cipher).id
    return answered(phone.platform, order_in, conversation_id=conversation)


def _wait(phone: Phone, clock: FixedClock, period: timedelta) -> None:
    clock.moment += period
    ask_residents(phone.platform)
    phone.deliver()
    phone.deliver()


def _asked_by_sms(twilio_double: TwilioApi) -> list[str]:
    return [text for text in twilio_double.texts if "/survey/" in text]


def test_an_sms_resident_is_asked_reminded_and_heard_by_sms(
    phone: Phone, clock: FixedClock, twilio_double: TwilioApi, rasa_double: tuple[str, RasaDouble]
) -> None:
    number = _order(phone, "sms", CALLER)
    _wait(phone, clock, callbacks.ASK_AFTER)
    (asked,) = _asked_by_sms(twilio_double)
    link = re.search(r"https://city\.example(/survey/[\w.-]+)", asked)
    assert link
    assert number in phone.client.get(link[1]).text
    told = next(text for text in twilio_double.texts if "有答复了" in text)
    assert f"{PUBLIC}/my/" in told, "the answer carries the way to the resident's page"
    _wait(phone, clock, callbacks.REMIND_AFTER)
    assert len(_asked_by_sms(twilio_double)) == 2
    turns = len(rasa_double[1].turns)
    for count, text in enumerate(("联系了", "没解决", "不满意", "暖气片还是冰凉的，没有人调试阀门")):  # in a burst
        phone.sms(text, f"SM{count}")
    phone.deliver()
    found = newest(phone.platform, number)
    assert (found.contacted, found.resolved, found.satisfied) == (True, "no", "dissatisfied")
    assert found.reason == "暖气片还是冰凉的，没有人调试阀门"
    assert stored(phone.platform, number).state == "accepted"
    assert len(rasa_double[1].turns) == turns


def test_a_silent_page_is_followed_by_sms_and_both_are_heard(phone: Phone, clock: FixedClock, twilio_double: TwilioApi) -> None:
    number = _order(phone, "web", "browser-token")
    _wait(phone, clock, callbacks.ASK_AFTER)
    assert _asked_by_sms(twilio_double) == [], "the own channel comes first"
    _wait(phone, clock, callbacks.REMIND_AFTER)
    assert [message["to"] for message in twilio_double.sent] == [CALLER]
    phone.sms("联系了，修好了，满意", "SM1")
    phone.deliver()
    assert stored(phone.platform, number).state == "closed"
    assert newest(phone.platform, number).satisfied == "satisfied"


def test_a_caller_is_asked_by_sms_and_a_landline_is_rung(phone: Phone, clock: FixedClock, twilio_double: TwilioApi) -> None:
    by_voice, by_landline, by_nothing = _order(phone, "voice", CALLER), _order(phone, "voice", OTHER, LANDLINE), _order(phone, None)
    anonymous = _order(phone, "web", "another-token", NO_PHONE)
    _wait(phone, clock, callbacks.ASK_AFTER)
    assert len(_asked_by_sms(twilio_double)) == 2
    assert {by_voice, by_nothing} == {number for number in (by_voice, by_nothing) if newest(phone.platform, number).state == "asked"}
    assert newest(phone.platform, by_landline).state == "phone"
    _wait(phone, clock, callbacks.RING_AFTER)
    _wait(phone, clock, callbacks.RING_AFTER)
    with phone.platform.database.read() as session:
        rung = {each.order_number for each in callbacks.to_ring(session)}
    assert rung == {by_voice, by_landline, by_nothing}, "nobody can ring somebody who left no number"
    assert newest(phone.platform, anonymous).state == "asked"


def test_who_opted_out_is_rung(phone: Phone, clock: FixedClock, twilio_double: TwilioApi) -> None:
    number = _order(phone, "sms", CALLER)
    with phone.platform.database.write() as session:
        optouts.opt_out(session, "sms", phone.platform.cipher.lookup(f"sms:{CALLER}"), clock.now())
    _wait(phone, clock, callbacks.ASK_AFTER)
    assert twilio_double.texts == []
    assert newest(phone.platform, number).state == "phone"


def test_another_number_answers_nothing(
    phone: Phone, clock: FixedClock, twilio_double: TwilioApi, rasa_double: tuple[str, RasaDouble]
) -> None:
    number = _order(phone, "sms", CALLER)
    _wait(phone, clock, callbacks.ASK_AFTER)
    phone.sms(f"{number} 联系了，解决了，满意", "SM1", OTHER)
    phone.deliver()
    assert newest(phone.platform, number).counted_at is None
    assert rasa_double[1].turns, "it is heard as any other message"


@pytest.mark.parametrize("swept", [True, False])
def test_an_answer_hours_after_the_end_is_thanked_and_counts_for_nothing(
    phone: Phone, clock: FixedClock, twilio_double: TwilioApi, swept: bool
) -> None:
    number = _order(phone, "sms", CALLER)
    _wait(phone, clock, callbacks.ASK_AFTER)
    clock.moment += callbacks.ENDS_AFTER + timedelta(hours=3)
    if swept:
        ask_residents(phone.platform)
    phone.sms("联系了，解决了，满意", "SM1")
    phone.deliver()
    assert twilio_double.texts[-1] == words.OVER
    assert newest(phone.platform, number).counted_at is None


def test_reopened_while_it_is_asked(phone: Phone, clock: FixedClock, twilio_double: TwilioApi) -> None:
    number = _order(phone, "sms", CALLER)
    clock.moment += callbacks.ASK_AFTER
    ask_residents(phone.platform)
    do(phone.platform, number, "rework", SUPERVISOR, reason="现场核查没有修好")
    phone.deliver()
    assert _asked_by_sms(twilio_double) == [], "not asked any more about what is being done again"
    phone.sms("联系了，没解决，不满意", "SM1")
    phone.deliver()
    assert twilio_double.texts[-1] == words.OVERTAKEN
    found = newest(phone.platform, number)
    assert (found.state, found.counted_at) == ("cancelled", None)


def test_asked_in_the_morning_and_never_twice_whatever_the_clock_does(phone: Phone, clock: FixedClock, twilio_double: TwilioApi) -> None:
    number = _order(phone, "sms", CALLER)
    _wait(phone, clock, callbacks.ASK_AFTER)
    clock.moment -= timedelta(hours=1)  # the machine's clock is put back
    for _ in range(3):
        ask_residents(phone.platform)
        phone.deliver()
    assert len(_asked_by_sms(twilio_double)) == 1
    phone.sms("联系了，解决了，满意", "SM1")
    phone.sms("联系了，解决了，满意", "SM2")
    phone.deliver()
    assert stored(phone.platform, number).state == "closed"
    clock.moment += timedelta(days=20)
    ask_residents(phone.platform)
    phone.deliver()
    assert len(_asked_by_sms(twilio_double)) == 1
    with phone.platform.database.read() as session:
        assert outbox.listing(session, "dead") == []


def test_on_the_phone_list_and_answering_by_sms_after_all(phone: Phone, clock: FixedClock) -> None:
    number = _order(phone, "sms", CALLER)
    _wait(phone, clock, callbacks.ASK_AFTER)
    _wait(phone, clock, callbacks.REMIND_AFTER)
    _wait(phone, clock, callbacks.RING_AFTER)
    assert newest(phone.platform, number).state == "phone"
    phone.sms("联系了，解决了，满意", "SM1")
    phone.deliver()
    assert newest(phone.platform, number).state == "answered"
    with phone.platform.database.read() as session:
        assert callbacks.to_ring(session) == []
