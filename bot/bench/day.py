"""A Beijing day (DESIGN.md section 7): requests of mixed types on mixed channels, each from its first message to a dispatched order.

The whole system runs with its real processes. Telegram and Twilio are stood in for; a call is a transcript handed in part by
part. At the end the database must hold every message answered, and exactly the orders that residents were told of.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot.bench.day_providers import Providers
from bot.bench.day_requests import CHANNELS, Request, a_day
from bot.bench.day_ways import Outcome, Ways
from bot.bench.orders import a_database, a_postgres
from bot.running import RunningSystem
from dispatch.core.database import Database
from dispatch.units.loader import load_units
from nlu.files import data_path

BEIJING_DAY = 30_245
_ROWS_AT_ONCE = 20
_SETTLE_SECONDS = 30.0


class SharesError(ValueError):
    """What was given as the shares of the channels isn't such a thing; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many requests, how many of them at once, and the percent of each channel."""

    requests: int
    at_once: int
    shares: Mapping[str, float]


def shares(given: str) -> dict[str, float]:
    """Return the shares that ``web=40,phone=60`` names. Raises SharesError."""
    found: dict[str, float] = {}
    for part in given.split(","):
        name, _, number = part.strip().partition("=")
        if name not in CHANNELS:
            raise SharesError(f"--channels: 没有渠道 {name!r}，只有 {'、'.join(CHANNELS)}")
        try:
            found[name] = float(number)
        except ValueError:
            raise SharesError(f"--channels: {name} 后面应是数字，如 {name}=30") from None
        if not 0 <= found[name] < float("inf"):
            raise SharesError(f"--channels: {name} 的份额不能是 {number}")
    if not sum(found.values()):
        raise SharesError("--channels: 至少要有一个渠道的份额大于 0")
    return found


def run(load: Load, *, postgres: bool, json_out: Path | None, say: Callable[[str], None]) -> None:
    """Live through the day, print tables, put the JSON on stdout or into ``json_out``; exit code 1 if anything was lost or doubled.

    Raises bot.bench.orders.NoPostgresError where ``postgres`` is asked for and there is none.
    """
    providers = Providers()
    os.environ.update(providers.environment())
    with tempfile.TemporaryDirectory() as folder, _database(Path(folder), postgres) as url:
        say("启动一套临时系统……")
        with RunningSystem(Path(folder) / "data", say, url) as system:
            before = _cpu(system)
            begun = time.perf_counter(), time.process_time()
            outcome = asyncio.run(_live_through(system, providers, load))
            seconds, own = time.perf_counter() - begun[0], time.process_time() - begun[1]
            spent = {name: value - before[name] for name, value in _cpu(system).items()}
            found, orders = _settled(system)
    result = _result(load, outcome, seconds, {**spent, "residents": own}, found, orders)
    _print(result)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    if json_out:
        json_out.write_text(text, encoding="utf-8")
    else:
        Console().print_json(text)
    if result["lost"] or result["doubled"] or result["problems"]:
        raise SystemExit(1)


@contextmanager
def _database(folder: Path, postgres: bool) -> Iterator[str | None]:
    if not postgres:
        yield None
        return
    with a_postgres(None, folder) as server, a_database(server) as url:
        yield url


async def _live_through(system: RunningSystem, providers: Providers, load: Load) -> Outcome:
    streets = [
        (unit.district, unit.short[0])
        for unit in load_units(data_path("units"), data_path("gazetteer", "streets.csv"))
        if unit.kind in ("street", "town") and unit.district
    ]
    requests = list(a_day(load.requests, load.shares, streets))
    jobs = iter(_jobs(requests))
    outcome = Outcome()
    ways = Ways(system.url, system.service_token, providers, outcome)
    async with providers.running():
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("诉求", total=len(requests))

            async def worker() -> None:
                for job in jobs:
                    await ways.travel(job)
                    progress.advance(bar, len(job))

            await asyncio.gather(*(worker() for _ in range(load.at_once)))
        await ways.close()
    return outcome


