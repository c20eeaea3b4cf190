"""Live events between the processes of one platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from bot.app import create_app
from dispatch.core.clock import FixedClock
from dispatch.core.live import RELOAD, LiveEvent, LiveEvents
from dispatch.core.settings import Settings
from dispatch.platform import Platform

on_postgres = pytest.mark.parametrize("settings", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
SECONDS = 10


@asynccontextmanager
async def running(settings: Settings, clock: FixedClock) -> AsyncIterator[Platform]:
    """A platform process's application, started, and listening where it does."""
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        platform: Platform = app.state.platform
        if not platform.database.is_sqlite:
            await until(lambda: platform.live.backend is not None)
        yield platform


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - the connection comes back by itself; there is no event to wait for
            await asyncio.sleep(0.01)


async def next_event(queue: asyncio.Queue[LiveEvent]) -> LiveEvent:
    return await asyncio.wait_for(queue.get(), SECONDS)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


@on_postgres
def test_an_event_reaches_the_pages_of_every_process_once(settings: Settings, clock: FixedClock) -> None:
    async def scenario() -> None:
        async with (
            running(settings, clock) as one,
            running(settings, clock) as other,
            one.live.subscribe("desk") as here,
            other.live.subscribe("desk") as there,
        ):
            for number in range(500):
                one.live.publish(LiveEvent("desk", "queue", {"id": str(number)}))
                if number % 100 == 99:
                    for queue in (here, there):
                        got = [(await next_event(queue)).data["id"] for _ in range(100)]
                        assert got == [str(each) for each in range(number - 99, number + 1)]
            other.live.publish(LiveEvent("desk", "queue", {"id": "back"}))
            assert (await next_event(here)).data == {"id": "back"}
            assert (await next_event(there)).data == {"id": "back"}
            one.live.publish(LiveEvent("unit:1", "notice"))
            one.live.publish(LiveEvent("desk", "last"))
            assert (await next_event(there)).name == "last"
            assert here.qsize() == 1

    run(scenario)


@on_postgres
def test_a_listener_that_lost_its_connection_comes_back_and_has_pages_fetch_anew(settings: Settings, clock: FixedClock) -> None:
    async def scenario() -> None:
        async with running(settings, clock) as one, running(settings, clock) as other, other.live.subscribe("desk") as there:
            backend = other.live.backend
            with other.database.engine.connect() as connection:
                connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
            assert (await next_event(there)).name == RELOAD
            assert other.live.backend not in (None, backend)
            one.live.publish(LiveEvent("desk", "queue", {"id": "after"}))
            assert await next_event(there) == LiveEvent("desk", "queue", {"id": "after"})

    run(scenario)


@on_postgres
def test_what_was_published_while_the_database_was_away_is_sent_afterwards(settings: Settings, clock: FixedClock) -> None:
    async def scenario() -> None:
        async with running(settings, clock) as one, running(settings, clock) as other, other.live.subscribe("desk") as there:
            with other.database.engine.connect() as connection:
                # every connection of the first process's sender; the listeners are known and spared
                connection.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND pid NOT IN (pg_backend_pid(), :one, :other) AND query NOT LIKE 'LISTEN%'"
                    ),
                    {"one": one.live.backend, "other": other.live.backend},
                )
            for number in range(3):
                one.live.publish(LiveEvent("desk", "queue", {"id": str(number)}))
            assert [(await next_event(there)).data["id"] for _ in range(3)] == ["0", "1", "2"]

    run(scenario)


def test_a_page_that_falls_behind_is_told_to_fetch_anew() -> None:
    async def scenario() -> None:
        live = LiveEvents()
        live.bind(asyncio.get_running_loop())
        async with live.subscribe("desk") as page:
            for number in range(1000):
                live.publish(LiveEvent("desk", "queue", {"id": str(number)}))
            await asyncio.sleep(0)
            assert page.qsize() <= 256
            assert RELOAD in {(await next_event(page)).name for _ in range(page.qsize())}
        await live.close()

    run(scenario)
