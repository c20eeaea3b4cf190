"""Counts of orders by day: what changes late counts where it was filed, and counting anew gives the same."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa

from bot.jobs import count_orders
from dispatch.core.clock import FixedClock
from dispatch.orders import timers
from dispatch.orders.service import NotInChargeError
from dispatch.orders.workflow import IllegalTransitionError
from dispatch.platform import Platform
from dispatch.statistics import service
from dispatch.statistics.counting import DIMENSIONS, Tally
from dispatch.statistics.models import DayCount
from tests.dispatch.order_work import COLD_FLAT, DISPATCHER, STALLS, WANGJING, do, register

FIRST = date(2026, 11, 1)
LAST = date(2027, 1, 31)
Everything = dict[str, dict[str, Tally]]


def stored(platform: Platform) -> Everything:
    with platform.database.read() as session:
        period = service.stored(session, FIRST, LAST)
        return {dimension: period.sums(dimension) for dimension in DIMENSIONS}


def exact(platform: Platform) -> Everything:
    with platform.database.read() as session:
        period = service.exact(session, FIRST, LAST)
        return {dimension: period.sums(dimension) for dimension in DIMENSIONS}


def test_an_order_counts_on_the_day_it_was_filed_whatever_happens_later(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, COLD_FLAT)
    count_orders(platform)
    (tally,) = stored(platform)["all"].values()
    assert (tally.filed, tally.answered, tally.on_time_rate) == (1, 0, None)
    clock.moment += timedelta(hours=10)
    do(platform, number, "accept", WANGJING)
    do(platform, number, "log_contact", WANGJING, reason="打过电话")
    do(platform, number, "answer", WANGJING, answer="修好了")
    clock.moment += timedelta(days=3)
    do(platform, number, "close", DISPATCHER)
    count_orders(platform)
    with platform.database.read() as session:
        (day,) = service.stored(session, FIRST, LAST).by_day().items()
    assert day[0] == date(2026, 11, 23)
    assert (day[1].answered, day[1].on_time, day[1].closed, day[1].answer_hours) == (1, 1, 1, 10.0)
    sums = stored(platform)
    assert sums["unit_group"] == {"110105026/07": day[1]}
    assert sums["street"] == {"朝阳区/望京街道": day[1]}
    assert sums["hour"] == {"10": day[1]}
    assert sums["wait"] == {"0024": day[1]}


def test_counting_bit_by_bit_gives_what_counting_anew_gives(platform: Platform, clock: FixedClock) -> None:
    rng, numbers = Random(5), list[str]()
    for _ in range(60):
        clock.moment += timedelta(hours=rng.choice([1, 5, 30]))
        if len(numbers) < 12 and rng.random() < 0.5:
            numbers.append(register(platform, rng.choice([COLD_FLAT, STALLS])))
        elif numbers:
            number = rng.choice(numbers)
            name, given = rng.choice([("accept", {}), ("object", {"reason": "不归我们"}), ("withdraw", {"reason": "算了"})])
            with contextlib.suppress(IllegalTransitionError, NotInChargeError):
                do(platform, number, name, WANGJING if name != "withdraw" else DISPATCHER, **given)
        timers.sweep(platform)
        if rng.random() < 0.4:
            count_orders(platform)
            assert stored(platform) == exact(platform)
        elif rng.random() < 0.5:
            before = exact(platform)
            count_orders(platform)
            assert stored(platform) == before
    count_orders(platform)
    little_by_little = stored(platform)
    assert little_by_little["all"][""].filed == len(numbers) > 8
    assert little_by_little["all"][""].overdue > 0
    service.rebuild(platform.database, clock.now())
    assert stored(platform) == little_by_little
    with platform.database.read() as session:
        assert session.scalar(sa.select(sa.func.min(DayCount.filed))) == 1, "nothing stands there with nothing in it"


def test_where_counting_now_would_take_long_the_counts_say_of_when_they_are(platform: Platform, clock: FixedClock) -> None:
    register(platform, COLD_FLAT)
    count_orders(platform)
    counted = clock.now()
    clock.moment += timedelta(minutes=3)
    register(platform, COLD_FLAT)
    with platform.database.read() as session:
        assert (service.exact(session, FIRST, LAST).total().filed, service.exact(session, FIRST, LAST).as_of) == (2, None)
        earlier = service.exact(session, FIRST, LAST, at_most=0)
        assert (earlier.total().filed, earlier.as_of) == (1, counted)


def test_nothing_filed_is_no_error(platform: Platform) -> None:
    assert exact(platform)["all"] == {}
    assert count_orders(platform) == 0
    assert stored(platform)["all"] == {}
