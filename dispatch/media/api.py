"""The one way to a file: a signed link that expires. There is no list."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from dispatch.core.problems import Problem
from dispatch.media import service, storage
from dispatch.platform import PlatformDep

router = APIRouter(tags=["media"])

_PART = 2 * 1024 * 1024
_RANGE = re.compile(r"^bytes=(\d{1,12})-(\d{0,12})$")
_SHOWN = frozenset({"photo", "video", "voice"})


@router.get("/media/{media_id}", responses={200: {"content": {"application/octet-stream": {}}}}, response_class=Response)
def media_file(
    request: Request,
    platform: PlatformDep,
    media_id: str,
    t: Annotated[str, Query(max_length=300, description="签名")] = "",
    range_: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    """Return a file to whoever has a link that was made for it; players get the part that they ask for."""
    small = service.check_link(platform, media_id, t, now=platform.clock.now())
    if small is None:
        raise Problem(403, "链接无效或已过期", "t: 请刷新页面，用新的链接打开", kind="media-link")
    with platform.database.read() as session:
        media = service.get(session, media_id)
    if media is None:
        raise Problem(404, "没有找到", "文件已不在", kind="not-found")
    headers = {
        "Cache-Control": "private, max-age=600",
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Content-Disposition": f'{"inline" if media.kind in _SHOWN else "attachment"}; filename="{media.key.rsplit("/", 1)[-1]}"',
    }
    try:
        if small and media.thumbnail_key:
            return Response(storage.read(platform.settings, media.thumbnail_key), media_type="image/webp", headers=headers)
        headers["Accept-Ranges"] = "bytes"
        if range_ is not None and (asked := _RANGE.match(range_)):
            start, last = int(asked[1]), int(asked[2]) if asked[2] else media.size - 1
            if start >= media.size or last < start:
                return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{media.size}"})
            end = min(last + 1, media.size, start + _PART)
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{media.size}"
            return Response(storage.part(platform.settings, media.key, start, end), 206, headers, media.content_type)
        # Already packed: gzip would cost time and win nothing, and would hide the length.
        headers |= {"Content-Length": str(media.size), "Content-Encoding": "identity"}
        return StreamingResponse(storage.stream(platform.settings, media.key), headers=headers, media_type=media.content_type)
    except storage.GoneError as error:
        raise Problem(404, "没有找到", "文件已不在", kind="not-found") from error
