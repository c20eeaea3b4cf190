"""A provider that is down for an hour, and a process killed between storing and sending: every message arrives, in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from bot.jobs import HANDLERS
from bot.system import open_platform
from channels.conversations import service as conversations
from channels.message import InboundMessage, OutboundMessage
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from tests.doubles import telegram, twilio
from tests.doubles.serving import Provider, Trouble
from tests.doubles.telegram import telegram_api
from tests.doubles.twilio import twilio_api

_RESIDENTS, _MESSAGES = 8, 4
_WORKER = """
import time
from bot.jobs import HANDLERS
from bot.system import open_platform
from dispatch.core.jobs import Jobs
from dispatch.core.settings import Settings
from dispatch.outbox import delivering
platform = open_platform(Settings())
delivering.start(platform, Jobs(platform.database), HANDLERS, [])
while True:
    time.sleep(60)
"""


def _settings(settings: Settings, telegram_url: str, twilio_url: str) -> Settings:
    return Settings.model_validate(
        {
            **settings.model_dump(),
            "telegram_token": telegram.TOKEN,
            "telegram_secret": telegram.SECRET,
            "telegram_api_url": telegram_url,
            "twilio_account_sid": twilio.ACCOUNT,
            "twilio_auth_token": twilio.AUTH,
            "twilio_api_url": twilio_url,
            "twilio_from": twilio.NUMBER,
        }
    )


def _say(platform: Platform, channel: str, address: str, texts: list[str]) -> None:
    now = platform.clock.now()
    with platform.database.write() as session:
        for text in texts:
            received = conversations.store(
                session, InboundMessage(channel, address, f"{address}-{text}", text), now=now, cipher=platform.cipher
            )
            message = conversations.message(session, received.message_id)
            conversation = conversations.find(session, received.conversation_id)
            assert message is not None
            assert conversation is not None
            message.handled = True
            conversations.say(session, conversation, [OutboundMessage(f"答{text}")], now=now, reply_to=message.id)


def _texts(number: int) -> list[str]:
    return [f"{number}之{n}" for n in range(_MESSAGES)]


def _in_order(got: dict[str, list[str]]) -> None:
    """Every resident got every message, in order; what was under way at the time may have come twice, next to each other."""
    assert len(got) == _RESIDENTS
    for number, texts in enumerate(got.values()):
        once = [text for place, text in enumerate(texts) if place == 0 or texts[place - 1] != text]
        assert once == [f"答{text}" for text in _texts(number)]


def _outage(platform: Platform, providers: list[Provider], clock: FixedClock) -> None:
    """Let providers be down for an hour, then ask to wait, then come back."""
    for provider in providers:
        provider.down = True
    until = clock.moment + timedelta(hours=1)
    while clock.moment < until:
        deliver_due(platform, HANDLERS)
        clock.moment += timedelta(minutes=2)
    for provider in providers:
        assert provider.refused
        provider.down = False
        provider.troubles = [Trouble(retry_after=30), Trouble(status=500), Trouble(retry_after=5)]
    for _ in range(60):
        deliver_due(platform, HANDLERS)
        clock.moment += timedelta(minutes=10)


def test_an_hour_without_the_provider_costs_nothing(settings: Settings, clock: FixedClock) -> None:
    with telegram_api() as bots, twilio_api() as phones:
        platform = open_platform(_settings(settings, bots.url, phones.url), clock)
        for number in range(_RESIDENTS):
            _say(platform, "telegram", str(7000 + number), _texts(number))
            _say(platform, "sms", f"+86138001380{number:02d}", _texts(number))
        _outage(platform, [bots, phones], clock)
        for sent, key in ((bots.sent, "chat"), (phones.sent, "to")):
            assert len(sent) == _RESIDENTS * _MESSAGES
            _in_order({who: [m.get("text") or m["body"] for m in sent if m[key] == who] for who in sorted({m[key] for m in sent})})
        platform.database.dispose()


def test_killed_between_storing_and_sending_everything_arrives_and_sms_only_once(settings: Settings) -> None:
    with telegram_api() as bots, twilio_api() as phones:
        configured = _settings(settings, bots.url, phones.url)
        platform = open_platform(configured)
        for number in range(_RESIDENTS):
            _say(platform, "telegram", str(7000 + number), _texts(number))
            _say(platform, "sms", f"+86138001380{number:02d}", _texts(number))
        bots.troubles = [Trouble(delay=0.1) for _ in range(_RESIDENTS * _MESSAGES * 3)]
        phones.troubles = [Trouble(delay=0.1) for _ in range(_RESIDENTS * _MESSAGES * 3)]
        total = _RESIDENTS * _MESSAGES
        worker = _worker(configured)
        try:
            _until(lambda: len(phones.sent) >= total // 4)
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            assert len(phones.sent) < total, "killed too late to show anything"
            worker = _worker(configured)
            _until(lambda: _settled(platform) == 2 * total)
        finally:
            worker.kill()
            worker.wait()
        assert len(phones.sent) == total
        assert total <= len(bots.sent) <= total + _RESIDENTS
        for sent, key in ((bots.sent, "chat"), (phones.sent, "to")):
            _in_order({who: [m.get("text") or m["body"] for m in sent if m[key] == who] for who in sorted({m[key] for m in sent})})
        platform.database.dispose()


def _settled(platform: Platform) -> int:
    with platform.database.read() as session:
        return int(session.connection().exec_driver_sql("SELECT count(*) FROM outbox WHERE state = 'delivered'").scalar_one())


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    assert settings.telegram_token is not None
    assert settings.twilio_auth_token is not None
    environment = {
        **os.environ,
        "JSJB_DATA_DIR": str(settings.data_dir),
        "JSJB_DATABASE_URL": settings.resolved_database_url(),
        "JSJB_TELEGRAM_TOKEN": settings.telegram_token.get_secret_value(),
        "JSJB_TELEGRAM_API_URL": settings.telegram_api_url,
        "JSJB_TWILIO_ACCOUNT_SID": settings.twilio_account_sid or "",
        "JSJB_TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "JSJB_TWILIO_API_URL": settings.twilio_api_url,
        "JSJB_TWILIO_FROM": settings.twilio_from or "",
    }
    return subprocess.Popen([sys.executable, "-c", _WORKER], cwd=Path(__file__).parents[2], env=environment)


def _until(condition: object, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)
