"""The administrators' page of how the channels do: whether they are set up, when something last came in, what waits, what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import APIRouter, Response

from channels.conversations import service as conversations
from channels.delivery import service as delivery
from dispatch.console.admin_pages import Administrator
from dispatch.console.pages import CHANNEL_NAMES, Pages
from dispatch.core.settings import Settings
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/admin/channels", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Health:
    """One channel; ``settings`` are the environment variables that set it up, empty where none is needed."""

    name: str
    ready: bool
    settings: str
    last_in: datetime | None
    waiting: int
    failed: int


@router.get("")
def channels_page(platform: PlatformDep, who: Administrator) -> Response:
    """Every channel, and whether the messages to residents get through."""
    since = platform.clock.now() - _LATELY
    with platform.database.read() as session:
        waiting, failed = delivery.waiting_by_channel(session), delivery.failed_since(session, since)
        rows = [
            Health(
                CHANNEL_NAMES.get(name, name),
                ready,
                settings,
                conversations.last_message_on(session, name) if ready else None,
                waiting.get(name, 0),
                failed.get(name, 0),
            )
            for name, ready, settings in _channels(platform.settings)
        ]
    return pages.render("channels.html", who, rows=rows, fault=None)


def _channels(settings: Settings) -> list[tuple[str, bool, str]]:
    twilio = settings.twilio_account_sid is not None and settings.twilio_auth_token is not None
    telegram = settings.telegram_token is not None and (settings.telegram_polling or settings.telegram_secret is not None)
    return [
        ("web", True, ""),
        ("phone", True, "/channels/transcripts（服务令牌）"),
        ("open311", True, "/open311/v2（服务令牌）"),
        ("telegram", telegram, "JSJB_TELEGRAM_TOKEN、JSJB_TELEGRAM_SECRET"),
        ("sms", twilio and bool(settings.twilio_from or settings.twilio_messaging_service_sid), "JSJB_TWILIO_*、JSJB_TWILIO_FROM"),
        ("whatsapp", twilio and settings.twilio_whatsapp_from is not None, "JSJB_TWILIO_*、JSJB_TWILIO_WHATSAPP_FROM"),
        ("voice", twilio, "JSJB_TWILIO_ACCOUNT_SID、JSJB_TWILIO_AUTH_TOKEN"),
    ]
