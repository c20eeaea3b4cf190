"""A year of Beijing in statistics (DESIGN.md section 7): counting it, keeping the counts up to date, the year's report, the dashboard."""

from __future__ import annotations

import statistics as mathematics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table

from bot.app import create_app
from bot.bench import filling
from bot.bench.orders import a_database, a_postgres
from bot.system import open_platform
from dispatch.accounts import service as accounts
from dispatch.core.clock import beijing
from dispatch.core.settings import Settings
from dispatch.orders.service import Order
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.reports import service as reports
from dispatch.statistics import service as statistics

_TEMPLATES = 300
_CHANGED = 105
"""Orders that change in five minutes of a city that gets 30,245 a day."""
_PASSWORD = "bench-only-password"  # noqa: S105 - of a database that is thrown away

Result = dict[str, float]


def run(count: int, on_sqlite: bool, database_url: str | None, json_out: Path | None, say: Callable[[str], None]) -> None:
    """Fill a database with ``count`` orders of the last year, measure, print a table; the JSON goes to stdout or ``json_out``.

    Raises bot.bench.orders.NoPostgresError where there is no PostgreSQL to measure on.
    """
    with tempfile.TemporaryDirectory() as folder:
        if on_sqlite:
            result = _measure(Settings(data_dir=Path(folder)), count, Path(folder) / "report", say)
        else:
            with a_postgres(database_url, Path(folder)) as server, a_database(server) as url:
                result = _measure(Settings(data_dir=Path(folder) / "data", database_url=url), count, Path(folder) / "report", say)
    _print(result, "SQLite" if on_sqlite else "PostgreSQL")
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    if json_out:
        json_out.write_text(text, encoding="utf-8")
    else:
        Console().print_json(text)


def _measure(settings: Settings, count: int, folder: Path, say: Callable[[str], None]) -> Result:
    platform = open_platform(settings)
    try:
        return _measured(platform, settings, count, folder, say)
    finally:
        platform.database.dispose()


def _measured(platform: Platform, settings: Settings, count: int, folder: Path, say: Callable[[str], None]) -> Result:
    took: Result = {}

    @contextmanager
    def timed(name: str):  # type: ignore[no-untyped-def]
        begun = time.perf_counter()
        yield
        took[name] = round(time.perf_counter() - begun, 3)

    last = beijing(platform.clock.now()).date()
    first = last - timedelta(days=364)
    with timed("fill"):
        filling.a_year(platform, filling.file_templates(platform, _TEMPLATES), count, say=say)
    say("从头统计……")
    with timed("count_everything"):
        days = statistics.refresh(platform.database, platform.clock.now())
    say("变动五分钟的量，再统计……")
    _change(platform, _CHANGED)
    with timed("count_five_minutes"):
        again = statistics.refresh(platform.database, platform.clock.now())
    _change(platform, _CHANGED)
    say("年度报告……")
    with timed("report"):
        report = reports.make(platform, first, last)
        reports.write(report, folder, with_pdf=False)
    with timed("report_pdf"):
        reports.write(report, folder)
    times = _dashboard(settings, first, last)
    filed = next(table for table in report.tables if table.name == "types")
    return {
        "orders": sum(row[1] for row in filed.rows if isinstance(row[1], int)),
        "days": days,
        "days_changed_in_five_minutes": again,
        **took,
        "dashboard_median": round(mathematics.median(times), 3),
        "dashboard_slowest": round(max(times), 3),
    }


def _change(platform: Platform, count: int) -> None:
    """Touch ``count`` orders as a day's work does: most of them filed lately, some long ago."""
    with platform.database.engine.begin() as connection:
        newest: int = connection.execute(sa.select(sa.func.max(Order.id))).scalar_one()
        oldest: int = connection.execute(sa.select(sa.func.min(Order.id))).scalar_one()
        ids = [oldest + int((newest - oldest) * (number / count) ** 3) for number in range(count)]  # copies get older with their ids
        connection.execute(sa.update(Order).where(Order.id.in_(ids)).values(updated_at=platform.clock.now()))


def _dashboard(settings: Settings, first: date, last: date) -> list[float]:
    times = []
    with TestClient(create_app(settings, warm=True)) as client:
        platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
        with platform.database.write() as session:
            accounts.create(session, "bench", _PASSWORD, display_name="基准", role=Role.SUPERVISOR)
        client.post("/console/login", data={"username": "bench", "password": _PASSWORD})
        for number in range(10):
            asked = {"first": str(first), "last": str(last)} | ({"unit": "110105026"} if number % 2 else {})
            begun = time.perf_counter()
            answer = client.get("/console/figures", params=asked)
            times.append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"the dashboard answered {answer.status_code}")
    return times


_NAMES = {
    "fill": "灌入数据",
    "count_everything": "从头统计全年",
    "count_five_minutes": "五分钟的变动重新统计",
    "report": "年度报告（HTML、CSV）",
    "report_pdf": "写出文件（含 PDF）",
    "dashboard_median": "数据页（中位数）",
    "dashboard_slowest": "数据页（最慢）",
}


def _print(result: Result, where: str) -> None:
    table = Table(title=f"{where} 上 {result['orders']:,.0f} 件工单的一年（秒）")
    table.add_column("做什么")
    table.add_column("用时", justify="right")
    for name, label in _NAMES.items():
        table.add_row(label, f"{result[name]:.2f}")
    Console(stderr=True).print(table)
