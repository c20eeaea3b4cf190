"""Fills a database with copies of real orders, fast: what benchmarks at 1,000,000 orders and more are measured on.

A few hundred orders are filed the ordinary way, one for each of many units; SQL then multiplies their rows, events and copies. Copies are
spread over the time before, and all but the newest are closed. Their hash chains don't verify; nothing measured reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from dispatch.orders import service as orders
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut

_MATTERS = ("0704", "0301", "0501", "0101", "0801", "1201")
_STEP = timedelta(seconds=3)  # a city of Beijing's size gets one request every three seconds
_CHUNK = 100_000


def file_templates(platform: Platform, count: int) -> list[int]:
    """File ``count`` orders, each at a street of its own, and return their row ids."""
    reference, now = platform.reference.current(), platform.clock.now()
    streets = [unit for unit in reference.units.all() if unit.kind in ("street", "town")][:count]
    codes = [code for code in _MATTERS if reference.catalogue.find(code)]
    ids = []
    for number, unit in enumerate(streets):
        order_in = OrderIn(
            description=f"小区里的问题反映多次仍未解决，请尽快派人来看看（{number}）",
            request_type="投诉",
            matter_code=codes[number % len(codes)],
            place=PlaceOut(district=unit.district, street=unit.short[0]),
            contact_phone=f"1380013{number:04d}",
        )
        with platform.database.write() as session:
            order = orders.register(session, order_in, actor=Actor("bench", Role.BOT), now=now, reference=reference, cipher=platform.cipher)
            ids.append(order.id)
    return ids


def multiply(platform: Platform, templates: Sequence[int], total: int, *, still_open: int, say: Callable[[str], None]) -> None:
    """Copy the orders with row ids ``templates`` until there are about ``total`` orders, ``still_open`` of them not closed yet.

    PostgreSQL only: it leans on generate_series.
    """
    _multiply(platform, templates, total, kept=still_open // len(templates), step=_STEP * len(templates), say=say)


def _multiply(platform: Platform, templates: Sequence[int], total: int, *, kept: int, step: timedelta, say: Callable[[str], None]) -> None:
    engine = platform.database.engine
    metadata = sa.MetaData()
    tables = {name: sa.Table(name, metadata, autoload_with=engine) for name in ("orders", "order_events", "order_units")}
    each, now = total // len(templates), platform.clock.now()
    for begin in range(1, each + 1, max(1, _CHUNK // len(templates))):
        end = min(each, begin + max(1, _CHUNK // len(templates)) - 1)
        span = {"begin": begin, "end": end, "ids": list(templates)}
        with engine.begin() as connection:
            connection.execute(_copy_orders(tables["orders"]), {**span, "kept": kept, "now": now, "step": step})
            connection.execute(_copy_children(tables["order_events"], skip=("id",)), span)
            connection.execute(_copy_children(tables["order_units"], skip=()), span)
        say(f"已有 {end * len(templates):,} 件")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def a_year(platform: Platform, templates: Sequence[int], total: int, *, say: Callable[[str], None]) -> None:
    """Copy the orders with row ids ``templates`` until about ``total`` are spread over the last 364 days, all of them closed.

    Works on both databases, on PostgreSQL many times faster.
    """
    each = total // len(templates)
    step = timedelta(days=364) / each
    if not platform.database.is_sqlite:
        _multiply(platform, templates, total, kept=0, step=step, say=say)
        return
    metadata = sa.MetaData()
    engine = platform.database.engine
    tables = [sa.Table(name, metadata, autoload_with=engine) for name in ("orders", "order_events", "order_units")]
    with engine.begin() as connection:
        first = connection.execute(sa.text("SELECT max(id) FROM orders")).scalar_one() + 1
        originals = [[dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in tables]
    for copy in range(1, each + 1):
        shift, base = step * copy, first + (copy - 1) * len(templates)
        ids = {old: base + place for place, old in enumerate(templates)}
        orders = [
            {
                **row,
                "id": ids[row["id"]],
                "number": f"C{row['id']}-{copy}",
                "idempotency_key": None,
                "state": "closed",
                "next_timer_at": None,
                **{name: row[name] and row[name] - shift for name in ("created_at", "updated_at", "deadline_at")},
            }
            for row in originals[0]
            if row["id"] in ids
        ]
        events = [
            {**{name: value for name, value in row.items() if name != "id"}, "order_id": ids[row["order_id"]], "at": row["at"] - shift}
            for row in originals[1]
            if row["order_id"] in ids
        ]
        with engine.begin() as connection:
            connection.execute(sa.insert(tables[0]), orders)
            connection.execute(sa.insert(tables[1]), events)
        if copy % 200 == 0:
            say(f"已有 {copy * len(templates):,} 件")


def make_due(platform: Platform, count: int) -> None:
    """Let the deadlines of ``count`` open copies pass just now, and their timers with them."""
    moment: datetime = platform.clock.now() - timedelta(minutes=1)
    with platform.database.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE orders SET next_timer_at = :moment, deadline_at = :moment WHERE id IN "
                "(SELECT id FROM orders WHERE next_timer_at > :moment ORDER BY next_timer_at LIMIT :count)"
            ),
            {"moment": moment, "count": count},
        )


def nothing_due(platform: Platform) -> None:
    """Put off every timer by a month: copies of five thousand open orders would otherwise all be overdue at once."""
    moment: datetime = platform.clock.now() + timedelta(days=30)
    with platform.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE orders SET next_timer_at = :moment WHERE next_timer_at IS NOT NULL"), {"moment": moment})


def _copy_orders(table: sa.Table) -> sa.TextClause:
    closed = "g > CAST(:kept AS integer)"
    shift = "(g * CAST(:step AS interval))"
    given = {
        "number": "'C' || t.id || '-' || g",
        "idempotency_key": "NULL",
        "conversation_id": "NULL",
        "created_at": f"t.created_at - {shift}",
        "updated_at": f"t.updated_at - {shift}",
        "deadline_at": f"CASE WHEN {closed} THEN t.deadline_at - {shift} ELSE t.deadline_at + (g * interval '1 minute') END",
        "state": f"CASE WHEN {closed} THEN 'closed' ELSE t.state END",
        "next_timer_at": f"CASE WHEN {closed} THEN NULL ELSE t.deadline_at + (g * interval '1 minute') END",
        "closed_at": f"CASE WHEN {closed} THEN CAST(:now AS timestamptz) - {shift} ELSE NULL END",
    }
    names = [column.name for column in table.columns if column.name != "id"]
    values = [given.get(name, f"t.{name}") for name in names]
    return sa.text(
        f"INSERT INTO orders ({', '.join(names)}) SELECT {', '.join(values)} "  # noqa: S608 - names come from the schema
        "FROM orders t CROSS JOIN generate_series(CAST(:begin AS integer), CAST(:end AS integer)) g WHERE t.id = ANY(:ids) ORDER BY g, t.id"
    )


def _copy_children(table: sa.Table, *, skip: Sequence[str]) -> sa.TextClause:
    names = [column.name for column in table.columns if column.name not in skip]
    values = ["o.id" if name == "order_id" else f"e.{name}" for name in names]
    return sa.text(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table.name} e "  # noqa: S608 - as above
        "CROSS JOIN generate_series(CAST(:begin AS integer), CAST(:end AS integer)) g "
        "JOIN orders o ON o.number = 'C' || e.order_id || '-' || g WHERE e.order_id = ANY(:ids)"
    )
