"""How much anybody may send in one request: more is refused as it comes in, before it fills the disk or the memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

MEGABYTE = 1024 * 1024
MOST_FILES = 210 * MEGABYTE
"""Of a form with files: four videos of the largest size, and words."""
MOST = 64 * MEGABYTE
"""Of everything else."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyLimit:
    """ASGI middleware inside of which problems are answered: a body that says it is too large, or turns out to be, is a problem 413."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = MOST_FILES if headers.get(b"content-type", b"").startswith(b"multipart/form-data") else MOST
        said = headers.get(b"content-length", b"0")
        taken = int(said) if said.isdigit() and int(said) > most else 0

        async def counted() -> Message:
            nonlocal taken
            if taken <= most:
                message = await receive()
                taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, f"内容太大：一次最多 {most // MEGABYTE} MB，请分几次发送")
            return message

        await self._app(scope, counted, send)
