"""Routes of the web chat."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from anyio import to_thread
from fastapi import APIRouter, Cookie, Query, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

from channels.inbox.service import Inbox
from channels.web import service
from channels.web.schemas import MAX_CHARACTERS, ResumeIn, WebMessageIn
from dispatch.core.problems import Problem
from dispatch.media.service import MediaError
from dispatch.media.types import LARGEST, MEGABYTE
from dispatch.platform import Platform, PlatformDep

router = APIRouter(tags=["web chat"])

_FOLDER = Path(__file__).parent
_VENDOR = {
    "deep-chat.js": _FOLDER / "node_modules/deep-chat/dist/deepChat.bundle.js",
    "htmx.js": _FOLDER / "node_modules/htmx.org/dist/htmx.min.js",
    "swagger-ui.js": _FOLDER / "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui.css": _FOLDER / "node_modules/swagger-ui-dist/swagger-ui.css",
}
_INCOMING: TypeAdapter[WebMessageIn | ResumeIn] = TypeAdapter(WebMessageIn | ResumeIn)

ChatCookie = Annotated[str | None, Cookie(alias=service.COOKIE, max_length=64)]


@router.get("/", include_in_schema=False)
def chat_page(request: Request, jsjb_chat: ChatCookie = None) -> Response:
    """The resident's page."""
    response = FileResponse(_FOLDER / "static/chat.html", headers={"Cache-Control": "no-cache"})
    if not jsjb_chat:
        secure = request.url.scheme == "https"
        response.set_cookie(
            service.COOKIE, service.new_token(), max_age=service.COOKIE_SECONDS, httponly=True, samesite="lax", secure=secure
        )
    return response


@router.get("/static/vendor/{name}", include_in_schema=False)
def vendor_file(name: str) -> Response:
    """A browser library that npm installed; nothing is loaded from elsewhere."""
    file = _VENDOR.get(name)
    if file is None or not file.is_file():
        raise Problem(404, "没有这个文件", f"没有 {name}；请先运行 make setup", kind="not-found")
    return FileResponse(
        file, media_type="text/css" if file.suffix == ".css" else "text/javascript", headers={"Cache-Control": "public, max-age=86400"}
    )


@router.post("/channels/web/messages")
async def post_message(request: Request, platform: PlatformDep, body: WebMessageIn, jsjb_chat: ChatCookie = None) -> dict[str, Any]:
    """Say something without a WebSocket; returns the replies. The same ``client_id`` again returns the same replies."""
    token = _require(jsjb_chat)
    inbox: Inbox = request.app.state.inbox
    received = await inbox.receive(await to_thread.run_sync(service.inbound, platform, token, body))
    news = await to_thread.run_sync(service.news, platform, received.conversation_id, received.message_id)
    return {"conversation": received.conversation_id, "holder": news.holder, "messages": news.messages}


@router.post("/channels/web/files")
async def post_file(request: Request, platform: PlatformDep, file: UploadFile, jsjb_chat: ChatCookie = None) -> dict[str, object]:
    """Upload a picture, a short video, a voice note or a document; a message then names it in ``files``."""
    token = _require(jsjb_chat)
    if not _same_site(request):
        raise Problem(403, "请求不是从本页面发出的", "Origin: 请从聊天页面上传", kind="csrf")
    if file.size is None or file.size > LARGEST:
        raise Problem(413, "文件太大", f"file: 不能超过 {LARGEST // MEGABYTE} MB", kind="media-too-large")
    data = await file.read()
    try:
        return await to_thread.run_sync(service.take_file, platform, token, data, file.filename, file.content_type)
    except MediaError as error:
        raise Problem(error.status, "文件没有收下", f"file: {error}", kind=error.kind) from error


@router.get("/channels/web/messages")
def get_messages(platform: PlatformDep, after: Annotated[int, Query(ge=0)] = 0, jsjb_chat: ChatCookie = None) -> dict[str, Any]:
    """Return what was said after message ``after``."""
    conversation_id = service.open_chat(platform, _require(jsjb_chat))
    news = service.news(platform, conversation_id, after)
    return {"conversation": conversation_id, "holder": news.holder, "messages": news.messages}


@router.websocket("/channels/web/ws")
async def chat_socket(socket: WebSocket) -> None:
    """The page's live connection: it sends ``message`` and ``resume``, and gets ``messages``, ``ack`` and ``error``."""
    token = socket.cookies.get(service.COOKIE)
    if not token or not _same_site(socket):
        await socket.close(code=4401, reason="请刷新页面")
        return
    await socket.accept()
    platform: Platform = socket.app.state.platform
    conversation_id = await to_thread.run_sync(service.open_chat, platform, token)
    page = _Page(socket, platform, conversation_id)
    async with platform.live.subscribe(f"conversation:{conversation_id}") as changes:
        pusher = asyncio.create_task(page.push(changes))
        try:
            await _listen(socket, page, token)
        finally:
            pusher.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await pusher


class _Page:
    """One open page: knows what it has shown, and sends the rest."""

    def __init__(self, socket: WebSocket, platform: Platform, conversation_id: str) -> None:
        self._socket = socket
        self.platform = platform
        self._conversation_id = conversation_id
        self._after: int | None = None
        self._sending = asyncio.Lock()

    async def resume(self, after: int) -> None:
        """Send everything after message ``after``, and from then on whatever comes."""
        self._after = after
        await self.send_news()

    async def push(self, changes: asyncio.Queue[Any]) -> None:
        """Send news whenever the conversation changes."""
        while True:
            await changes.get()
            while not changes.empty():
                changes.get_nowait()
            await self.send_news()

    async def send_news(self) -> None:
        """Send what the page hasn't shown yet."""
        async with self._sending:
            if self._after is None:
                return
            news = await to_thread.run_sync(service.news, self.platform, self._conversation_id, self._after)
            if news.messages:
                self._after = news.last_id
            await self.send({"type": "messages", "holder": news.holder, "messages": news.messages})

    async def send(self, value: dict[str, Any]) -> None:
        """Send one JSON object."""
        await self._socket.send_text(orjson.dumps(value).decode())


async def _listen(socket: WebSocket, page: _Page, token: str) -> None:
    inbox: Inbox = socket.app.state.inbox
    working: set[asyncio.Task[None]] = set()
    try:
        while True:
            raw = await socket.receive_text()
            try:
                incoming = _INCOMING.validate_json(raw)
            except ValidationError:
                await page.send({"type": "error", "detail": f"消息没有发出去：内容须是文字，且不超过 {MAX_CHARACTERS} 字。"})
                continue
            if isinstance(incoming, ResumeIn):
                await page.resume(incoming.after)
                continue
            received = await inbox.store(await to_thread.run_sync(service.inbound, page.platform, token, incoming))
            await page.send({"type": "ack", "client_id": incoming.client_id, "id": received.message_id})
            if not received.handled:
                task = asyncio.create_task(inbox.handle(received))
                working.add(task)
                task.add_done_callback(working.discard)
    except WebSocketDisconnect:
        # What was stored is answered even though the page has gone; it will find the answer when it comes back.
        if working:
            await asyncio.wait(working)


def _require(token: str | None) -> str:
    if not token:
        raise Problem(401, "没有会话", f"请先打开首页，浏览器要带上 {service.COOKIE} Cookie", kind="unauthorized")
    return token


def _same_site(connection: HTTPConnection) -> bool:
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")
