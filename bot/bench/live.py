"""Live pages under load: operators' queues (SSE) and open chats (WebSocket) against a platform process of its own.

Every operator holds a share of the chats. Residents write, operators answer, conversations join the queue, and each event is followed
until the page that must have it has it. Operators' pages do what real ones do: fetch the queue when it changed, at most once in three
seconds, and give signs of life. The assistant isn't part of it: nobody here talks to the bot.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import websockets
from argon2 import PasswordHasher
from rich.console import Console
from rich.table import Table

from bot.supervisor import free_port
from bot.system import open_platform
from channels.conversations import holding
from channels.conversations import service as conversations
from channels.web import service as web
from dispatch.accounts import service as accounts
from dispatch.accounts.callers import SESSION_COOKIE
from dispatch.core.settings import Settings
from dispatch.orders.workflow import Role
from dispatch.platform import Platform

_UNHELD = 5  # every so many chats one isn't held by an operator and joins the queue during the run
_GRACE = 20.0  # seconds after the last event in which it may still arrive
_QUEUE_FETCH = 3.0
_HEARTBEAT = 30.0
_OPENING_AT_ONCE = 50


@dataclass(slots=True)
class Chat:
    """An open chat: the browser's token, its conversation, and who holds it (None: the bot)."""

    token: str
    conversation: str
    operator: int | None


@dataclass(slots=True)
class Tally:
    """Events of one kind: when each was sent, and the delays of those that arrived (milliseconds)."""

    waiting: dict[Any, float] = field(default_factory=dict)
    sent: int = 0
    delays: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)

    def expect(self, key: Any) -> None:
        """An event is being sent that somebody must get."""
        self.waiting[key] = time.perf_counter()
        self.sent += 1

    def arrived(self, key: Any) -> None:
        """It is there; a second time doesn't count."""
        if (begun := self.waiting.pop(key, None)) is not None:
            self.delays.append((time.perf_counter() - begun) * 1000)


@dataclass(slots=True)
class Load:
    """How much."""

    operators: int
    chats: int
    seconds: int
    per_second: float


def run(load: Load, database_url: str | None, json_out: Path | None, say: Callable[[str], None]) -> None:
    """Run the load, print a table, put the JSON on stdout or into ``json_out``; exit code 1 if an event was dropped."""
    _raise_file_limit(load)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=database_url, port=free_port())
        say(f"准备 {load.operators} 名话务员、{load.chats} 个会话……")
        platform = open_platform(settings)
        chats, logins = _prepare(platform, load)
        token = platform.keys.service
        platform.database.dispose()
        with _platform_process(settings):
            result = asyncio.run(_Run(settings.resolved_public_url(), token, chats, logins, load, say).all())
    _print(result)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    if json_out:
        json_out.write_text(text, encoding="utf-8")
    else:
        Console().print_json(text)
    if result["dropped"]:
        raise SystemExit(1)


def _raise_file_limit(load: Load) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * (load.operators + load.chats) + 1000
    if hard not in (resource.RLIM_INFINITY,) and hard < needed:
        sys.exit(f"这台机器最多允许打开 {hard} 个文件，{load.chats} 个会话需要 {needed} 个：请先提高 ulimit -Hn")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _prepare(platform: Platform, load: Load) -> tuple[list[Chat], list[tuple[str, str]]]:
    """Make accounts that are logged in, and conversations most of which an operator holds."""
    now = platform.clock.now()
    accounts._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    logins: list[tuple[str, str]] = []
    with platform.database.write() as session:
        password = secrets.token_urlsafe(12)
        for number in range(load.operators):
            accounts.create(session, f"bench{number}", password, display_name=f"话务员{number}", role=Role.OPERATOR)
            logged_in = accounts.log_in(session, f"bench{number}", password, now)
            if logged_in is None:
                raise RuntimeError("an account made a moment ago can't log in")
            logins.append((logged_in[0], logged_in[1].csrf))
        chats = []
        for number in range(load.chats):
            token = web.new_token()
            conversation = conversations.open_conversation(session, web.CHANNEL, token, now=now, cipher=platform.cipher)
            conversations.greet(session, conversation, now)
            holder = None if number % _UNHELD == 0 else number % load.operators
            if holder is not None:
                holding.take_over(session, conversation.id, f"bench{holder}", now)
            chats.append(Chat(token, conversation.id, holder))
    return chats, logins


