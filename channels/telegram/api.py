"""Telegram's webhook."""

from __future__ import annotations

import hmac
from typing import Annotated

import orjson
import structlog
from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, Header, Request
from telegram import CallbackQuery, Update

from channels.conversations import service as conversations
from channels.delivery import bodies
from channels.inbox.service import Inbox
from channels.message import InboundMessage
from channels.telegram import updates
from channels.telegram.client import client
from dispatch.core.problems import Problem
from dispatch.outbox.delivering import Refused, RetryLater
from dispatch.platform import Platform, PlatformDep

router = APIRouter(tags=["telegram"])

WEBHOOK_PATH = "/channels/telegram/webhook"

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What an update that isn't as documented raises where it is read."""

_log = structlog.get_logger(__name__)


@router.post(WEBHOOK_PATH)
async def webhook(
    request: Request,
    platform: PlatformDep,
    later: BackgroundTasks,
    secret: Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token", max_length=256)] = "",
) -> dict[str, bool]:
    """Take one update: stored before it is acknowledged, thought about afterwards."""
    settings = platform.settings
    if settings.telegram_token is None or settings.telegram_secret is None:
        raise Problem(404, "没有这个渠道", "本系统没有配置 Telegram", kind="not-found")
    if not hmac.compare_digest(secret.encode(), settings.telegram_secret.get_secret_value().encode()):
        _log.warning("webhook_refused", channel=updates.NAME, cause="wrong secret")
        raise Problem(403, "来源不明", "X-Telegram-Bot-Api-Secret-Token: 与登记的不符", kind="forbidden")
    body = await bodies.read(request)
    try:
        given = orjson.loads(body)
    except ValueError:
        given = None
    update = read_update(given, platform)
    if update is None:
        return {"ok": True}  # genuine, but nothing we can read: answering an error would have it sent again for a day
    await receive(platform, request.app.state.inbox, update)
    if update.callback_query is not None:
        later.add_task(_acknowledge, platform, update.callback_query)
    return {"ok": True}


async def receive(platform: Platform, inbox: Inbox, update: Update) -> None:
    """Store what ``update`` says, and have it handled."""
    if update.callback_query is not None:
        inbound = await to_thread.run_sync(_pressed, platform, update.callback_query)
    else:
        inbound = updates.read(update, platform.cipher)
    if inbound is not None:
        await inbox.accept(inbound)


def read_update(given: object, platform: Platform) -> Update | None:
    """Return one update of the Bot API's, or None (logged, without what was in it) for what isn't one."""
    try:
        update = Update.de_json(given, client(platform.settings).bot) if isinstance(given, dict) else None
    except UNREADABLE:
        update = None
    if update is None or not isinstance(update.update_id, int):
        _log.warning("update_not_read", channel=updates.NAME)
        return None
    return update


def _pressed(platform: Platform, query: CallbackQuery) -> InboundMessage | None:
    """Return what a pressed button stands for, if it was one of ours in that very chat."""
    message_id, _, number = (query.data or "").partition(":")
    if not (message_id.isdecimal() and number.isdecimal() and len(message_id) < 19) or query.message is None:
        return None
    chat = str(query.message.chat.id)
    with platform.database.read() as session:
        message = conversations.message(session, int(message_id))
        conversation = conversations.find(session, message.conversation_id) if message else None
        if message is None or conversation is None or int(number) >= len(message.buttons):
            return None
        if conversation.address_lookup != platform.cipher.lookup(f"{updates.NAME}:{chat}"):
            return None
        return updates.pressed(query, message.buttons[int(number)]["payload"])


async def _acknowledge(platform: Platform, query: CallbackQuery) -> None:
    """Let the button stop turning on the resident's screen; it matters too little to be tried again."""
    telegram = client(platform.settings)
    try:
        await telegram.acall(telegram.bot.answer_callback_query(query.id))
    except (RetryLater, Refused) as error:
        _log.info("press_not_acknowledged", cause=error.reason)
