"""An order from registration to its end, on both databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dispatch.core.clock import FixedClock
from dispatch.orders import service
from dispatch.orders.models import Order
from dispatch.orders.schemas import OrderIn, TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import IllegalTransitionError, Role
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut

ASSISTANT = Actor("assistant", Role.BOT)
WANGJING = Actor("wangjing", Role.HANDLER, "110105026")
COLD_FLAT = OrderIn(
    description="家里暖气不热，卧室只有十五度",
    request_type="求助",
    matter_code="0704",
    place=PlaceOut(district="朝阳区", street="望京街道", community="南湖西园社区", detail="215楼"),
    contact_phone="13800138000",
    contact_name="王建国",
    channel="web",
)


def _register(platform: Platform, order_in: OrderIn = COLD_FLAT, **more: Any) -> str:
    with platform.database.write() as session:
        order = service.register(
            session,
            order_in,
            actor=ASSISTANT,
            now=platform.clock.now(),
            reference=platform.reference.current(),
            cipher=platform.cipher,
            **more,
        )
        return order.number


def _apply(platform: Platform, number: str, name: str, actor: Actor, **given: Any) -> Order:
    with platform.database.write() as session:
        order = service.apply(
            session, number, name, TransitionIn(**given), actor=actor, now=platform.clock.now(), reference=platform.reference.current()
        )
        assert order is not None
        return order


def test_a_cold_flat_goes_to_its_street_and_the_district_gets_a_copy(platform: Platform) -> None:
    number = _register(platform)
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        shown = service.order_out(session, order, platform.reference.current(), platform.cipher, platform.clock.now())
    assert number == "BJ20261123-000001"
    assert shown.unit is not None
    assert shown.unit.name == "望京街道办事处"
    assert [copy.name for copy in shown.copied_to] == ["朝阳区人民政府"]
    assert shown.deadline is not None
    assert shown.deadline.hours == 24
    assert (shown.deadline_at - shown.created_at).total_seconds() == 24 * 3600  # type: ignore[operator]
    assert shown.contact.phone == "138****8000"
    assert "建国" not in (shown.contact.name or "")


@pytest.mark.parametrize(
    ("place", "unit", "copies"),
    [
        (PlaceOut(district="朝阳区"), "朝阳区人民政府", []),
        (PlaceOut(), "市民热线服务中心派单组", []),
        (PlaceOut(district="昌平区", street="南邵镇"), "南邵镇人民政府", ["昌平区人民政府"]),
    ],
)
def test_what_is_known_of_the_place_decides(platform: Platform, place: PlaceOut, unit: str, copies: list[str]) -> None:
    number = _register(platform, COLD_FLAT.model_copy(update={"place": place}))
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        shown = service.order_out(session, order, platform.reference.current(), platform.cipher, platform.clock.now())
    assert shown.unit is not None
    assert shown.unit.name == unit
    assert [copy.name for copy in shown.copied_to] == copies


def test_contact_details_are_not_readable_in_the_database(platform: Platform) -> None:
    _register(platform, COLD_FLAT.model_copy(update={"description": "我的电话是13800138000，家里没暖气"}))
    with platform.database.read() as session:
        row = session.connection().exec_driver_sql("SELECT * FROM orders").mappings().one()
    assert "13800138000" not in repr(dict(row))
    assert "王建国" not in repr(dict(row))


def test_the_same_key_files_once(platform: Platform) -> None:
    assert _register(platform, idempotency_key="k1") == _register(platform, idempotency_key="k1")
    assert _register(platform, idempotency_key="k2") == "BJ20261123-000002"


def test_an_order_lives_from_accepting_to_closing(platform: Platform, clock: FixedClock) -> None:
    number = _register(platform)
    _apply(platform, number, "accept", WANGJING)
    _apply(platform, number, "log_contact", WANGJING, reason="已电话联系，约定下午上门")
    _apply(platform, number, "answer", WANGJING, answer="管道已排气，室温二十度")
    assert _apply(platform, number, "close", Actor("system", Role.SYSTEM)).state == "closed"
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        names = [event.name for event in service.events_out(session, order)]
        told = service.progress_out(session, order, platform.reference.current())
    assert names == ["register", "dispatch", "accept", "log_contact", "answer", "close"]
    assert told.answer == "管道已排气，室温二十度"
    assert all(event.text for event in told.events)


def test_an_illegal_step_changes_nothing_and_names_the_legal_ones(platform: Platform) -> None:
    number = _register(platform)
    with pytest.raises(IllegalTransitionError) as refusal:
        _apply(platform, number, "answer", WANGJING, answer="好了")
    assert {"accept", "object"} <= set(refusal.value.legal)
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        assert (order.state, order.version) == ("dispatched", 1)


def test_a_unit_sees_its_own_orders_and_no_others(platform: Platform) -> None:
    number = _register(platform)
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        assert service.may_see(session, order, WANGJING)
        assert service.may_see(session, order, Actor("chaoyang", Role.HANDLER, "110105"))
        assert not service.may_see(session, order, Actor("haidian", Role.HANDLER, "110108"))
        assert service.may_see(session, order, Actor("audit", Role.AUDITOR))


def test_numbers_are_unique_under_parallel_filing(platform: Platform) -> None:
    numbers: list[str] = []

    def work() -> None:
        numbers.extend(_register(platform) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"BJ20261123-{n:06d}" for n in range(1, 41)]
