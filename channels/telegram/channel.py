"""The Telegram channel: sending, and hearing of updates by webhook or polling."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import DataError, SQLAlchemyError
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update

from channels.channel import Channel, Limits, Outgoing
from channels.inbox.service import Inbox
from channels.telegram.api import UNREADABLE, WEBHOOK_PATH, read_update, receive, router
from channels.telegram.client import NotConfiguredError, TelegramClient, client
from channels.telegram.updates import NAME
from dispatch.outbox.delivering import Refused, RetryLater
from dispatch.platform import Platform


async def _download(telegram: TelegramClient, ref: str) -> bytes:
    file = await telegram.bot.get_file(ref)
    return bytes(await file.download_as_bytearray())


_log = structlog.get_logger(__name__)

_UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY]
_POLL_SECONDS = 20
_AGAIN_SECONDS = 10.0


class TelegramChannel(Channel):
    """Residents who write to the bot."""

    name = NAME
    limits = Limits(characters=4096, buttons=12, button_characters=60)
    router = router

    def send(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Send one message; buttons stand under it, one a row."""
        try:
            telegram = client(platform.settings)
        except NotConfiguredError:
            raise RetryLater(None, "没有配置 Telegram 机器人") from None
        # A button may carry 64 bytes back, too few for Chinese words: it carries where the words are.
        rows = [
            [InlineKeyboardButton(button.title, callback_data=f"{outgoing.message_id}:{number}")]
            for number, button in enumerate(outgoing.buttons)
        ]
        call = telegram.bot.send_message(
            int(outgoing.address), outgoing.text, reply_markup=InlineKeyboardMarkup(rows) if rows else None, disable_web_page_preview=True
        )
        sent = telegram.call(telegram.throttled(outgoing.address, call))
        return str(sent.message_id)

    def fetch(self, platform: Platform, ref: str) -> bytes:
        """Return a file by its id; the Bot API gives none above 20 MB."""
        try:
            telegram = client(platform.settings)
        except NotConfiguredError:
            raise RetryLater(None, "没有配置 Telegram 机器人") from None
        return telegram.call(_download(telegram, ref))

    async def run(self, platform: Platform, inbox: Inbox) -> None:
        """Poll, or tell Telegram where our webhook is, trying until it has heard."""
        settings = platform.settings
        if settings.telegram_token is None:
            return
        telegram = client(settings)
        if settings.telegram_polling:
            await self._poll(platform, inbox, telegram)
            return
        if settings.telegram_secret is None:
            _log.error("telegram_secret_missing", hint="set JSJB_TELEGRAM_SECRET, or JSJB_TELEGRAM_POLLING=1 for development")
            return
        url, secret = settings.resolved_public_url() + WEBHOOK_PATH, settings.telegram_secret.get_secret_value()
        while True:
            try:
                await telegram.acall(telegram.bot.set_webhook(url, secret_token=secret, allowed_updates=_UPDATES))
                return
            except (RetryLater, Refused) as error:
                _log.warning("telegram_webhook_not_set", cause=error.reason)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _poll(self, platform: Platform, inbox: Inbox, telegram: TelegramClient) -> None:
        offset: int | None = None
        ready = False
        while True:
            try:
                if not ready:
                    ready = await telegram.acall(telegram.bot.delete_webhook())
                given = await telegram.acall(telegram.updates(offset, seconds=_POLL_SECONDS, kinds=_UPDATES))
                before = offset
                for each in given:
                    await _take(platform, inbox, each)
                    offset = _after(each, offset)  # only now is it Telegram's to forget: it is stored, or can't ever be
                if given and offset == before:
                    await asyncio.sleep(_AGAIN_SECONDS)
            except SQLAlchemyError as error:
                _log.error("telegram_not_stored", cause=type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
            except (RetryLater, Refused) as error:
                _log.warning("telegram_not_polled", cause=error.reason)
                await asyncio.sleep(_AGAIN_SECONDS)


async def _take(platform: Platform, inbox: Inbox, given: object) -> None:
    """Have one update handled, or leave it out where nobody can make anything of it."""
    update = read_update(given, platform)
    if update is None:
        return
    try:
        await receive(platform, inbox, update)
    except (*UNREADABLE, DataError) as error:
        _log.warning("update_left_out", channel=NAME, cause=type(error).__name__)


def _after(given: object, offset: int | None) -> int | None:
    """Return the offset that follows an update, also one that couldn't be read."""
    number = given.get("update_id") if isinstance(given, dict) else None
    return max(number + 1, offset or 0) if isinstance(number, int) else offset


CHANNEL = TelegramChannel()
