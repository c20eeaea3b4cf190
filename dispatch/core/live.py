"""Live events to open pages: what changed, never the content; pages fetch what they may see.

In-process here; on PostgreSQL the same interface will ride on LISTEN/NOTIFY (DESIGN.md section 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_QUEUE_SIZE = 256


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """``topic`` is who listens (``desk``, ``conversation:<id>``, ``unit:<code>``), ``name`` what happened, ``data`` ids only."""

    topic: str
    name: str
    data: dict[str, str] = field(default_factory=dict)


class LiveEvents:
    """Hands events to every open subscription; safe to call from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: dict[str, set[asyncio.Queue[LiveEvent]]] = {}

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the loop that subscribers run on; called once when the application starts."""
        self._loop = loop

    def publish(self, event: LiveEvent) -> None:
        """Hand ``event`` to everyone who listens to its topic; without an application running it goes nowhere."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: LiveEvent) -> None:
        for queue in self._subscriptions.get(event.topic, ()):
            if queue.full():
                # A page that fell behind is told to reload instead of being fed a gap.
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(LiveEvent(event.topic, "reload"))
            else:
                queue.put_nowait(event)

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
