"""A callback in the resident's own chat: asked there, heard there, and anything else goes on to the assistant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from bot.jobs import HANDLERS, ask_residents
from dispatch.callbacks import service as callbacks
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders import service as orders
from dispatch.orders.schemas import OrderIn, TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox.delivering import deliver_due
from dispatch.understanding.schemas import PlaceOut
from tests.channels.rasa_double import RasaDouble, running
from tests.channels.test_gateway import say


@pytest.fixture
def rasa() -> Iterator[tuple[str, RasaDouble]]:
    with running() as server:
        yield server


@pytest.fixture
def chat(settings: Settings, clock: FixedClock, rasa: tuple[str, RasaDouble]) -> Iterator[TestClient]:
    with TestClient(create_app(settings.model_copy(update={"rasa_url": rasa[0]}), clock)) as client:
        client.get("/")
        yield client


def _answered_order(chat: TestClient) -> str:
    platform: Any = chat.app.state.platform  # type: ignore[attr-defined]
    conversation = chat.get("/channels/web/messages").json()["conversation"]
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.write() as session:
        order = orders.register(
            session,
            OrderIn(description="暖气不热", matter_code="0704", place=PlaceOut(district="朝阳区", street="望京街道")),
            actor=Actor("bot", Role.BOT),
            now=now,
            reference=reference,
            cipher=platform.cipher,
            conversation_id=conversation,
        )
        steps = [("accept", TransitionIn()), ("log_contact", TransitionIn(reason="已电话联系")), ("answer", TransitionIn(answer="已修好"))]
        for name, given in steps:
            orders.apply(session, order.number, name, given, actor=Actor("x", Role.HANDLER, order.unit_code), now=now, reference=reference)
        return order.number


def test_asked_and_heard_in_the_chat(chat: TestClient, clock: FixedClock, rasa: tuple[str, RasaDouble]) -> None:
    number = _answered_order(chat)
    platform: Any = chat.app.state.platform  # type: ignore[attr-defined]
    clock.moment += callbacks.ASK_AFTER + timedelta(minutes=1)
    ask_residents(platform)
    deliver_due(platform, HANDLERS)
    said = chat.get("/channels/web/messages").json()["messages"]
    assert number in said[-1]["text"]
    assert "满意吗" in said[-1]["text"]
    assert said[-1]["buttons"]
    before = len(rasa[1].turns)
    assert say(chat, "另外我们楼下的路灯也坏了")[0]["text"].startswith("听到"), "something new is heard as such"
    assert "119" in say(chat, "着火了！我家厨房着火了，快来人")[0]["text"], "danger comes before any question"
    assert "解决了吗" in say(chat, "联系过")[0]["text"]
    assert "满意吗" in say(chat, "解决了")[0]["text"]
    assert "谢谢" in say(chat, "满意")[0]["text"]
    assert len(rasa[1].turns) == before + 1, "answers to the callback don't go to the assistant"
    with platform.database.read() as session:
        order = orders.find(session, number)
        assert order is not None
        assert order.state == "closed"
