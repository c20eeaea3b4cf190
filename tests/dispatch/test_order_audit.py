"""What somebody with access to the database could do to an order's history, and that the audit finds it, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bot.cli import app
from dispatch.core.clock import FixedClock
from dispatch.orders import history, service
from dispatch.orders.models import Order, OrderEvent, OrderTimer
from dispatch.platform import Platform
from tests.dispatch.order_work import CITY, DISPATCHER, STALLS, SYSTEM, WANGJING, accepted, do, faults, register


@pytest.fixture
def number(platform: Platform, clock: FixedClock) -> str:
    """An order with a history of many kinds of events, beside others."""
    register(platform, STALLS)
    number = accepted(platform)
    do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason="请查许可")
    do(platform, number, "co_report", CITY, reason="没有")
    do(platform, number, "hold", WANGJING, ground="resident", reason="等人")
    clock.moment += timedelta(hours=7)
    do(platform, number, "resume", WANGJING, reason="来了")
    do(platform, number, "redispatch", DISPATCHER, unit="110105026", reason="再办")
    do(platform, number, "accept", WANGJING)
    do(platform, number, "answer", WANGJING, answer="清了")
    do(platform, number, "close", SYSTEM)
    repeat = register(platform, STALLS)
    do(platform, repeat, "merge", DISPATCHER, parent=number, reason="同一件")
    assert faults(platform) == []
    return number


def _order(session: Session, number: str) -> Order:
    return session.query(Order).filter_by(number=number).one()


def _event(session: Session, number: str, sequence: int) -> OrderEvent:
    return session.query(OrderEvent).filter_by(order_id=_order(session, number).id, sequence=sequence).one()


def _last(session: Session, number: str) -> OrderEvent:
    events = session.query(OrderEvent).filter_by(order_id=_order(session, number).id)
    return events.order_by(OrderEvent.sequence.desc()).limit(1).one()


def _change(**values: object) -> Callable[[Session, str], None]:
    def tamper(session: Session, number: str) -> None:
        for name, value in values.items():
            setattr(_event(session, number, 4), name, value)

    return tamper


def _rewrite_in_step(session: Session, number: str) -> None:
    event = _event(session, number, 4)
    event.detail = {**event.detail, "reason": "另一个理由"}
    event.hash = history.event_hash(event, number)


def _remove(sequence: int) -> Callable[[Session, str], None]:
    return lambda session, number: session.delete(_event(session, number, sequence))


def _remove_last_and_turn_the_head_back(session: Session, number: str) -> None:
    last = _last(session, number)
    _order(session, number).history_head = last.previous_hash
    session.delete(last)


def _remove_all(session: Session, number: str) -> None:
    order = _order(session, number)
    session.query(OrderEvent).filter_by(order_id=order.id).delete()
    order.history_head = history.GENESIS


def _swap(session: Session, number: str) -> None:
    first, second = _event(session, number, 4), _event(session, number, 5)
    first.sequence = 1000
    session.flush()
    second.sequence = 4
    session.flush()
    first.sequence = 5


def _add(session: Session, number: str) -> None:
    last = _last(session, number)
    copied = {column.name: getattr(last, column.name) for column in OrderEvent.__table__.columns if column.name != "id"}
    session.add(OrderEvent(**copied | {"sequence": last.sequence + 1}))


def _point(**values: object) -> Callable[[Session, str], None]:
    def tamper(session: Session, number: str) -> None:
        for name, value in values.items():
            setattr(_order(session, number), name, value)

    return tamper


def _move_deadline(session: Session, number: str) -> None:
    order = _order(session, number)
    assert order.deadline_at
    order.deadline_at += timedelta(seconds=1)


def _remove_order(session: Session, number: str) -> None:
    order = _order(session, number)
    for table in (OrderEvent, OrderTimer):
        session.query(table).filter_by(order_id=order.id).delete()
    for name in ("order_units", "order_links", "order_co_handlings"):
        session.execute(sa.text(f"DELETE FROM {name} WHERE order_id = :id"), {"id": order.id})
    session.execute(sa.text("DELETE FROM order_links WHERE parent_id = :id"), {"id": order.id})
    session.delete(order)


_TAMPERINGS: dict[str, tuple[Callable[[Session, str], None], str]] = {
    "actor changed": (_change(actor="somebody else"), "改动"),
    "role changed": (_change(role="supervisor"), "改动"),
    "article changed": (_change(article="第一条"), "改动"),
    "time changed": (lambda s, n: setattr(_event(s, n, 4), "at", _event(s, n, 3).at - timedelta(days=1)), "改动"),
    "changed with its hash": (_rewrite_in_step, "不衔接"),
    "words erased": (lambda s, n: history.erase_words(_event(s, n, 4)), "抹去"),
    "first removed": (_remove(1), "缺失"),
    "one removed": (_remove(4), "缺失"),
    "last removed": (lambda s, n: s.delete(_last(s, n)), "缺失"),
    "last removed, head turned back": (_remove_last_and_turn_the_head_back, "不符"),
    "all removed": (_remove_all, "没有任何记录"),
    "two swapped": (_swap, "不衔接"),
    "one added": (_add, "不衔接"),
    "state set by hand": (_point(state="withdrawn"), "状态"),
    "unit set by hand": (_point(unit_code="110108"), "承办单位"),
    "deadline set by hand": (_move_deadline, "办理时限"),
    "deadline removed": (_point(deadline_at=None), "办理时限"),
    "ending set by hand": (_point(ending="market"), "办结方式"),
    "order removed": (_remove_order, "张工单"),
}


def test_every_tampering_is_found(platform: Platform, number: str) -> None:
    for name, (tamper, word) in _TAMPERINGS.items():
        with platform.database.read() as session:
            tamper(session, number)
            session.flush()
            found = [fault for _order, each in service.verify(session) for fault in each] + service.removed(session)
        assert any(word in fault for fault in found), (name, found)
        assert name == "order removed" or all(number in fault for fault in found), (name, found)
    assert faults(platform) == [], "nothing was committed"


def test_the_command_says_so_and_fails(platform: Platform, number: str) -> None:
    where = ["--data-dir", str(platform.settings.data_dir), "--database-url", platform.settings.resolved_database_url()]
    assert CliRunner().invoke(app, ["audit", "verify", *where]).exit_code == 0
    with platform.database.write() as session:
        _remove_order(session, number)
    result = CliRunner().invoke(app, ["audit", "verify", *where])
    assert result.exit_code == 1
    assert "20261123" in result.output