def _jobs(requests: Sequence[Request]) -> Iterator[Sequence[Request]]:
    """Yield what travels together: rows of a file by the twenty, everything else alone."""
    rows = [request for request in requests if request.channel == "import"]
    batches = [rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE)]
    singles = [[request] for request in requests if request.channel != "import"]
    every = max(1, len(singles) // (len(batches) + 1))
    for number, single in enumerate(singles, 1):
        yield single
        if number % every == 0 and batches:
            yield batches.pop()
    yield from batches


def _cpu(system: RunningSystem) -> dict[str, float]:
    """Return the CPU seconds that each process has used, the database's where it has processes of its own."""
    pids = system.supervisor.pids
    spent = {name: _ticks(Path(f"/proc/{pid}/stat"), children=False) for name, pid in pids.items()}
    if system.settings.database_url:
        stats = [file for file in Path("/proc").glob("[0-9]*/stat") if _is_postgres(file)]
        spent["database"] = sum(_ticks(file, children=True) for file in stats)
    return spent


def _is_postgres(stat: Path) -> bool:
    try:
        return b"(postgres)" in stat.read_bytes()
    except OSError:
        return False  # it ended between the listing and the reading


def _ticks(stat: Path, *, children: bool) -> float:
    try:
        numbers = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, numbers[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def _settled(system: RunningSystem) -> tuple[dict[str, int], set[str]]:
    """Return what the database holds, and the numbers of its orders, after waiting for the last deliveries."""
    limit = time.monotonic() + _SETTLE_SECONDS
    database = Database(system.settings.resolved_database_url())
    try:
        while True:
            with database.engine.connect() as connection:
                found = {name: connection.execute(sa.text(query)).scalar_one() for name, query in _QUERIES.items()}
                if not (found["unanswered"] or found["undelivered"]) or time.monotonic() > limit:
                    return found, set(connection.execute(sa.text(_ORDERS)).scalars())
            time.sleep(0.5)
    finally:
        database.dispose()


_ORDERS = "SELECT number FROM orders"
_QUERIES = {
    "orders": "SELECT count(*) FROM orders",
    "dispatched": "SELECT count(*) FROM orders WHERE unit_code IS NOT NULL",
    "conversations": "SELECT count(*) FROM conversations",
    "messages": "SELECT count(*) FROM messages WHERE author = 'resident'",
    "unanswered": "SELECT count(*) FROM messages WHERE author = 'resident' AND NOT handled",
    "undelivered": "SELECT count(*) FROM message_parts WHERE provider_id IS NULL",
    "conversations_with_two_orders": (
        "SELECT count(*) FROM (SELECT conversation_id FROM orders WHERE conversation_id IS NOT NULL "
        "GROUP BY conversation_id HAVING count(*) > 1) AS doubled"
    ),
}


def _result(load: Load, outcome: Outcome, seconds: float, cpu: dict[str, float], found: dict[str, int], orders: set[str]) -> dict[str, Any]:
    ends: dict[str, int] = {}
    for by_end in outcome.ends.values():
        for end, number in by_end.items():
            ends[end] = ends.get(end, 0) + number
    told, ended = set(outcome.orders), sum(ends.values())
    pools = {**outcome.milliseconds, "全部": list(itertools.chain.from_iterable(outcome.milliseconds.values()))}
    counts = outcome.turns_of_a_request
    return {
        "requests": load.requests,
        "at_once": load.at_once,
        "channels": dict(load.shares),
        "seconds": round(seconds, 1),
        "requests_per_second": round(load.requests / seconds, 2),
        "turns": outcome.turns,
        "turns_per_request": {str(turns): counts.count(turns) for turns in sorted(set(counts))},
        "turns_per_second": round(outcome.turns / seconds, 2),
        "minutes_for_30245": round(BEIJING_DAY / load.requests * seconds / 60, 1),
        "cpu_seconds": {name: round(value, 1) for name, value in cpu.items()},
        "cpu_ms_per_turn": {name: round(value * 1000 / max(1, outcome.turns), 2) for name, value in cpu.items()},
        "milliseconds": {name: _percentiles(values) for name, values in pools.items() if values},
        "ends": ends,
        "ends_by_channel": {channel: dict(by_end) for channel, by_end in outcome.ends.items()},
        "database": found,
        "lost": load.requests - ended + ends.get("没有回复", 0) + found["unanswered"] + found["undelivered"] + len(told - orders),
        "doubled": found["conversations_with_two_orders"] + len(orders - told) + len(outcome.orders) - len(told),
        "problems": outcome.problems[:20],
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    points = statistics.quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {"turns": len(values), "p50": round(points[49], 1), "p99": round(points[98], 1)}


def _print(result: dict[str, Any]) -> None:
    console = Console(stderr=True)
    head = f"{result['requests']} 件诉求、{result['turns']} 轮，{result['seconds']} 秒；30,245 件约 {result['minutes_for_30245']} 分钟"
    table = Table("渠道", "轮次", "p50 毫秒", "p99 毫秒", "结局", title=head)
    for channel, figures in result["milliseconds"].items():
        ends = result["ends_by_channel"].get(channel, result["ends"])
        words = "、".join(f"{end} {number}" for end, number in sorted(ends.items(), key=lambda each: -each[1]))
        table.add_row(channel, str(figures["turns"]), str(figures["p50"]), str(figures["p99"]), words)
    console.print(table)
    table = Table("进程", "CPU 秒", "每轮毫秒", title=f"丢失 {result['lost']}，重复 {result['doubled']}")
    for name, seconds in result["cpu_seconds"].items():
        table.add_row(name, str(seconds), str(result["cpu_ms_per_turn"][name]))
    console.print(table)
