"""The Bot API as we use it. Its calls run in an event loop of their own, because deliveries are made in the outbox's threads."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from dispatch.core.settings import Settings
from dispatch.outbox.delivering import Refused, RetryLater

T = TypeVar("T")

TIMEOUT = 15.0  # seconds, for one call
_MESSAGES_A_CHAT = 3
_SECONDS = 3.0
_CHATS_REMEMBERED = 10_000

# httpx writes every address it calls into the log at level INFO, and the Bot API's addresses hold the token.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("telegram").setLevel(logging.CRITICAL)
# ``get_updates`` reads all or nothing, and logs everything where one update can't be read: we take them as they came.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")


class NotConfiguredError(Exception):
    """This system has no Telegram bot."""


class TelegramClient:
    """One bot: throttled over all chats (30 messages a second) and in each chat (one a second, three at once)."""

    def __init__(self, token: str, api_url: str) -> None:
        """Prepare to be the bot of ``token`` at the Bot API ``api_url``; nothing is called yet."""
        self.bot = ExtBot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            rate_limiter=AIORateLimiter(max_retries=0),
            request=HTTPXRequest(connection_pool_size=16, read_timeout=TIMEOUT, connect_timeout=TIMEOUT, httpx_kwargs={"trust_env": False}),
            get_updates_request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
        )
        self._chats: dict[str, AsyncLimiter] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True).start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one call to the Bot API and wait for it.

        Raises:
            RetryLater, Refused: as the outbox understands them; reasons name the kind of error, never the chat.
        """
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except RetryAfter as error:
            seconds = error.retry_after
            raise RetryLater(float(seconds if isinstance(seconds, int) else seconds.total_seconds()), "Telegram 要求稍后再发") from None
        except Forbidden:
            raise Refused("对方停用了机器人或注销了账号") from None
        except InvalidToken:
            raise RetryLater(None, "Telegram 不认机器人令牌") from None
        except BadRequest as error:
            raise Refused(f"Telegram 拒收：{_safe(error)}") from None
        except TelegramError as error:
            raise RetryLater(None, f"Telegram 没有应答：{type(error).__name__}") from None

    async def acall(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the same for a caller in another event loop."""
        return await asyncio.to_thread(self.call, work)

    async def updates(self, offset: int | None, *, seconds: int, kinds: list[str]) -> list[object]:
        """Return the updates from ``offset`` on, unread, waiting at most ``seconds`` for the first; ``kinds`` are those wanted."""
        wanted = {"offset": offset, "timeout": seconds, "allowed_updates": kinds}
        given = await self.bot.do_api_request("getUpdates", api_kwargs=wanted, read_timeout=TIMEOUT + seconds)
        return list(given) if isinstance(given, list) else []

    async def throttled(self, chat: str, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` when the chat may get another message."""
        if len(self._chats) > _CHATS_REMEMBERED:
            self._chats.clear()
        limiter = self._chats.setdefault(chat, AsyncLimiter(_MESSAGES_A_CHAT, _SECONDS))
        async with limiter:
            return await work


_clients: dict[tuple[str, str], TelegramClient] = {}
_making = threading.Lock()


def client(settings: Settings) -> TelegramClient:
    """Return this system's bot, the same one every time. Raises NotConfiguredError."""
    if settings.telegram_token is None:
        raise NotConfiguredError
    key = (settings.telegram_token.get_secret_value(), settings.telegram_api_url.rstrip("/"))
    with _making:
        if key not in _clients:
            _clients[key] = TelegramClient(*key)
        return _clients[key]


def _safe(error: TelegramError) -> str:
    """Return the Bot API's own words where they are one of its fixed phrases; others may quote what was sent."""
    known = (
        *("chat not found", "message is too long", "message text is empty", "user is deactivated", "PEER_ID_INVALID"),
        *("file is too big", "wrong file_id", "invalid file_id"),
    )
    return next((phrase for phrase in known if phrase.lower() in error.message.lower()), "请求有误")
