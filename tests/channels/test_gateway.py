"""The gateway through the web channel: what residents get, whatever happens behind it."""

from __future__ import annotations

import concurrent.futures
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from channels.conversations import service as conversations
from channels.inbox.service import Inbox
from channels.message import Attachment, InboundMessage
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from tests.channels.rasa_double import RasaDouble, running


@pytest.fixture
def rasa() -> Iterator[tuple[str, RasaDouble]]:
    with running() as server:
        yield server


@pytest.fixture
def chat_client(settings: Settings, clock: FixedClock, rasa: tuple[str, RasaDouble]) -> Iterator[TestClient]:
    configured = settings.model_copy(update={"rasa_url": rasa[0], "rasa_timeout": 1.0})
    with TestClient(create_app(configured, clock)) as client:
        client.get("/")
        yield client


@pytest.fixture
def double(rasa: tuple[str, RasaDouble]) -> RasaDouble:
    return rasa[1]


def say(client: TestClient, text: str, client_id: str | None = None) -> list[dict[str, Any]]:
    """Send one message as the page does and return the replies."""
    answer = client.post("/channels/web/messages", json={"client_id": client_id or uuid.uuid4().hex, "text": text})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["messages"])


def test_a_new_browser_is_greeted_and_keeps_its_conversation(chat_client: TestClient) -> None:
    first = chat_client.get("/channels/web/messages").json()
    assert "12345" in first["messages"][0]["text"]
    say(chat_client, "路灯不亮")
    again = chat_client.get("/channels/web/messages").json()
    assert again["conversation"] == first["conversation"]
    assert [m["author"] for m in again["messages"]] == ["system", "resident", "bot"]


def test_danger_is_answered_first_and_without_rasa(chat_client: TestClient, double: RasaDouble) -> None:
    double.mode = "error"
    replies = say(chat_client, "着火了！我家厨房着火了，老人还在屋里")
    assert "119" in replies[0]["text"]
    assert replies[0]["custom"]["kind"] == "emergency"
    assert double.turns == []
    platform = chat_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.read() as session:
        row = session.connection().exec_driver_sql("SELECT line, text FROM emergencies").one()
    assert row[0] == "119"
    assert "厨房着火" in row[1]


@pytest.mark.parametrize("mode", ["empty", "error", "broken", "slow"])
def test_a_failing_assistant_is_one_case_and_nothing_is_lost(chat_client: TestClient, double: RasaDouble, mode: str) -> None:
    double.mode = mode
    replies = say(chat_client, "小区门口的井盖坏了")
    assert len(replies) == 1
    assert "工作人员" in replies[0]["text"]
    double.mode = "echo"
    assert say(chat_client, "就在东门")[0]["text"] == "听到：就在东门"
    texts = [m["text"] for m in chat_client.get("/channels/web/messages").json()["messages"]]
    assert "小区门口的井盖坏了" in texts


def test_a_repeated_delivery_is_answered_once_and_alike(chat_client: TestClient, double: RasaDouble) -> None:
    first = say(chat_client, "楼道灯坏了", "client-id-1")
    second = say(chat_client, "楼道灯坏了", "client-id-1")
    assert first == second
    assert len(double.turns) == 1


def test_two_messages_at_once_are_both_answered_one_after_the_other(chat_client: TestClient, double: RasaDouble) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: say(chat_client, f"第{n}件事：路面有坑"), range(8)))
    messages = chat_client.get("/channels/web/messages").json()["messages"]
    assert sum(m["author"] == "resident" for m in messages) == 8
    assert sum(m["author"] == "bot" for m in messages) == 8
    assert [most for sender, most in double.most_in_flight.items() if not sender.startswith("now:")] == [1]


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200d", "\x00\x01\x02"])
def test_nothing_said_gets_a_kind_question(chat_client: TestClient, double: RasaDouble, text: str) -> None:
    assert "没有收到文字" in say(chat_client, text)[0]["text"]
    assert double.turns == []


@pytest.mark.parametrize(
    "text",
    [
        "😀😀😭",
        "/restart",
        "  /request_human{}",
        "／session_start",
        "<script>alert(1)</script>路灯坏了",
        "路灯坏了。" * 2000,
        "控制\x07字符\x1b[31m",
    ],
)
def test_odd_texts_are_kept_as_they_are_and_answered(chat_client: TestClient, double: RasaDouble, text: str) -> None:
    assert say(chat_client, text)
    assert not double.turns[-1]["message"].lstrip().startswith(("/", "／"))
    messages = chat_client.get("/channels/web/messages").json()["messages"]
    assert [m["text"] for m in messages if m["author"] == "resident"] == [text]