@contextlib.contextmanager
def _platform_process(settings: Settings) -> Any:
    given = {"JSJB_DATA_DIR": str(settings.data_dir), "JSJB_PORT": str(settings.port)}
    if settings.database_url:
        given["JSJB_DATABASE_URL"] = settings.database_url
    process = subprocess.Popen([sys.executable, "-m", "bot.serve"], env={**os.environ, **given}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{settings.resolved_public_url()}/healthz", trust_env=False, timeout=2).is_success:
                    break
            time.sleep(0.2)
        else:
            raise RuntimeError("the platform didn't start in a minute")
        yield
    finally:
        process.terminate()
        process.wait(30)


class _Run:
    """All pages in one event loop."""

    def __init__(
        self, url: str, service_token: str, chats: list[Chat], logins: list[tuple[str, str]], load: Load, say: Callable[[str], None]
    ) -> None:
        self._url, self._token, self._chats, self._logins, self._load, self._say = url, service_token, chats, logins, load, say
        self._to_operator, self._to_resident, self._to_queue, self._fetches = Tally(), Tally(), Tally(), Tally()
        self._sockets: dict[str, Any] = {}
        self._listening = 0
        self._stale: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._errors: list[str] = []

    async def all(self) -> dict[str, Any]:
        """Open every page, send the events, wait for them to arrive, and return the figures."""
        # Kept for less than the server's five seconds, so that no request meets a closing door.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=3)
        async with httpx.AsyncClient(base_url=self._url, limits=limits, timeout=60, trust_env=False) as http:
            self._say("打开所有页面……")
            pages = [asyncio.create_task(self._operator_page(http, number)) for number in range(len(self._logins))]
            gate = asyncio.Semaphore(_OPENING_AT_ONCE)
            pages += [asyncio.create_task(self._chat_page(chat, gate)) for chat in self._chats]
            async with asyncio.timeout(180):
                while self._listening < len(self._logins) or len(self._sockets) < len(self._chats):  # noqa: ASYNC110 - counts only grow
                    await asyncio.sleep(0.1)
            pages += [asyncio.create_task(self._behave(http, number)) for number in range(len(self._logins))]
            self._say(f"{len(self._logins)} 个工作台、{len(self._sockets)} 个会话已打开，开始收发……")
            begun = time.perf_counter()
            await self._send(http)
            lasted = time.perf_counter() - begun
            deadline = time.perf_counter() + _GRACE
            tallies = (self._to_operator, self._to_resident, self._to_queue)
            while any(tally.waiting for tally in tallies) and time.perf_counter() < deadline:  # noqa: ASYNC110 - sets only shrink
                await asyncio.sleep(0.1)
            self._say("收发完毕，关闭页面……")
            for page in pages:
                page.cancel()
            ended = await asyncio.gather(*pages, return_exceptions=True)
            self._errors += [type(each).__name__ for each in ended if isinstance(each, Exception)]
        return self._figures(lasted)

    async def _operator_page(self, http: httpx.AsyncClient, number: int) -> None:
        """Listen as the desk's page does."""
        cookie = {"Cookie": f"{SESSION_COOKIE}={self._logins[number][0]}"}
        async with http.stream("GET", "/desk/events", headers=cookie, timeout=None) as stream:
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    subject = line[5:].strip()
                    if name == "reload":
                        self._listening += 1
                    elif name == "message":
                        self._to_operator.arrived((number, subject))
                    elif name == "queue":
                        self._to_queue.arrived((number, subject))
                        self._stale[number].set()
        self._errors.append("an operator's live connection ended")

    async def _behave(self, http: httpx.AsyncClient, number: int) -> None:
        """Fetch the queue when it changed, and give signs of life, as the desk's page does."""
        token, csrf = self._logins[number]
        cookie = {"Cookie": f"{SESSION_COOKIE}={token}", "HX-Request": "true"}
        beat = time.monotonic() + _HEARTBEAT * number / len(self._logins)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stale[number].wait(), max(0.05, beat - time.monotonic()))
            if time.monotonic() >= beat:
                beat += _HEARTBEAT
                self._check(await http.post("/desk/heartbeat", data={"csrf": csrf}, headers=cookie))
            if self._stale[number].is_set():
                self._stale[number].clear()
                await asyncio.sleep(0.5 * number / len(self._logins))
                begun = time.perf_counter()
                self._check(await http.get("/desk/queue", headers=cookie))
                self._fetches.delays.append((time.perf_counter() - begun) * 1000)
                await asyncio.sleep(_QUEUE_FETCH)

    async def _chat_page(self, chat: Chat, gate: asyncio.Semaphore) -> None:
        """Show what is said, as the chat's page does."""
        address = self._url.replace("http://", "ws://") + "/channels/web/ws"
        async with contextlib.AsyncExitStack() as stack:
            async with gate:
                socket = await stack.enter_async_context(
                    websockets.connect(
                        address, additional_headers={"Cookie": f"{web.COOKIE}={chat.token}"}, proxy=None, compression=None, open_timeout=60
                    )
                )
                await socket.send(orjson.dumps({"type": "resume", "after": 0}).decode())
            async for raw in socket:
                event = orjson.loads(raw)
                self._sockets.setdefault(chat.conversation, socket)
                for message in event.get("messages", ()):
                    self._to_resident.arrived(message["text"])
        self._errors.append("a chat's connection ended")

    async def _send(self, http: httpx.AsyncClient) -> None:
        """Send events at the rate wanted: of ten, six residents write, three operators answer, one conversation joins the queue."""
        held = [chat for chat in self._chats if chat.operator is not None]
        unheld = [chat for chat in self._chats if chat.operator is None]
        held.sort(key=lambda chat: chat.token)  # in no order
        tasks: set[asyncio.Task[None]] = set()
        begun, number = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - begun) < self._load.seconds:
            if number >= elapsed * self._load.per_second:
                await asyncio.sleep(0.002)
                continue
            chat = held[number % len(held)]
            if number % 10 == 9 and unheld:
                work = self._join_queue(http, unheld.pop())
            elif number % 10 >= 6:
                work = self._answer(http, chat, number)
            else:
                work = self._write(chat, number)
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.gather(*tasks)

    async def _write(self, chat: Chat, number: int) -> None:
        key = (chat.operator, chat.conversation)
        if key in self._to_operator.waiting:
            return  # an event says that there is something new, not how much: one at a time can be followed
        self._to_operator.expect(key)
        message = {"type": "message", "client_id": f"bench-{number:08}", "text": f"第 {number} 句：楼道灯还是没修好"}
        await self._sockets[chat.conversation].send(orjson.dumps(message).decode())

    async def _answer(self, http: httpx.AsyncClient, chat: Chat, number: int) -> None:
        token, csrf = self._logins[chat.operator or 0]
        text = f"第 {number} 句：已经在催了，请稍等"
        self._to_resident.expect(text)
        begun = time.perf_counter()
        answer = await http.post(
            f"/desk/conversations/{chat.conversation}/say",
            data={"csrf": csrf, "text": text},
            headers={"Cookie": f"{SESSION_COOKIE}={token}"},
        )
        self._check(answer)
        self._to_resident.requests.append((time.perf_counter() - begun) * 1000)

    async def _join_queue(self, http: httpx.AsyncClient, chat: Chat) -> None:
        for number in range(len(self._logins)):
            self._to_queue.expect((number, chat.conversation))
        answer = await http.post(
            f"/api/v1/conversations/{chat.conversation}/handoff",
            json={"reason": "asked_for_person"},
            headers={"Authorization": f"Bearer {self._token}"},
        )
        self._check(answer)

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code >= 400:
            self._errors.append(f"{answer.request.method} {answer.url.path}: {answer.status_code}")

    def _figures(self, lasted: float) -> dict[str, Any]:
        kinds = {"resident_to_operator": self._to_operator, "operator_to_resident": self._to_resident, "queue_to_operators": self._to_queue}
        rows = {
            name: {"sent": tally.sent, "received": len(tally.delays), "dropped": len(tally.waiting), **_percentiles(tally.delays)}
            for name, tally in kinds.items()
        }
        return {
            "operators": len(self._logins),
            "chats": len(self._chats),
            "seconds": round(lasted, 1),
            "unit": "ms",
            "events": rows,
            "queue_fetches": {"count": len(self._fetches.delays), **_percentiles(self._fetches.delays)},
            "sent": sum(row["sent"] for row in rows.values()),
            "received": sum(row["received"] for row in rows.values()),
            "dropped": sum(row["dropped"] for row in rows.values()),
            "errors": len(self._errors),
            "first_errors": self._errors[:5],
        }


def _percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    points = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(points[49], 1), "p99": round(points[98], 1), "max": round(max(values), 1)}


def _print(result: dict[str, Any]) -> None:
    title = f"{result['operators']} 个工作台、{result['chats']} 个会话，{result['seconds']} 秒"
    table = Table("事件", "发出", "收到", "丢失", "p50 毫秒", "p99 毫秒", title=title)
    names = {
        "resident_to_operator": "诉求人说话 → 话务员",
        "operator_to_resident": "话务员回复 → 诉求人",
        "queue_to_operators": "队列变化 → 全部工作台",
    }
    for name, row in result["events"].items():
        table.add_row(names[name], *(str(row[key]) for key in ("sent", "received", "dropped", "p50", "p99")))
    Console(stderr=True).print(table)
