"""Idempotency keys: a POST sent twice under one ``Idempotency-Key`` is done once, and answered the same way twice.

After draft-ietf-httpapi-idempotency-key-header. Answers are kept for a day, encrypted, because they may hold personal data.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from anyio import to_thread
from sqlalchemy import Index, String, Text, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.core.clock import Clock
from dispatch.core.crypto import FieldCipher
from dispatch.core.database import Base, Database, UTCDateTime
from dispatch.core.problems import Problem

KEPT = timedelta(hours=24)
_AT_MOST = timedelta(seconds=60)
"""How long a request may be under way before its key is taken to belong to a process that died."""

_PREFIX = "/api/v1/"
_LONGEST_KEY = 100
_LONGEST_BODY = 64 * 1024 * 1024
_LONGEST_ANSWER = 1024 * 1024

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class UsedKey(Base):
    """A key that somebody used, and what was answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_at", "at"),)

    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hash of who called: keys of two callers never meet."""

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    """Hash of method, path and body."""

    at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[int | None] = mapped_column()
    """None while the request is under way."""

    answer: Mapped[str | None] = mapped_column(Text)


class Idempotency:
    """ASGI middleware around every POST under ``/api/v1``; it finds database, keys and clock in ``app.state.platform``."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it as it was answered before."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        if not key or len(key) > _LONGEST_KEY or not key.isprintable():
            problem = Problem(400, "幂等键有误", f"Idempotency-Key: 应为 1 到 {_LONGEST_KEY} 个可见字符", kind="bad-idempotency-key")
            await _answer(send, problem)
            return
        body = await _read(receive)
        if body is None:
            await _answer(send, Problem(413, "内容过大", f"请求内容不应超过 {_LONGEST_BODY // 2**20} MB", kind="too-large"))
            return
        platform = scope["app"].state.platform
        store = _Store(platform.database, platform.cipher, platform.clock, _caller(scope), key)
        request = hashlib.sha256(b"\0".join((scope["path"].encode(), scope.get("query_string", b""), body))).hexdigest()
        before = await to_thread.run_sync(store.begin, request)
        if isinstance(before, Problem):
            await _answer(send, before)
        elif before is not None:
            await _send(send, before[0], [*before[1], (b"idempotency-replayed", b"true")], before[2])
        else:
            await self._run(scope, body, send, store)

    async def _run(self, scope: Scope, body: bytes, send: Send, store: _Store) -> None:
        status, headers, answer, sent = 500, [], bytearray(), False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))

        done = False
        try:
            await self._app(scope, replay, keep)
            done = True
        finally:
            # What was refused or failed changed nothing: it may be tried again under the same key.
            keepable = done and status < 400 and len(answer) <= _LONGEST_ANSWER
            await to_thread.run_sync(store.finish, (status, headers, bytes(answer)) if keepable else None)
        await _send(send, status, headers, bytes(answer))


class _Store:
    """One key of one caller."""

    def __init__(self, database: Database, cipher: FieldCipher, clock: Clock, caller: str, key: str) -> None:
        self._database, self._cipher, self._clock, self._caller, self._key = database, cipher, clock, caller, key

    def begin(self, request: str) -> Problem | tuple[int, list[tuple[bytes, bytes]], bytes] | None:
        """Take the key (None), or return what was answered under it, or why it can't be used."""
        now = self._clock.now()
        try:
            with self._database.write() as session:
                row = session.get(UsedKey, (self._caller, self._key), with_for_update=True)
                if row is not None and row.at < now - KEPT:
                    session.delete(row)
                    session.flush()
                    row = None
                if row is None:
                    session.add(UsedKey(caller=self._caller, key=self._key, request=request, at=now))
                    return None
                if row.request != request:
                    detail = "Idempotency-Key: 这个键已用于另一个请求，请换一个键"
                    return Problem(422, "幂等键已被使用", detail, kind="idempotency-key-reused")
                if row.status is None:
                    if row.at > now - _AT_MOST:
                        return Problem(409, "同一请求正在处理", "请稍后用同一个键重试", kind="idempotency-in-progress")
                    row.at = now
                    return None
                kept = json.loads(self._cipher.decrypt(row.answer) or "{}")
                headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept["headers"]]
                return row.status, headers, b64decode(kept["body"])
        except IntegrityError:
            return Problem(409, "同一请求正在处理", "请稍后用同一个键重试", kind="idempotency-in-progress")

    def finish(self, answer: tuple[int, list[tuple[bytes, bytes]], bytes] | None) -> None:
        """Keep what was answered, or give the key back."""
        with self._database.write() as session:
            row = session.get(UsedKey, (self._caller, self._key))
            if row is None:
                return
            if answer is None:
                session.delete(row)
                return
            status, headers, body = answer
            kept = {
                "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name != b"set-cookie"],
                "body": b64encode(body).decode(),
            }
            row.status, row.answer = status, self._cipher.encrypt(json.dumps(kept))


def forget_old(database: Database, now: datetime) -> int:
    """Forget keys that were used more than a day ago; return how many."""
    with database.write() as session:
        old = session.execute(select(UsedKey.caller, UsedKey.key).where(UsedKey.at < now - KEPT).limit(10_000)).all()
        for caller, key in old:
            session.execute(delete(UsedKey).where(UsedKey.caller == caller, UsedKey.key == key))
        return len(old)


def _key(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_PREFIX):
        return None
    found = next((value for name, value in scope["headers"] if name == b"idempotency-key"), None)
    return None if found is None else str(found.decode("latin-1")).strip()


def _caller(scope: Scope) -> str:
    headers = dict(scope["headers"])
    return hashlib.sha256(headers.get(b"authorization", b"") + b"\0" + headers.get(b"cookie", b"")).hexdigest()


async def _read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body.extend(message.get("body", b""))
        if len(body) > _LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(send: Send, problem: Problem) -> None:
    body = json.dumps(problem.body(), ensure_ascii=False).encode()
    await _send(send, problem.status, [(b"content-type", b"application/problem+json")], body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [(name, value) for name, value in headers if name != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
