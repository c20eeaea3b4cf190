"""The outbox: nothing goes out that wasn't committed, nothing committed is lost, in order, with back-off, given up in the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dispatch.core.clock import FixedClock
from dispatch.outbox import delivering, service
from dispatch.outbox.delivering import BACK_OFF, Handler, Parcel, Refused, RetryLater, deliver_due, make_attempt
from dispatch.outbox.service import Delivery
from dispatch.platform import Platform


class Target:
    """Takes parcels, failing as told."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.failures: list[Exception] = []
        self.uncertain: list[bool] = []

    def __call__(self, platform: Platform, parcel: Parcel) -> str | None:
        self.uncertain.append(parcel.uncertain)
        if self.failures:
            raise self.failures.pop(0)
        self.got.append(parcel.payload["text"])
        return f"id-{len(self.got)}"


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def handlers(target: Target) -> dict[str, Handler]:
    return {"test": target}


@pytest.fixture
def put(platform: Platform) -> Callable[..., Delivery]:
    def put(text: str, **more: object) -> Delivery:
        with platform.database.write() as session:
            return service.put(
                session,
                kind="test",
                target="t",
                subject="s",
                payload={"text": text},
                now=platform.clock.now(),
                **more,  # type: ignore[arg-type]
            )

    return put


def _only(platform: Platform, state: str) -> list[Delivery]:
    with platform.database.read() as session:
        return service.listing(session, state)


def test_what_is_rolled_back_never_goes_out(platform: Platform, target: Target, handlers: dict[str, Handler]) -> None:
    def fail() -> None:
        with platform.database.write() as session:
            service.put(session, kind="test", target="t", subject="s", payload={"text": "撤回"}, now=platform.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert deliver_due(platform, handlers) == 0
    assert target.got == []


def test_a_key_is_used_once(put: Callable[..., Delivery], platform: Platform, target: Target, handlers: dict[str, Handler]) -> None:
    assert put("一", key="k").id == put("二", key="k").id
    deliver_due(platform, handlers)
    assert target.got == ["一"]
    (row,) = _only(platform, "delivered")
    assert row.provider_id == "id-1"


def test_a_lane_keeps_its_order_while_others_pass(
    put: Callable[..., Delivery], platform: Platform, clock: FixedClock, target: Target, handlers: dict[str, Handler]
) -> None:
    for text in ("甲1", "甲2", "甲3"):
        put(text, lane="甲")
    put("乙1", lane="乙")
    target.failures = [RetryLater(60, "忙")]
    deliver_due(platform, handlers)
    assert target.got == ["乙1"]
    clock.moment += timedelta(seconds=61)
    deliver_due(platform, handlers)
    assert target.got == ["乙1", "甲1", "甲2", "甲3"]


def test_it_waits_for_its_time(
    put: Callable[..., Delivery], platform: Platform, clock: FixedClock, target: Target, handlers: dict[str, Handler]
) -> None:
    put("早安", not_before=clock.moment + timedelta(hours=8))
    assert deliver_due(platform, handlers) == 0
    clock.moment += timedelta(hours=8)
    deliver_due(platform, handlers)
    assert target.got == ["早安"]


def test_it_backs_off_gives_up_and_can_be_tried_anew(
    put: Callable[..., Delivery], platform: Platform, clock: FixedClock, target: Target, handlers: dict[str, Handler]
) -> None:
    delivery = put("难")
    target.failures = [ConnectionError("secret 13800138000") for _ in range(len(BACK_OFF) + 1)]
    attempts = 0
    for wait in (*BACK_OFF, timedelta(0)):
        attempts += deliver_due(platform, handlers)
        assert deliver_due(platform, handlers) == 0, "not before its back-off is over"
        clock.moment += wait * 1.2
    assert attempts == len(BACK_OFF) + 1
    (row,) = _only(platform, "dead")
    assert row.error == "ConnectionError", "an exception's text may hold personal data"
    with platform.database.write() as session:
        service.retry(session, delivery.id, now=clock.now())
    deliver_due(platform, handlers)
    assert target.got == ["难"]
    with pytest.raises(service.NotDeadError), platform.database.write() as session:
        service.retry(session, delivery.id, now=clock.now())


def test_a_refusal_is_final_and_frees_the_lane(
    put: Callable[..., Delivery], platform: Platform, target: Target, handlers: dict[str, Handler]
) -> None:
    put("不要", lane="甲")
    put("要", lane="甲")
    target.failures = [Refused("已退订")]
    deliver_due(platform, handlers)
    assert target.got == ["要"]
    assert [row.error for row in _only(platform, "dead")] == ["已退订"]


def test_an_attempt_cut_off_is_told_to_the_next(
    put: Callable[..., Delivery], platform: Platform, target: Target, handlers: dict[str, Handler]
) -> None:
    delivery = put("断")

    def die(_platform: Platform, _parcel: Parcel) -> str | None:
        raise KeyboardInterrupt  # as a killed process: nothing is recorded

    with pytest.raises(KeyboardInterrupt):
        make_attempt(platform, {"test": die}, delivery.id, 0)
    assert make_attempt(platform, handlers, delivery.id, 0)
    assert target.uncertain == [True]
    assert not make_attempt(platform, handlers, delivery.id, 0), "a job run twice delivers once"
    assert target.got == ["断"]


def test_rows_whose_job_got_lost_are_rescued(put: Callable[..., Delivery], platform: Platform, clock: FixedClock) -> None:
    put("丢", lane="甲")
    put("等", lane="甲")
    assert delivering.rescue(platform) == 0
    clock.moment += timedelta(minutes=11)
    assert delivering.rescue(platform) == 1, "the second only waits for the first"


def test_what_nobody_delivers_is_given_up_visibly(put: Callable[..., Delivery], platform: Platform) -> None:
    put("无人")
    deliver_due(platform, {})
    assert [row.error for row in _only(platform, "dead")] == ["没有办法投递“test”"]