def test_phone_and_id_never_reach_the_assistant(chat_client: TestClient, double: RasaDouble) -> None:
    say(chat_client, "我叫王建国，电话13800138000，身份证110101199003078515，家里没暖气")
    sent = repr(double.turns[-1])
    assert "13800138000" not in sent
    assert "110101199003078515" not in sent
    assert double.turns[-1]["metadata"]["contact"]["phone"] == "138****8000"


def test_too_long_or_malformed_messages_are_refused_with_the_field_named(chat_client: TestClient) -> None:
    answer = chat_client.post("/channels/web/messages", json={"client_id": "x" * 12, "text": "长" * 20_001})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "text" in answer.json()["detail"]
    assert "长长" not in answer.text


def test_without_a_cookie_there_is_no_conversation(chat_client: TestClient) -> None:
    chat_client.cookies.clear()
    assert chat_client.get("/channels/web/messages").status_code == 401


def test_the_socket_says_acknowledges_and_resumes(chat_client: TestClient) -> None:
    with chat_client.websocket_connect("/channels/web/ws") as socket:
        socket.send_json({"type": "resume", "after": 0})
        greeting = socket.receive_json()
        socket.send_json({"type": "message", "client_id": "socket-message-1", "text": "路灯不亮"})
        seen: list[dict[str, Any]] = []
        while not any(m["author"] == "bot" for event in seen for m in event.get("messages", [])):
            seen.append(socket.receive_json())
        assert any(event["type"] == "ack" for event in seen)
        socket.send_text("not json")
        while socket.receive_json()["type"] != "error":
            pass
    with chat_client.websocket_connect("/channels/web/ws") as socket:
        socket.send_json({"type": "resume", "after": greeting["messages"][-1]["id"]})
        assert [m["text"] for m in socket.receive_json()["messages"]] == ["路灯不亮", "听到：路灯不亮"]


def test_a_foreign_page_cannot_open_the_socket(chat_client: TestClient) -> None:
    with pytest.raises(Exception), chat_client.websocket_connect("/channels/web/ws", headers={"origin": "https://elsewhere.example"}):  # noqa: B017
        pass


def test_a_message_stored_before_a_crash_is_answered_after_it(settings: Settings, clock: FixedClock, rasa: tuple[str, RasaDouble]) -> None:
    configured = settings.model_copy(update={"rasa_url": rasa[0]})
    with TestClient(create_app(configured, clock)) as client:
        platform = client.app.state.platform  # type: ignore[attr-defined]
        client.get("/")
        token = client.cookies["jsjb_chat"]
        with platform.database.write() as session:
            conversations.store(session, InboundMessage("web", token, "before-crash", "电梯坏了"), now=clock.now(), cipher=platform.cipher)
    with TestClient(create_app(configured, clock)) as client:
        client.cookies["jsjb_chat"] = token
        inbox: Inbox = client.app.state.inbox  # type: ignore[attr-defined]
        assert client.portal is not None
        client.portal.call(inbox.recover, client.portal.call(inbox.left_unanswered))
        messages = client.get("/channels/web/messages").json()["messages"]
    assert [m["text"] for m in messages if m["author"] == "bot"] == ["听到：电梯坏了"]


def test_what_arrives_while_an_earlier_crash_is_made_good_waits_for_the_rest_of_its_album(
    settings: Settings, clock: FixedClock, rasa: tuple[str, RasaDouble]
) -> None:
    server, double = rasa
    configured = settings.model_copy(update={"rasa_url": server})

    async def arrive(inbox: Inbox) -> None:
        left = await inbox.left_unanswered()
        for number, caption in enumerate(["", "垃圾堆成山了"]):
            picture = Attachment(kind="photo", ref=f"p{number}")
            await inbox.accept(InboundMessage("telegram", "1", "album-77", caption, attachments=(picture,), group="77"))
            await inbox.recover(left)
        await inbox.settle()

    with TestClient(create_app(configured, clock)) as client:
        inbox: Inbox = client.app.state.inbox  # type: ignore[attr-defined]
        inbox.album_seconds = 0.05
        assert client.portal is not None
        client.portal.call(arrive, inbox)
        with client.app.state.platform.database.read() as session:  # type: ignore[attr-defined]
            album = conversations.by_provider_id(session, "telegram", "album-77")
            assert album
            said = [each.text for each in conversations.messages(session, album.conversation_id)]
    assert said == ["垃圾堆成山了", "听到：垃圾堆成山了"]
    assert len(double.turns) == 1


def test_metrics_count_without_saying_who_or_what(chat_client: TestClient) -> None:
    say(chat_client, "我叫王建国，电话13800138000，路灯坏了")
    metrics = chat_client.get("/metrics").text
    assert 'jsjb_inbound_messages_total{channel="web"}' in metrics
    assert "jsjb_turn_seconds_bucket" in metrics
    assert "13800138000" not in metrics
