"""Operators: taking a conversation over, speaking, handing it back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from dispatch.accounts import service as accounts
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders.workflow import Role
from tests.channels.rasa_double import RasaDouble, running
from tests.channels.test_gateway import say


class Desk:
    """One system with a resident's browser and two operators'."""

    def __init__(self, app_client: TestClient, double: RasaDouble) -> None:
        self.resident = app_client
        self.double = double
        self.first = self._log_in("op1")
        self.second = self._log_in("op2")
        app_client.get("/")
        self.conversation = app_client.get("/channels/web/messages").json()["conversation"]

    def _log_in(self, name: str) -> TestClient:
        browser = TestClient(self.resident.app)
        browser.post("/console/login", data={"username": name, "password": "a-long-password"})
        return browser

    def act(self, browser: TestClient, action: str, **form: str) -> int:
        """Press a button on the conversation's page and return the status of what comes back."""
        page = browser.get(f"/desk/conversations/{self.conversation}")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf
        return browser.post(f"/desk/conversations/{self.conversation}/{action}", data={"csrf": csrf[1], **form}).status_code


@pytest.fixture
def desk(settings: Settings, clock: FixedClock) -> Iterator[Desk]:
    with running() as (url, double), TestClient(create_app(settings.model_copy(update={"rasa_url": url}), clock)) as client:
        platform = client.app.state.platform  # type: ignore[attr-defined]
        with platform.database.write() as session:
            for name in ("op1", "op2"):
                accounts.create(session, name, "a-long-password", display_name=name, role=Role.OPERATOR)
        yield Desk(client, double)


def test_the_bot_is_silent_while_an_operator_holds_the_conversation(desk: Desk) -> None:
    say(desk.resident, "我要投诉物业")
    assert desk.act(desk.first, "takeover") == 200
    turns = len(desk.double.turns)
    assert say(desk.resident, "你们是真人吗") == []
    assert len(desk.double.turns) == turns
    desk.act(desk.first, "say", text="您好，我是话务员，请讲")
    messages = desk.resident.get("/channels/web/messages").json()
    assert messages["holder"] == "operator"
    assert messages["messages"][-1] == {**messages["messages"][-1], "author": "operator", "text": "您好，我是话务员，请讲"}
    assert desk.act(desk.first, "handback") == 200
    assert say(desk.resident, "好的，谢谢")[0]["text"].startswith("听到")


def test_two_operators_never_hold_one_conversation(desk: Desk) -> None:
    assert desk.act(desk.first, "takeover") == 200
    assert desk.act(desk.second, "takeover") == 409
    assert desk.act(desk.second, "say", text="这句不该发出去") == 409
    assert "这句不该发出去" not in desk.resident.get("/channels/web/messages").text


def test_an_emergency_stands_first_in_the_queue_until_seen(desk: Desk) -> None:
    say(desk.resident, "有人持刀砍人了快来")
    queue = desk.first.get("/desk/queue").text
    assert "紧急" in queue
    assert desk.conversation in queue
    desk.act(desk.first, "dismiss")
    assert desk.conversation not in desk.first.get("/desk/queue").text


def test_asking_for_a_person_makes_the_bot_wait(desk: Desk) -> None:
    token = {"Authorization": f"Bearer {desk.resident.app.state.platform.keys.service}"}  # type: ignore[attr-defined]
    answer = desk.resident.post(f"/api/v1/conversations/{desk.conversation}/handoff", json={"reason": "asked_for_person"}, headers=token)
    assert answer.json()["holder"] == "waiting"
    turns = len(desk.double.turns)
    assert "工作人员" in say(desk.resident, "快一点")[0]["text"]
    assert say(desk.resident, "还在吗") == []
    assert len(desk.double.turns) == turns
    say(desk.resident, "不等了，继续由智能客服办")
    assert say(desk.resident, "路灯坏了")[0]["text"].startswith("听到")


def test_forms_need_a_log_in_and_their_own_token(desk: Desk) -> None:
    stranger = TestClient(desk.resident.app)
    assert "/console/login" in str(stranger.get("/desk").url)
    assert desk.first.post(f"/desk/conversations/{desk.conversation}/takeover", data={"csrf": "forged"}).status_code == 403


def test_markup_is_shown_as_text(desk: Desk) -> None:
    say(desk.resident, "<script>alert(1)</script>井盖坏了")
    assert "<script>alert(1)" not in desk.first.get(f"/desk/conversations/{desk.conversation}").text
