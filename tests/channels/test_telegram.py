"""Telegram, over a double of its Bot API: everything a resident can send, and whatever the network does to it."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.conversations import service as conversations
from channels.delivery import service as delivery
from channels.message import OutboundMessage
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from tests.channels.conftest import Phone
from tests.channels.rasa_double import RasaDouble
from tests.dispatch.test_api import log_in
from tests.doubles.serving import Trouble
from tests.doubles.telegram import TOKEN, Sender, TelegramApi


@pytest.fixture
def double(rasa_double: tuple[str, RasaDouble]) -> RasaDouble:
    return rasa_double[1]


def said(phone: Phone) -> list[dict[str, Any]]:
    """Return what stands in the one conversation there is."""
    with phone.platform.database.read() as session:
        ids = session.execute(sa.text("SELECT id FROM conversations")).scalars().all()
        assert len(ids) == 1
        return [
            {**conversations.as_json(message), "full": conversations.full_text(message, phone.platform.cipher)}
            for message in conversations.messages(session, ids[0])
        ]


def test_a_question_is_answered_in_the_chat_and_its_delivery_followed(phone: Phone, telegram_double: TelegramApi) -> None:
    assert phone.telegram(Sender().text("楼下路灯不亮了")) == 200
    phone.settle()
    assert [m["delivery"] for m in said(phone)] == [None, "queued"]
    assert telegram_double.texts == []
    phone.deliver()
    assert telegram_double.texts == ["听到：楼下路灯不亮了"]
    assert telegram_double.sent[0]["chat"] == "555001"
    assert [m["delivery"] for m in said(phone)] == [None, "sent"]


def test_a_repeated_update_is_answered_once(phone: Phone, telegram_double: TelegramApi, double: RasaDouble) -> None:
    update = Sender().text("井盖松了")
    for _ in range(3):
        assert phone.telegram(update) == 200
    phone.deliver()
    assert len(double.turns) == len(telegram_double.sent) == 1


def test_danger_is_answered_without_rasa(phone: Phone, telegram_double: TelegramApi, double: RasaDouble) -> None:
    phone.telegram(Sender().text("着火了！我家厨房着火了，老人还在屋里"))
    phone.deliver()
    assert "119" in telegram_double.texts[0]
    assert double.turns == []


def test_an_album_is_one_message(phone: Phone, telegram_double: TelegramApi, double: RasaDouble) -> None:
    sender = Sender()
    pictures = [sender.photo(f"p{n}", media_group_id="77", **({"caption": "垃圾堆成山了"} if n == 1 else {})) for n in range(4)]
    for update in [pictures[2], pictures[1], pictures[3], pictures[0], pictures[1]]:
        assert phone.telegram(update) == 200
    phone.deliver()
    assert [turn["message"] for turn in double.turns] == ["垃圾堆成山了"]
    first = said(phone)[0]
    assert sorted(each["ref"] for each in first["content"]["attachments"]) == [f"p{n}-1280" for n in range(4)]
    assert telegram_double.texts == ["听到：垃圾堆成山了"]


def test_every_caption_of_an_album_is_heard(phone: Phone, double: RasaDouble) -> None:
    sender = Sender()
    first, second, bare = (
        sender.photo(f"p{n}", media_group_id="78", **({"caption": words} if words else {}))
        for n, words in enumerate(["垃圾堆成山了", "这是一号楼门口，电话13800138000", ""])
    )
    for update in [first, second, bare, second]:
        assert phone.telegram(update) == 200
    phone.deliver()
    assert [turn["message"] for turn in double.turns] == ["垃圾堆成山了\n这是一号楼门口，电话138****8000"]


def test_a_caption_that_comes_after_its_album_was_answered_is_heard_too(
    phone: Phone, telegram_double: TelegramApi, double: RasaDouble
) -> None:
    sender = Sender()
    bare = sender.photo("p0", media_group_id="79")
    late = sender.photo("p1", media_group_id="79", caption="垃圾堆成山了")
    phone.telegram(bare)
    phone.deliver()
    for update in [late, bare, late]:
        phone.telegram(update)
        phone.deliver()
    assert [turn["message"] for turn in double.turns] == ["垃圾堆成山了"]
    assert [text for text in telegram_double.texts if "听到" in text] == ["听到：垃圾堆成山了"]
    assert sorted(each["ref"] for each in said(phone)[0]["content"]["attachments"]) == ["p0-1280", "p1-1280"]


@pytest.mark.parametrize(
    ("content", "kind", "reply"),
    [
        ({"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}, "photo", "照片收到了"),
        ({"video": {"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1, "duration": 5}}, "video", "视频收到了"),
        ({"voice": {"file_id": "a", "file_unique_id": "b", "duration": 5, "mime_type": "audio/ogg"}}, "voice", "语音收到了"),
        ({"document": {"file_id": "a", "file_unique_id": "b", "file_name": "通知.pdf"}}, "document", "文件收到了"),
    ],
)
def test_what_comes_without_words_is_kept_and_asked_about(
    phone: Phone, telegram_double: TelegramApi, content: dict[str, Any], kind: str, reply: str
) -> None:
    phone.telegram(Sender().update(**content))
    phone.deliver()
    assert reply in telegram_double.texts[0]
    assert said(phone)[0]["content"]["attachments"][0]["kind"] == kind
    assert said(phone)[0]["content"]["attachments"][0]["ref"] == "a"


def test_location_and_contact_become_words(phone: Phone, double: RasaDouble) -> None:
    sender = Sender()
    phone.telegram(sender.update(location={"latitude": 39.99561, "longitude": 116.48123}))
    phone.settle()
    phone.telegram(sender.update(contact={"phone_number": "13800138000", "first_name": "建国", "last_name": "王"}))
    phone.settle()
    first, second = (m for m in said(phone) if m["author"] == "resident")
    assert first["content"]["location"]["latitude"] == 39.99561
    assert "39.99561" in double.turns[0]["message"]
    assert second["full"] == "联系人王建国，电话13800138000"
    assert second["text"] == "联系人王**，电话138****8000"
    assert "13800138000" not in repr(double.turns)


def test_a_pressed_button_says_its_words_and_stops_turning(phone: Phone, telegram_double: TelegramApi, double: RasaDouble) -> None:
    sender = Sender()
    phone.telegram(sender.update(voice={"file_id": "a", "file_unique_id": "b", "duration": 5}))
    phone.deliver()
    data = telegram_double.sent[0]["buttons"][0]["callback_data"]
    assert phone.telegram(sender.press(data)) == 200
    phone.settle()
    assert double.turns[-1]["message"] == "转人工"
    assert telegram_double.pressed == ["press-1"]
    stranger = Sender(chat=777)
    phone.telegram(stranger.press(data, "press-2"))
    phone.telegram(sender.press("9999999:0", "press-3"))
    phone.telegram(sender.press("x" * 64, "press-4"))
    phone.settle()
    assert len(double.turns) == 1


def test_an_edit_corrects_what_was_said(phone: Phone, double: RasaDouble) -> None:
    sender = Sender()
    first = sender.text("望京西园三区3号楼路灯坏了")
    phone.telegram(first)
    phone.settle()
    edit = sender.edit(first, "望京西园四区3号楼路灯坏了")
    phone.telegram(edit)
    phone.telegram(edit)
    phone.settle()
    assert [turn["message"] for turn in double.turns] == ["望京西园三区3号楼路灯坏了", "更正一下：望京西园四区3号楼路灯坏了"]
    original = said(phone)[0]
    assert original["text"] == "望京西园四区3号楼路灯坏了"
    assert original["content"]["before"] == ["望京西园三区3号楼路灯坏了"]


def test_long_answers_come_in_pieces_in_order(phone: Phone, telegram_double: TelegramApi) -> None:
    long = "".join(f"第{n}处路灯不亮。" for n in range(800))
    phone.telegram(Sender().text(long[:4000]))
    phone.deliver()
    phone.telegram({**Sender().text("再说一件"), "update_id": 1})
    with phone.platform.database.write() as session:
        conversation_id = session.execute(sa.text("SELECT id FROM conversations")).scalar_one()
        conversation = conversations.find(session, conversation_id)
        assert conversation is not None
        conversations.say(session, conversation, [OutboundMessage(long)], now=phone.platform.clock.now())
    phone.deliver()
    pieces = [text for text in telegram_double.texts if "听到" not in text]
    assert len(pieces) == 2
    assert "".join(pieces) == long


def test_too_many_requests_waits_as_long_as_told(phone: Phone, telegram_double: TelegramApi, clock: FixedClock) -> None:
    telegram_double.troubles = [Trouble(retry_after=17)]
    phone.telegram(Sender().text("路面有坑"))
    phone.deliver()
    assert telegram_double.texts == []
    clock.moment += timedelta(seconds=16)
    phone.deliver()
    assert telegram_double.texts == []
    clock.moment += timedelta(seconds=2)
    phone.deliver()
    assert telegram_double.texts == ["听到：路面有坑"]


def test_who_blocked_the_bot_is_a_dead_letter_that_can_be_retried(phone: Phone, telegram_double: TelegramApi) -> None:
    telegram_double.blocked = {"555001"}
    phone.telegram(Sender().text("路面有坑"))
    phone.deliver()
    assert said(phone)[-1]["delivery"] == "dead"
    with phone.platform.database.read() as session:
        (letter,) = delivery.dead_letters(session)
    assert "停用了机器人" in letter["error"]
    telegram_double.blocked = set()
    with phone.platform.database.write() as session:
        delivery.retry(session, letter["id"], phone.platform.clock.now())
    phone.deliver()
    assert telegram_double.texts == ["听到：路面有坑"]
    assert [m["delivery"] for m in said(phone)] == [None, "sent"]


def test_the_page_of_what_wasn_t_delivered_sends_it_once_more(phone: Phone, telegram_double: TelegramApi) -> None:
    telegram_double.blocked.add("555001")
    phone.telegram(Sender().text("楼下路灯不亮了"))
    phone.deliver()
    browser, csrf = log_in(phone.client, Role.SUPERVISOR)
    page = browser.get("/console/undelivered").text
    assert "对方停用了机器人或注销了账号" in page
    assert "楼下路灯" not in page
    (action,) = re.findall(r'action="(/console/undelivered/[0-9a-f]+/retry)"', page)
    telegram_double.blocked.clear()
    for _ in range(2):
        assert browser.post(action, data={"csrf": csrf["X-CSRF-Token"]}).status_code == 200
    phone.deliver()
    assert telegram_double.texts == ["听到：楼下路灯不亮了"]
    assert "没有。" in browser.get("/console/undelivered").text
    operator, _ = log_in(phone.client, Role.OPERATOR)
    assert operator.get("/console/undelivered").status_code == 403


def test_updates_that_overtake_each_other_are_all_heard_once(phone: Phone, telegram_double: TelegramApi, double: RasaDouble) -> None:
    sender = Sender()
    updates = [sender.text(f"第{number}句") for number in range(4)]
    for update in [updates[2], updates[0], updates[2], updates[3], updates[1], updates[0]]:
        assert phone.telegram(update) == 200
    phone.deliver()
    assert [turn["message"] for turn in double.turns] == ["第2句", "第0句", "第3句", "第1句"], "in the order in which they came"
    assert telegram_double.texts == [f"听到：第{number}句" for number in (2, 0, 3, 1)]


def test_forged_and_absurd_updates_are_refused_and_do_no_harm(
    phone: Phone, double: RasaDouble, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    genuine = Sender().text("楼道的灯坏了，电话13800138000")
    assert phone.telegram(genuine, secret="") == 403
    assert phone.telegram(genuine, secret="wrong") == 403
    absurdities: list[Any] = [
        {},
        [],
        {"update_id": "x"},
        {"update_id": 1, "message": {"chat": 1}},
        {"update_id": 2, "message": None},
        "text",
        7,
    ]
    for absurd in absurdities:
        assert phone.telegram(absurd) == 200
    headers = {"X-Telegram-Bot-Api-Secret-Token": "double_secret"}
    assert phone.client.post("/channels/telegram/webhook", content=b"{" * 1_100_000, headers=headers).status_code == 413
    assert phone.client.post("/channels/telegram/webhook", content=b"\xff\xfe", headers=headers).status_code == 200
    group = Sender().text("群里的话")
    group["message"]["chat"]["type"] = "group"
    assert phone.telegram(group) == 200
    phone.settle()
    assert double.turns == []
    assert phone.telegram(genuine) == 200
    phone.settle()
    assert len(double.turns) == 1
    logged = caplog.text + "".join(capfd.readouterr())
    assert "13800138000" not in logged
    assert TOKEN not in logged


def test_telegram_is_told_where_to_call_us(phone: Phone, telegram_double: TelegramApi) -> None:
    limit = time.monotonic() + 5
    while not telegram_double.webhook and time.monotonic() < limit:
        time.sleep(0.01)
    assert telegram_double.webhook["url"] == "https://city.example/channels/telegram/webhook"
    assert telegram_double.webhook["secret_token"] == "double_secret"
