"""A system with channels that push, over the doubles of Rasa and of the providers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
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
from tests.doubles import telegram, twilio
from tests.doubles.telegram import TelegramApi, telegram_api
from tests.doubles.twilio import TwilioApi, twilio_api

PUBLIC = "https://city.example"
CALLER = "+8613800138000"


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

    def twilio(self, path: str, fields: dict[str, str], *, signature: str | None = None) -> httpx.Response:
        """Have Twilio call a webhook of ours."""
        signed = twilio.signature(f"{PUBLIC}{path}", fields) if signature is None else signature
        answer: httpx.Response = self.client.post(path, data=fields, headers={"X-Twilio-Signature": signed})
        return answer

    def sms(self, text: str, sid: str, sender: str = CALLER, **more: str) -> int:
        """Have an SMS arrive."""
        fields = {"MessageSid": sid, "From": sender, "To": twilio.NUMBER, "Body": text, "NumMedia": "0", **more}
        return self.twilio("/channels/twilio/messages", fields).status_code


@pytest.fixture
def rasa_double() -> Iterator[tuple[str, RasaDouble]]:
    with rasa_running() as server:
        yield server


@pytest.fixture
def telegram_double() -> Iterator[TelegramApi]:
    with telegram_api() as api:
        yield api


@pytest.fixture
def twilio_double() -> Iterator[TwilioApi]:
    with twilio_api() as api:
        yield api


@pytest.fixture
def extra_settings() -> dict[str, str]:
    """Settings that a test has beyond the usual; a test file overrides it."""
    return {}


@pytest.fixture
def phone(
    settings: Settings,
    clock: FixedClock,
    rasa_double: tuple[str, RasaDouble],
    telegram_double: TelegramApi,
    twilio_double: TwilioApi,
    extra_settings: dict[str, str],
) -> Iterator[Phone]:
    configured = Settings.model_validate(
        {
            **settings.model_dump(),
            "rasa_url": rasa_double[0],
            "telegram_token": telegram.TOKEN,
            "telegram_secret": telegram.SECRET,
            "telegram_api_url": telegram_double.url,
            "public_url": PUBLIC,
            "twilio_account_sid": twilio.ACCOUNT,
            "twilio_auth_token": twilio.AUTH,
            "twilio_api_url": twilio_double.url,
            "twilio_from": twilio.NUMBER,
            "twilio_whatsapp_from": twilio.NUMBER,
            **extra_settings,
        }
    )
    with TestClient(create_app(configured, clock)) as client:
        phone = Phone(client)
        phone.inbox.album_seconds = 0.05
        yield phone
