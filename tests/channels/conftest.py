"""A system with channels that push, over the doubles of Rasa and of the providers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from bot.jobs import HANDLERS
from channels.inbox.service import Inbox
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from tests.channels.rasa_double import RasaDouble
from tests.channels.rasa_double import running as rasa_running
from tests.doubles import telegram
from tests.doubles.telegram import TelegramApi, telegram_api


class Phone:
    """The system as residents' phones meet it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
        self.inbox: Inbox = client.app.state.inbox  # type: ignore[attr-defined]

    def settle(self) -> None:
        """Wait until what was taken in is thought about."""
        assert self.client.portal is not None
        self.client.portal.call(self.inbox.settle)

    def deliver(self) -> int:
        """Make the deliveries that are due."""
        self.settle()
        return deliver_due(self.platform, HANDLERS)

    def telegram(self, update: object, secret: str = telegram.SECRET) -> int:
        """Have Telegram send an update to our webhook, and return our status."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        status: int = self.client.post("/channels/telegram/webhook", json=update, headers=headers).status_code
        return status


@pytest.fixture
def rasa_double() -> Iterator[tuple[str, RasaDouble]]:
    with rasa_running() as server:
        yield server


@pytest.fixture
def telegram_double() -> Iterator[TelegramApi]:
    with telegram_api() as api:
        yield api


@pytest.fixture
def phone(
    settings: Settings,
    clock: FixedClock,
    rasa_double: tuple[str, RasaDouble],
    telegram_double: TelegramApi,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Phone]:
    configured = Settings(
        **{
            **settings.model_dump(),
            "rasa_url": rasa_double[0],
            "telegram_token": telegram.TOKEN,
            "telegram_secret": telegram.SECRET,
            "telegram_api_url": telegram_double.url,
            "public_url": "https://city.example",
        }
    )
    with TestClient(create_app(configured, clock)) as client:
        phone = Phone(client)
        phone.inbox.album_seconds = 0.05
        yield phone
