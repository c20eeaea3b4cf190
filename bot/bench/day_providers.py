"""Stands in for Telegram and Twilio in one process with the benchmark: what the system sends reaches the resident it is for."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.supervisor import free_port

NUMBER = "+861065000001"
_TITLES = ("确认提交", "匿名提交", "还是要登记", "都不是", "解决了")
_ACCOUNT = "AC" + "0" * 31 + "1"


class Providers:
    """One Bot API and one Twilio API on one port of loopback."""

    def __init__(self) -> None:
        self.port = free_port()
        self.telegram_secret, self._telegram_token = secrets.token_hex(16), f"1002003:{secrets.token_hex(16)}"
        self._twilio_token = secrets.token_hex(16)
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Queue[dict[str, Any]]] = {}

    def environment(self) -> dict[str, str]:
        """Return the settings of a system that is to use them."""
        url = f"http://127.0.0.1:{self.port}"
        return {
            "JSJB_TELEGRAM_TOKEN": self._telegram_token,
            "JSJB_TELEGRAM_SECRET": self.telegram_secret,
            "JSJB_TELEGRAM_API_URL": url,
            "JSJB_TWILIO_ACCOUNT_SID": _ACCOUNT,
            "JSJB_TWILIO_AUTH_TOKEN": self._twilio_token,
            "JSJB_TWILIO_API_URL": url,
            "JSJB_TWILIO_FROM": NUMBER,
        }

    def sent_to(self, address: str) -> asyncio.Queue[dict[str, Any]]:
        """Return where the messages to a chat id or a phone number arrive, in the form of the web chat's."""
        return self._waiting.setdefault(address, asyncio.Queue())

    def signature(self, url: str, fields: dict[str, str]) -> str:
        """Return what Twilio puts into ``X-Twilio-Signature``: HMAC-SHA1 over the address and the fields by name."""
        signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        return base64.b64encode(hmac.new(self._twilio_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve on ``port``."""
        app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._telegram, methods=["GET", "POST"]),
                Route("/2010-04-01/Accounts/{account}/Messages.json", self._twilio, methods=["GET", "POST"]),
            ]
        )
        server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="critical", access_log=False, lifespan="off"))
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]  # Ctrl-C is the benchmark's own
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def _telegram(self, request: Request) -> JSONResponse:
        method = request.path_params["method"].lower()
        if method == "getme":
            return _telegram_result({"id": 1002003, "is_bot": True, "first_name": "12345", "username": "bench_bot"})
        if method != "sendmessage":
            return _telegram_result(True)
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        chat, markup = given["chat_id"], orjson.loads(given.get("reply_markup") or "{}")
        titles = [button["text"] for row in markup.get("inline_keyboard", []) for button in row]
        self._arrive(chat, given["text"], titles)
        message = {"message_id": next(self._numbers), "date": 1_795_000_000, "chat": {"id": int(chat), "type": "private"}}
        return _telegram_result({**message, "text": given["text"]})

    async def _twilio(self, request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse({"messages": [], "page": 0, "page_size": 50, "next_page_uri": None})
        async with request.form() as form:
            to, body = str(form["To"]), str(form["Body"])
        # Choices that a text message can't show as buttons are written as numbered lines; their words may be typed.
        self._arrive(to, body, [title for title in _TITLES if title in body])
        sent = {"sid": f"SM{next(self._numbers):032d}", "to": to, "body": body, "status": "queued", "account_sid": _ACCOUNT}
        return JSONResponse(sent, status_code=201)

    def _arrive(self, address: str, text: str, titles: list[str]) -> None:
        buttons = [{"title": title, "payload": title} for title in titles]
        self.sent_to(address).put_nowait({"text": text, "buttons": buttons, "custom": {"kind": _kind(text, titles)}})


def _kind(text: str, titles: list[str]) -> str | None:
    """Return what the web chat would call such a message: pushed ones carry words alone."""
    if "登记好了，单号" in text:
        return "order_filed"
    if text.startswith("情况紧急"):
        return "emergency"
    return "answer" if any("没解决" in title or title == "解决了" for title in titles) else None


def _telegram_result(result: object) -> JSONResponse:
    return JSONResponse({"ok": True, "result": result})
