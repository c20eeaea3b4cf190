"""Warnings, overdue, the ladder and holds that end, by the clock, each exactly once, on both databases."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from dispatch.core.clock import BEIJING, FixedClock
from dispatch.orders import moving
from dispatch.orders.deadlines import in_working_hours
from dispatch.orders.rules import OrderRules
from dispatch.orders.timers import sweep
from dispatch.platform import Platform
from tests.dispatch.order_work import (
    CITY,
    COLD_FLAT,
    DISPATCHER,
    OPERATOR,
    STALLS,
    SYSTEM,
    WANGJING,
    accepted,
    do,
    events,
    faults,
    names,
    notices,
    register,
    stored,
)

_RULES = OrderRules()


def _sweep_until(platform: Platform, clock: FixedClock, end: datetime, step: timedelta = timedelta(hours=1)) -> None:
    while clock.moment < end:
        clock.moment += step
        sweep(platform)


def _by_itself(platform: Platform, number: str) -> list[tuple[str, float]]:
    """What happened by itself, and how many hours after dispatch."""
    start = events(platform, number)[1].at
    return [(event.name, (event.at - start).total_seconds() / 3600) for event in events(platform, number) if event.role == "system"]


def test_a_day_is_warned_of_twice_then_climbs_the_ladder(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, COLD_FLAT)
    _sweep_until(platform, clock, clock.moment + timedelta(hours=48), timedelta(minutes=30))
    assert _by_itself(platform, number) == [
        ("warn", 12.0),
        ("warn", 19.5),
        ("overdue", 24.0),
        ("overdue_above", 30.0),
        ("overdue_supervisor", 36.0),
    ]
    assert notices(platform, number) == [
        ("110105026", "warn"),
        ("110105026", "warn"),
        ("110105026", "overdue"),
        ("110105", "overdue_above"),
        ("supervisor", "overdue_supervisor"),
    ]
    assert stored(platform, number).next_timer_at is None
    assert faults(platform) == []


def test_a_week_is_never_warned_of_at_night_or_on_a_holiday(platform: Platform, clock: FixedClock) -> None:
    for start in ("2026-09-28T16:00", "2026-09-29T23:30", "2026-10-02T03:00", "2026-11-20T17:50"):
        clock.moment = datetime.fromisoformat(start).replace(tzinfo=BEIJING)
        number = register(platform, STALLS)
        _sweep_until(platform, clock, clock.moment + timedelta(days=14), timedelta(hours=2))
        found = events(platform, number)
        times = {event.name: event.detail["due"] for event in found if event.name == "overdue"}
        assert len(times) == 1, start
        for event in found:
            if event.name in ("warn", "overdue_above", "overdue_supervisor"):
                # Swept every two hours: what is due at half past five may be found at seven.
                assert in_working_hours(event.at) or in_working_hours(event.at - timedelta(hours=2)), (start, event.name, event.at)


def test_two_hours_are_warned_of_at_three_in_the_morning(platform: Platform, clock: FixedClock) -> None:
    reference = platform.reference.current()
    urgent = next(item.code for item in reference.catalogue.items.values() if item.time_limit == "urgent" and item.handler.kind == "street")
    clock.moment = datetime(2026, 11, 22, 3, 0, tzinfo=BEIJING)
    number = register(platform, COLD_FLAT.model_copy(update={"matter_code": urgent}))
    assert notices(platform, number) == [("110105026", "dispatch")], "it rings at once"
    clock.moment += timedelta(minutes=61)
    assert sweep(platform) == 1
    assert names(platform, number)[-1] == "warn"


def test_nothing_goes_off_twice_and_old_warnings_not_at_all(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, COLD_FLAT)
    clock.moment += timedelta(days=3)  # the system was down
    assert sweep(platform) == 3
    assert sweep(platform) == 0
    assert [name for name, _ in _by_itself(platform, number)] == ["overdue", "overdue_above", "overdue_supervisor"]


def test_a_new_deadline_has_timers_of_its_own(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform, COLD_FLAT)
    start = clock.moment
    planned = stored(platform, number).next_timer_at
    assert planned == start + timedelta(hours=12)
    do(platform, number, "extend", WANGJING, reason="等备件", deadline=start + timedelta(hours=40))
    assert stored(platform, number).next_timer_at == start + timedelta(hours=20)
    do(platform, number, "hold", WANGJING, ground="resident", reason="等诉求人在家", deadline=start + timedelta(hours=10))
    assert stored(platform, number).next_timer_at == start + timedelta(hours=10)
    clock.moment += timedelta(hours=10)
    sweep(platform)
    order = stored(platform, number)
    assert (order.state, order.deadline_at) == ("accepted", start + timedelta(hours=50)), "a hold ends by itself"
    assert order.next_timer_at == start + timedelta(hours=30)
    do(platform, number, "redispatch", DISPATCHER, unit="U004", reason="归热力")
    assert stored(platform, number).next_timer_at == clock.moment + timedelta(hours=12)
    _sweep_until(platform, clock, clock.moment + timedelta(hours=25))
    assert names(platform, number).count("overdue") == 1
    do(platform, number, "withdraw", OPERATOR, reason="修好了")
    assert stored(platform, number).next_timer_at is None
    assert sweep(platform) == 0


def test_sent_back_an_order_can_be_overdue_once_more(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    clock.moment += timedelta(days=8)
    sweep(platform)
    do(platform, number, "answer", WANGJING, answer="清理了")
    assert stored(platform, number).next_timer_at is None
    do(platform, number, "rework", SYSTEM, reason="未解决")
    clock.moment += timedelta(days=8)
    sweep(platform)
    assert names(platform, number).count("overdue") == 2


def test_helping_units_are_reminded_of_their_own_deadlines(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    hours = timedelta(hours=1)
    do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason="请查许可", deadline=clock.now() + 10 * hours)
    do(platform, number, "whistle", WANGJING, unit="B004", reason="到场", deadline=clock.now() + 10 * hours)
    do(platform, number, "escalate", WANGJING, reason="请协调", deadline=clock.now() + 10 * hours)
    clock.moment += 9 * hours
    do(platform, number, "co_report", CITY, reason="没有许可")
    sweep(platform)
    clock.moment += 2 * hours
    sweep(platform)
    happened = [(event.name, event.detail["helper"]) for event in events(platform, number) if event.role == "system"]
    assert sorted(happened) == [
        ("helper_overdue", "110105"),
        ("helper_overdue", "B004"),
        *[("helper_warn", "110105")] * 2,
        *[("helper_warn", "B004")] * 2,
    ]
    assert ("110105026", "helper_overdue") in notices(platform, number)
    assert sweep(platform) == 0


def test_what_nobody_dispatches_is_noticed(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, STALLS.model_copy(update={"dispatch_now": False}), OPERATOR)
    clock.moment += timedelta(minutes=29)
    assert sweep(platform) == 0
    clock.moment += timedelta(minutes=2)
    assert sweep(platform) == 1
    assert notices(platform, number) == [("H001", "dispatch_late"), ("supervisor", "dispatch_late")]


def test_many_sweeping_at_once_fire_each_timer_once(platform: Platform, clock: FixedClock) -> None:
    numbers = [register(platform, COLD_FLAT) for _ in range(30)]
    clock.moment += timedelta(hours=24)
    fired: list[int] = []
    threads = [threading.Thread(target=lambda: fired.append(sweep(platform))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep(platform)
    assert sum(fired) <= 30
    assert all(names(platform, number).count("overdue") == 1 for number in numbers)
    assert faults(platform) == []


def test_one_order_in_disorder_keeps_no_other_from_its_deadline(
    platform: Platform, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = register(platform, COLD_FLAT), register(platform, COLD_FLAT)
    clock.moment += timedelta(hours=24)
    move = moving.move

    def failing(session, order, *more, **named):  # type: ignore[no-untyped-def]
        if order.number == broken:
            raise KeyError("disorder")
        return move(session, order, *more, **named)

    monkeypatch.setattr(moving, "move", failing)
    assert sweep(platform) == 1
    assert "overdue" in names(platform, whole)
    monkeypatch.undo()
    assert sweep(platform) == 0, "it is left alone for an hour"
    clock.moment += timedelta(hours=1)
    assert sweep(platform) == 1
    assert names(platform, broken).count("overdue") == 1


def test_the_ladder_is_the_citys_to_set(platform: Platform, clock: FixedClock) -> None:
    rules = OrderRules.model_validate({"ladder": [{"after": 0, "tell": "supervisor"}], "warn_at": []})
    number = register(platform, COLD_FLAT, rules=rules)
    clock.moment += timedelta(hours=24)
    assert sweep(platform, rules=rules) == 2
    assert names(platform, number)[-2:] == ["overdue", "overdue_supervisor"]
