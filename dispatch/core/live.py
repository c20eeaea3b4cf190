"""Live events to open pages: what changed, never the content; pages fetch what they may see.

On SQLite there is one process and its pages get them directly. On PostgreSQL every process listens (``LISTEN``), so that an event
published in one reaches the pages of all. Publish after the commit, or a page fetches what isn't there yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import psycopg
import sqlalchemy as sa
import structlog

_log = structlog.get_logger(__name__)

RELOAD = "reload"
"""Name of the event that says: events were missed, fetch everything anew."""

_QUEUE_SIZE = 256
_CHANNEL = "jsjb_live"
_MAX_PAYLOAD = 7900  # PostgreSQL refuses 8000 bytes and more
_MAX_UNSENT = 20_000
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_KEEPALIVE = {"keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "connect_timeout": "5"}


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """``topic`` is who listens (``desk``, ``conversation:<id>``, ``unit:<code>``), ``name`` what happened, ``data`` ids only."""

    topic: str
    name: str
    data: dict[str, str] = field(default_factory=dict)


class LiveEvents:
    """Hands events to every open subscription; safe to call from any thread."""

    def __init__(self, database: sa.URL | None = None) -> None:
        """Without ``database``, or on SQLite, events stay in this process."""
        self._url = database if database is not None and database.get_backend_name() == "postgresql" else None
        self._process = secrets.token_hex(6)  # so that a process passes over what it said itself
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: dict[str, set[asyncio.Queue[LiveEvent]]] = {}
        self._unsent: deque[LiveEvent] = deque()
        self._something_unsent = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._published: dict[str, int] = {}
        self.backend: int | None = None
        """The database backend that this process listens on; None while there is no connection, and on SQLite."""

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the loop that subscribers run on and, on PostgreSQL, start listening; called on it once, at the application's start."""
        self._loop = loop
        if self._url is not None:
            self._tasks = [loop.create_task(self._listen()), loop.create_task(self._send())]

    async def close(self) -> None:
        """Stop listening; what is published from now on goes nowhere."""
        self._loop = None
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    def publish(self, event: LiveEvent) -> None:
        """Hand ``event`` to everyone who listens to its topic; without an application running it goes nowhere."""
        if event.topic in self._published:
            self._count(event.topic)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, event)

    def count(self, topic: str) -> int:
        """Return a number that is another one after each event of ``topic``: what was made before it may be out of date."""
        return self._published.setdefault(topic, 0) + self._published.get("", 0)

    def _count(self, topic: str) -> None:
        self._published[topic] = self._published.get(topic, 0) + 1

    def _publish(self, event: LiveEvent) -> None:
        self._deliver(event)
        if self._url is not None:
            if len(self._unsent) >= _MAX_UNSENT:
                self._unsent.clear()  # the others must fetch everything anyway by now
                self._unsent.append(LiveEvent("", RELOAD))
            self._unsent.append(event)
            self._something_unsent.set()

    def _deliver(self, event: LiveEvent) -> None:
        for queue in self._subscriptions.get(event.topic, ()):
            _put(queue, event)

    def _reload_all(self) -> None:
        self._count("")
        for topic, queues in self._subscriptions.items():
            for queue in queues:
                _put(queue, LiveEvent(topic, RELOAD))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[asyncio.Queue[LiveEvent]]:
        """Yield a queue that receives the events of ``topics`` until the block ends."""
        queue: asyncio.Queue[LiveEvent] = asyncio.Queue(_QUEUE_SIZE)
        for topic in topics:
            self._subscriptions.setdefault(topic, set()).add(queue)
        try:
            yield queue
        finally:
            for topic in topics:
                listeners = self._subscriptions[topic]
                listeners.discard(queue)
                if not listeners:
                    del self._subscriptions[topic]

    # Between the processes on one PostgreSQL

    async def _listen(self) -> None:
        """Hand on what other processes publish; after a lost connection every page is told to fetch anew what it may have missed."""
        wait, missed = _FIRST_WAIT, False
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    self.backend, wait = connection.info.backend_pid, _FIRST_WAIT
                    if missed:
                        self._reload_all()
                    async for notification in connection.notifies():
                        self._take(notification.payload)
            except (psycopg.Error, OSError) as error:
                _log.warning("live_events_connection_lost", error=type(error).__name__)
            self.backend, missed = None, True
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _take(self, payload: str) -> None:
        sender, events = orjson.loads(payload)
        if sender == self._process:
            return
        for topic, name, data in events:
            if topic:
                if topic in self._published:
                    self._count(topic)
                self._deliver(LiveEvent(topic, name, data))
            else:
                self._reload_all()

    async def _send(self) -> None:
        """Tell the other processes, many events at a time; those of a lost connection are sent again."""
        wait = _FIRST_WAIT
        while True:
            try:
                async with await self._connect() as connection:
                    wait = _FIRST_WAIT
                    while True:
                        await self._something_unsent.wait()
                        payload, count = self._batch()
                        await connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))
                        for _ in range(min(count, len(self._unsent))):
                            self._unsent.popleft()
                        if not self._unsent:
                            self._something_unsent.clear()
            except (psycopg.Error, OSError) as error:
                _log.warning("live_events_not_sent", error=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _batch(self) -> tuple[str, int]:
        """Return as many unsent events as one notification holds, as its payload, and their number."""
        parts: list[bytes] = []
        size = 0
        for event in self._unsent:
            part = orjson.dumps((event.topic, event.name, event.data))
            if parts and size + len(part) > _MAX_PAYLOAD - 100:
                break
            parts.append(part)
            size += len(part) + 1
        return f'["{self._process}",[{b",".join(parts).decode()}]]', len(parts)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        if self._url is None:
            raise RuntimeError("live events travel between processes on PostgreSQL only")
        url = self._url.set(drivername="postgresql").update_query_dict(_KEEPALIVE)
        return await psycopg.AsyncConnection.connect(url.render_as_string(hide_password=False), autocommit=True)


def _put(queue: asyncio.Queue[LiveEvent], event: LiveEvent) -> None:
    if queue.full():
        # A page that fell behind is told to fetch anew instead of being fed a gap.
        while not queue.empty():
            queue.get_nowait()
        event = LiveEvent(event.topic, RELOAD)
    queue.put_nowait(event)
