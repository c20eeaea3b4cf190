"""A channel is one folder: a toy one, made here, receives, sends, splits and follows its deliveries with nothing else touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, Request
from fastapi.testclient import TestClient

from bot.app import create_app
from channels import registry
from channels.channel import Channel, Limits, Outgoing
from channels.message import InboundMessage
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from tests.channels.conftest import Phone
from tests.channels.rasa_double import RasaDouble

_router = APIRouter()


@_router.post("/channels/toy/messages")
async def _take(request: Request) -> dict[str, str]:
    body = await request.json()
    await request.app.state.inbox.accept(InboundMessage("toy", body["who"], body["id"], body["text"], choosing=True))
    return {}


class ToyChannel(Channel):
    name = "toy"
    limits = Limits(characters=30)
    router = _router

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, platform: Platform, outgoing: Outgoing) -> str | None:
        self.sent.append(outgoing)
        return f"toy-{len(self.sent)}"


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ToyChannel:
    toy = ToyChannel()
    monkeypatch.setattr(registry, "CHANNELS", [*registry.CHANNELS, toy])
    return toy


@pytest.fixture
def toy_phone(toy: ToyChannel, settings: Settings, clock: FixedClock, rasa_double: tuple[str, RasaDouble]) -> Iterator[Phone]:
    with TestClient(create_app(settings.model_copy(update={"rasa_url": rasa_double[0]}), clock)) as client:
        yield Phone(client)


def say(phone: Phone, text: str, number: int) -> None:
    assert phone.client.post("/channels/toy/messages", json={"who": "w", "id": f"m{number}", "text": text}).status_code == 200
    phone.deliver()


def test_a_new_channel_needs_nothing_else(toy_phone: Phone, toy: ToyChannel) -> None:
    text = "小区东门的路灯不亮了。楼道里的灯也坏了两盏，晚上很黑。希望尽快来修，谢谢。"
    say(toy_phone, text, 1)
    say(toy_phone, text, 1)
    assert "".join(outgoing.text for outgoing in toy.sent) == f"听到：{text}"
    assert len(toy.sent) == 2
    assert all(len(outgoing.text) <= 30 for outgoing in toy.sent)
    assert {outgoing.address for outgoing in toy.sent} == {"w"}


def test_a_runaway_sender_is_persuaded_told_then_left_unanswered_but_danger_is_heard(
    toy_phone: Phone, toy: ToyChannel, rasa_double: tuple[str, RasaDouble]
) -> None:
    for number in range(75):
        toy_phone.client.post("/channels/toy/messages", json={"who": "w", "id": f"m{number}", "text": f"路灯{number}"})
    toy_phone.deliver()
    texts = [outgoing.text for outgoing in toy.sent]
    order = [next(i for i, text in enumerate(texts) if words in text) for words in ("请不要连续刷屏", "再提醒您一次", "暂时不再答复")]
    assert order == sorted(order)
    assert len(rasa_double[1].turns) <= 60
    answered = len(toy.sent)
    say(toy_phone, "还有一件", 100)
    assert len(toy.sent) == answered
    say(toy_phone, "着火了！我家厨房着火了，老人还在屋里", 101)
    assert "119" in "".join(outgoing.text for outgoing in toy.sent[answered:])
