"""Reading what providers send to our webhooks."""

from __future__ import annotations

from fastapi import Request

from dispatch.core.problems import Problem

MOST_BYTES = 1_000_000


async def read(request: Request) -> bytes:
    """Return the body of ``request``; raises problem 413 as soon as it is more than any provider sends."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Problem(413, "内容太大", f"请求体不能超过 {MOST_BYTES} 字节", kind="too-large")
    return bytes(body)
