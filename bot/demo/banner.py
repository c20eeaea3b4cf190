"""Says on every page of a demo that nothing on it is real."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

TEXT = "演示数据：页面上的人名、电话和事情都是编的"
_BANNER = (
    '<aside aria-label="演示说明" style="background:#7a3e00;color:#fff;text-align:center;padding:.25rem .5rem;'
    f'font:600 .875rem/1.5 sans-serif">{TEXT}</aside>'
)
_BODY = re.compile(rb"<body[^>]*>")
_MADE_ANEW = frozenset({"content-length", "etag", "last-modified"})


async def add_banner(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Middleware: put the banner at the top of whole HTML pages; fragments and everything else pass as they are."""
    response = await call_next(request)
    parts = getattr(response, "body_iterator", None)
    if parts is None or not response.headers.get("content-type", "").startswith("text/html"):
        return response
    body = b"".join([bytes(part) async for part in parts])
    page = _BODY.sub(lambda found: found[0] + _BANNER.encode(), body, count=1)
    headers = {name: value for name, value in response.headers.items() if name not in _MADE_ANEW}
    made = Response(page, response.status_code, headers)
    made.raw_headers.extend(pair for pair in response.raw_headers if pair[0] == b"set-cookie" and pair not in made.raw_headers)
    return made
