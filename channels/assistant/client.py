"""Client of the Rasa server's REST channel."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import orjson
import structlog

from channels.message import Button, OutboundMessage

_COMMAND = re.compile(r"^[\s/／]+")

_log = structlog.get_logger(__name__)


class AssistantDownError(Exception):
    """Rasa gave an error, nothing, or took too long: one case, whatever the cause (DESIGN.md section 5)."""


class Assistant:
    """Sends turns to one Rasa server, at most ``concurrency`` at a time: beyond a few in flight a worker only gets slower."""

    def __init__(self, base_url: str, *, timeout: float, concurrency: int, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Prepare to talk to the server at ``base_url``; ``timeout`` is for a whole turn, in seconds, waiting in line included."""
        self._timeout = timeout
        self._slots = asyncio.Semaphore(concurrency)
        limits = httpx.Limits(max_connections=concurrency * 2, max_keepalive_connections=concurrency, keepalive_expiry=4)
        self._client = httpx.AsyncClient(base_url=base_url, timeout=timeout, limits=limits, transport=transport, trust_env=False)

    async def turn(self, conversation_id: str, text: str, metadata: dict[str, Any]) -> list[OutboundMessage]:
        """Return what the assistant answers to ``text``.

        Raises:
            AssistantDownError: no usable answer within the time limit.
        """
        body = orjson.dumps({"sender": conversation_id, "message": neutralise(text), "metadata": metadata})
        try:
            async with asyncio.timeout(self._timeout), self._slots:
                response = await self._client.post("/webhooks/rest/webhook", content=body, headers={"Content-Type": "application/json"})
            response.raise_for_status()
            replies = orjson.loads(response.content)
        except (httpx.HTTPError, TimeoutError, orjson.JSONDecodeError) as error:
            _log.warning("assistant_down", cause=type(error).__name__)
            raise AssistantDownError(type(error).__name__) from error
        messages = _messages(replies) if isinstance(replies, list) else []
        if not messages:
            # Rasa answers 200 [] for any inner failure, so an empty list is one.
            _log.warning("assistant_down", cause="empty answer")
            raise AssistantDownError("empty answer")
        return messages

    async def ready(self) -> bool:
        """Say whether the server has its model loaded."""
        try:
            response = await self._client.get("/", timeout=2)
        except httpx.HTTPError:
            return False
        return response.is_success

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def neutralise(text: str) -> str:
    """Return ``text`` without a leading slash: Rasa would take ``/restart`` or ``/intent{...}`` as a command."""
    return _COMMAND.sub("", text) or "……"


def _messages(replies: list[Any]) -> list[OutboundMessage]:
    """Return Rasa's replies in our form; structured content that stands alone belongs to the words before it."""
    messages: list[OutboundMessage] = []
    for reply in replies:
        if not isinstance(reply, dict):
            continue
        text, custom = str(reply.get("text") or ""), reply.get("custom")
        custom = custom if isinstance(custom, dict) else None
        buttons = tuple(Button(str(b.get("title", "")), str(b.get("payload", ""))) for b in reply.get("buttons") or [])
        if custom and not text and messages and messages[-1].custom is None:
            messages[-1] = replace(messages[-1], custom=custom)
        elif text:
            messages.append(OutboundMessage(text, buttons, custom))
    return messages
