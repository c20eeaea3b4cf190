"""No sequence of calls, right or wrong, one after another or at once, takes an order where the table doesn't, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from dispatch.core.clock import FixedClock
from dispatch.orders import history, repository, service
from dispatch.orders.errors import BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError, VersionConflictError
from dispatch.orders.models import Order, OrderEvent
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.terms import CommunityList, CommunityPart, Ending, HoldGround
from dispatch.orders.timers import sweep
from dispatch.orders.workflow import OPEN_STATES, TABLE, IllegalTransitionError, MissingNeedError, Role, State, row_named
from dispatch.platform import Platform
from tests.dispatch import order_work as work
from tests.dispatch.test_api import log_in

REFUSALS = (
    IllegalTransitionError,
    MissingNeedError,
    NotInChargeError,
    UnknownUnitError,
    BadDeadlineError,
    RuleError,
    VersionConflictError,
)
ACTORS = [work.WANGJING, work.CHAOYANG, work.HAIDIAN, work.HOUSING, work.CITY, Actor("law", Role.HANDLER, "B006")]
ACTORS += [Actor("liaison", Role.HANDLER, "L001"), Actor("audit", Role.AUDITOR), Actor("admin", Role.ADMINISTRATOR)]
ACTORS += [work.OPERATOR, work.DISPATCHER, work.SUPERVISOR, work.SYSTEM, work.ASSISTANT, Actor("resident", Role.RESIDENT)]
UNITS = ["110105026", "110105", "110108", "B004", "B005", "B006", "H001", "L001", "nowhere"]
NAMES = [row.name for row in TABLE] + ["fly"]
RARE = {"withdraw", "conclude", "supplement", "urge", "warn", "overdue", "overdue_above", "overdue_supervisor", "dispatch_late"}
RARE |= {"anonymise", "attach", "unmask"}
"""Legal, but leading nowhere new: any_step and the clock do them often enough."""

SEEDS = st.integers(0, 2**32 - 1)
FILED = [work.COLD_FLAT, work.STALLS, work.STALLS.model_copy(update={"handling": "liaison"})]
FILED += [work.STALLS.model_copy(update={"dispatch_now": False}), work.STALLS.model_copy(update={"handling": "market", "told": "请找市场"})]


def fields(rng: Random, names: set[str], now: datetime, numbers: list[str]) -> dict[str, Any]:
    """Return something to give for each of ``names``, not always sensible."""
    choices: dict[str, list[Any]] = {
        "reason": ["说明"],
        "answer": ["答复"],
        "unit": UNITS,
        "deadline": [now + timedelta(hours=hours) for hours in (-5, 1, 30, 200, 400, 900)],
        "ending": list(Ending),
        "ground": list(HoldGround),
        "parent": [*numbers, "BJ20200101-000001"],
        "parts": [[{"description": "楼道灯坏了"}, {"description": "井盖没了"}]],
        "community": ["南湖西园社区"],
        "community_list": list(CommunityList),
        "community_part": list(CommunityPart),
        "no_contact_reason": ["无人接听"],
        "no_report_reason": ["不影响结果"],
    }
    return {name: rng.choice(choices[name]) for name in sorted(names)}


def check_order(session: Any, order: Order) -> None:
    """What must hold of every order at any time."""
    events = repository.events(session, order.id)
    assert history.faults(order, events) == []
    at_once = len(events) > 1 and events[1].name in ("dispatch", "conclude") and events[1].at == events[0].at
    # Registered and dispatched in one step are one version; a step done at the very same moment afterwards is another.
    assert len(events) in (order.version, order.version + at_once), "an event is lost"
    for event in events:
        row = row_named(event.name)
        assert event.from_state is None or State(event.from_state) in row.sources, event.name
        assert event.to_state == (row.target.value if row.target else event.from_state), event.name
        assert Role(event.role) in row.roles, event.name
        assert event.article.startswith("第")
    state = State(order.state)
    if state in OPEN_STATES or state is State.ANSWERED:
        assert order.unit_code is not None, "nobody's order"
        assert order.ending is None
        assert (order.deadline_at is None) == (state is State.REGISTERED)
    if state in OPEN_STATES - {State.REGISTERED}:
        overdue = any(event.name == "overdue_supervisor" for event in events)
        assert order.next_timer_at is not None or overdue, "nothing will remind anybody"
    if state is State.HELD:
        assert order.held_at is not None
        assert order.next_timer_at == order.hold_until or order.next_timer_at < order.hold_until  # type: ignore[operator]
    if state is State.MERGED:
        parent = repository.parent(session, order.id, "merged_into")
        assert parent is not None
        assert parent.state not in ("merged", "withdrawn", "closed")
    if state is State.CLOSED:
        assert order.ending is not None


def attempt(platform: Platform, number: str, name: str, actor: Actor, given: dict[str, Any]) -> None:
    """Try a step; one that is refused changes nothing."""
    before = work.stored(platform, number)
    try:
        work.do(platform, number, name, actor, **given)
    except REFUSALS:
        after = work.stored(platform, number)
        assert (after.version, after.state, after.history_head) == (before.version, before.state, before.history_head)


def legal_step(platform: Platform, clock: FixedClock, rng: Random, numbers: list[str], tried: Counter[str]) -> None:
    """Do one of the steps that are offered to anybody, with everything it asks for: one that was ``tried`` least."""
    number = rng.choice(numbers)
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        now, reference = clock.now(), platform.reference.current()
        offered = [(actor, row) for actor in ACTORS for row in service.steps(session, order, actor, now=now, reference=reference)]
    names = sorted({row.name for _, row in offered} - RARE)
    if names:
        name = min(names, key=lambda name: (tried[name], rng.random()))
        tried[name] += 1
        actor, row = rng.choice([each for each in offered if each[1].name == name])
        takes = {need for need in row.takes if need.value.startswith("no_") or rng.random() < 0.5}
        attempt(platform, number, name, actor, fields(rng, {need.value for need in row.needs | takes}, now, numbers))


def life_of(platform: Platform, clock: FixedClock) -> type[RuleBasedStateMachine]:
    """Return the state machine that drives ``platform``."""

    class Life(RuleBasedStateMachine):
        numbers: list[str]
        tried: Counter[str]

        @initialize(order_in=st.sampled_from(FILED))
        def begin(self, order_in: Any) -> None:
            self.numbers = [work.register(platform, order_in)]
            self.tried = Counter()

        @precondition(lambda self: len(self.numbers) < 4)
        @rule(order_in=st.sampled_from(FILED))
        def file(self, order_in: Any) -> None:
            self.numbers.append(work.register(platform, order_in))

        @rule(seed=SEEDS)
        def legal_step(self, seed: int) -> None:
            legal_step(platform, clock, Random(seed), self.numbers, self.tried)

        @rule(seed=SEEDS)
        def any_step(self, seed: int) -> None:
            """Do anything, right or wrong."""
            rng = Random(seed)
            names = {name for name in ("reason", "answer", "unit", "deadline", "ground", "ending") if rng.random() < 0.6}
            given = fields(rng, names, clock.now(), self.numbers)
            attempt(platform, rng.choice(self.numbers), rng.choice(NAMES), rng.choice(ACTORS), given)

        @rule(hours=st.sampled_from([1, 1, 7, 200]))
        def time_passes(self, hours: int) -> None:
            clock.moment += timedelta(hours=hours)
            sweep(platform)

        @invariant()
        def every_order_is_in_order(self) -> None:
            with platform.database.read() as session:
                for number in getattr(self, "numbers", []):
                    order = service.find(session, number)
                    assert order is not None
                    check_order(session, order)

    return Life


def test_no_sequence_of_calls_leaves_the_table(platform: Platform, clock: FixedClock) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limits = settings(
        max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=checks, database=None, phases=[Phase.generate]
    )
    run_state_machine_as_test(life_of(platform, clock), settings=limits)
    assert work.faults(platform) == []


def test_long_lives_pass_through_most_of_the_table(platform: Platform, clock: FixedClock) -> None:
    tried: Counter[str] = Counter()
    for seed in range(2):
        rng = Random(seed)
        numbers = [work.register(platform, order_in) for order_in in FILED]
        for _ in range(70):
            legal_step(platform, clock, rng, numbers, tried)
            if rng.random() < 0.1:
                clock.moment += timedelta(hours=rng.choice([1, 7, 30]))
                sweep(platform)
        with platform.database.read() as session:
            for number in numbers:
                order = service.find(session, number)
                assert order is not None
                check_order(session, order)
    assert work.faults(platform) == []
    with platform.database.read() as session:
        seen = {name for (name,) in session.query(OrderEvent.name).distinct()}
    assert len(seen) > 0.7 * len(TABLE), sorted({row.name for row in TABLE} - seen)


def test_no_sequence_of_requests_leaves_the_table(client: TestClient) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    people = [log_in(client, Role.HANDLER, "110105026"), log_in(client, Role.DISPATCHER), log_in(client, Role.SUPERVISOR)]
    people.append(log_in(client, Role.HANDLER, "B005"))

    class Requests(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.number = work.register(platform, work.STALLS)

        @rule(seed=SEEDS, match=st.sampled_from([None, "right", '"1"', "*", "nonsense"]))
        def step(self, seed: int, match: str | None) -> None:
            rng = Random(seed)
            browser, headers = rng.choice(people)
            path = f"/api/v1/orders/{self.number}"
            seen = browser.get(path)
            if seen.status_code != 200:
                assert seen.status_code == 404
                return
            offered = {each["name"]: each for each in browser.get(f"{path}/transitions").json()}
            name = rng.choice([*offered, "accept", "fly"])
            wanted = set(offered[name]["needs"]) if name in offered else {"reason"}
            given = TransitionIn(**fields(rng, wanted, platform.clock.now(), [self.number])).model_dump(mode="json", exclude_none=True)
            if match:
                headers = headers | {"If-Match": seen.headers["etag"] if match == "right" else match}
            answer = browser.post(f"{path}/transitions/{name}", json=given, headers=headers)
            assert answer.status_code in (200, 403, 404, 409, 412, 422), answer.text
            if answer.status_code == 200:
                assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
            else:
                assert answer.json()["detail"]

        @invariant()
        def the_order_is_in_order(self) -> None:
            if hasattr(self, "number"):
                with platform.database.read() as session:
                    order = service.find(session, self.number)
                    assert order is not None
                    check_order(session, order)

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limits = settings(
        max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=checks, database=None, phases=[Phase.generate]
    )
    run_state_machine_as_test(Requests, settings=limits)


def _at_once(jobs: Sequence[Callable[[], object]]) -> None:
    start = threading.Barrier(len(jobs))
    unexpected: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        start.wait()
        try:
            job()
        except REFUSALS:
            pass
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            unexpected.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert unexpected == []


def test_at_once_no_update_is_lost_and_the_chain_stays_whole(platform: Platform) -> None:
    number = work.accepted(platform)
    done: list[str] = []

    def step(name: str, actor: Actor, **given: Any) -> Callable[[], None]:
        def job() -> None:
            for _ in range(4):
                with platform.database.write() as session:
                    found = service.find(session, number)  # as the API does: read first, then locked and read again
                    assert found is not None
                    now, reference = platform.clock.now(), platform.reference.current()
                    service.apply(session, number, name, TransitionIn(**given), actor=actor, now=now, reference=reference)
                done.append(name)

        return job

    _at_once(
        [
            step("log_contact", work.WANGJING, reason="电话"),
            step("report_stage", work.WANGJING, reason="进展"),
            step("urge", work.SUPERVISOR, reason="请抓紧"),
            step("supplement", work.ASSISTANT, reason="补充"),
            step("answer", work.WANGJING, answer="好了"),
            step("redispatch", work.DISPATCHER, reason="改派", unit="B006"),
        ]
    )
    assert sorted(work.names(platform, number)[3:]) == sorted(done)
    assert work.faults(platform) == []


def test_of_many_who_saw_the_same_version_one_wins(platform: Platform) -> None:
    number = work.register(platform, work.STALLS)
    version = work.stored(platform, number).version
    won: list[int] = []

    def job() -> None:
        won.append(work.do(platform, number, "accept", work.WANGJING, version=version).version)

    _at_once([job] * 6)
    assert won == [version + 1]


def test_merges_and_closings_at_once_wait_for_each_other_in_one_order(platform: Platform) -> None:
    first = work.accepted(platform)
    repeats = [work.register(platform, work.STALLS) for _ in range(4)]
    work.do(platform, first, "answer", work.WANGJING, answer="清了")

    def merge(number: str, parent: str) -> Callable[[], object]:
        return lambda: work.do(platform, number, "merge", work.DISPATCHER, parent=parent, reason="同一件")

    jobs = [merge(number, first) for number in repeats] + [merge(repeats[3], repeats[0]), merge(first, repeats[1])]
    _at_once([*jobs, lambda: work.do(platform, first, "close", work.SYSTEM)])
    with platform.database.read() as session:
        for number in (first, *repeats):
            order = service.find(session, number)
            assert order is not None
            check_order(session, order)
        assert session.query(OrderEvent).filter_by(name="close").count() == 1
