"""The three rates: formulas, periods, ranks, versions of the rules, and that the same callbacks always give the same figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.core.clock import BEIJING, FixedClock
from dispatch.evaluation import service
from dispatch.evaluation.rates import Counts, ranked, rates, total
from dispatch.evaluation.rules import Merger, Rules
from dispatch.evaluation.service import BadRulesError, Result
from dispatch.platform import Platform

RULES = Rules()
COUNTS = st.builds(
    lambda valid, shares: Counts(valid, *(valid * share // 100 for share in shares)),
    st.integers(1, 10_000),
    st.lists(st.integers(0, 50), min_size=5, max_size=5),
)


def _result(unit: str = "110105026", at: datetime = datetime(2026, 11, 23, 2, tzinfo=timezone.utc), **more: object) -> Result:
    values = {"contacted": True, "resolved": "yes", "satisfied": "satisfied", "excluded": False, "co_units": (), **more}
    return Result(unit_code=unit, counted_at=at, **values)  # type: ignore[arg-type]


def test_the_formulas() -> None:
    found = rates(Counts(valid=40, contacted=38, resolved=30, partial=4, satisfied=20, neutral=10), RULES)
    assert (found.response, found.solution, found.satisfaction) == (Decimal("95.0"), Decimal("75.0"), Decimal("72.5"))
    assert found.composite == Decimal("76.0")  # 0.1*95 + 0.5*75 + 0.4*72.5
    assert rates(Counts(excluded=3), RULES).composite is None


@given(COUNTS)
def test_rates_stay_between_nothing_and_everything(counts: Counts) -> None:
    found = rates(counts, RULES)
    for value in (found.response, found.solution, found.satisfaction, found.composite):
        assert value is not None
        assert 0 <= value <= 100


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_the_city_is_its_callbacks_not_the_mean_of_its_units(parts: list[Counts]) -> None:
    whole = total(parts)
    shares = [rates(part, RULES).response or Decimal(0) for part in parts]
    assert min(shares) <= (rates(whole, RULES).response or 0) <= max(shares)


def test_ties_go_by_volume_and_then_share_the_rank() -> None:
    even = Counts(valid=10, contacted=10, resolved=10, satisfied=10)
    more = Counts(valid=20, contacted=20, resolved=20, satisfied=20)
    rows = ranked({"b": even, "a": even, "c": more, "none": Counts()}, RULES)
    assert [(row.rank, row.unit_code) for row in rows] == [(1, "c"), (2, "a"), (2, "b")]


def test_days_run_from_noon_and_months_from_the_nineteenth() -> None:
    assert RULES.day_of(datetime(2026, 11, 23, 11, 59, tzinfo=BEIJING)) == date(2026, 11, 23)
    assert RULES.day_of(datetime(2026, 11, 23, 12, 0, tzinfo=BEIJING)) == date(2026, 11, 24)
    assert RULES.month_of(date(2026, 11, 18)) == (2026, 11)
    assert RULES.month_of(date(2026, 12, 19)) == (2027, 1)
    assert RULES.month(2027, 1) == (date(2026, 12, 19), date(2027, 1, 18))
    assert Rules(month_begins=1).month(2026, 12) == (date(2026, 12, 1), date(2026, 12, 31))


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 28))
def test_every_day_is_in_its_month(day: date, begins: int) -> None:
    rules = Rules(month_begins=begins)
    first, last = rules.month(*rules.month_of(day))
    assert first <= day <= last


def test_counting_and_taking_back_leaves_nothing(platform: Platform) -> None:
    with platform.database.write() as session:
        service.count(session, _result(resolved="partial", satisfied="neutral", co_units=("B001",)))
        service.count(session, _result())
        service.count(session, _result(), sign=-1)
        _, _, led = service.figures(session, first=date(2026, 11, 1), last=date(2026, 11, 30))
        assert led == {"110105026": Counts(valid=1, contacted=1, partial=1, neutral=1)}
        _, _, both = service.figures(session, first=date(2026, 11, 1), last=date(2026, 11, 30), double=True)
        assert both["B001"].valid == 1


def test_a_merged_unit_counts_for_its_successor_from_the_day_on(platform: Platform, clock: FixedClock) -> None:
    merged = {"mergers": [Merger(source="110105026", target="110105027", day=date(2026, 12, 25)).model_dump(mode="json")]}
    with platform.database.write() as session:
        service.put_in_force(session, merged, valid_from=date(2026, 12, 19), note="撤并", by="test", now=clock.now())
        for day in (24, 26):
            service.count(session, _result(at=datetime(2026, 12, day, 2, tzinfo=timezone.utc)))
        _, _, led = service.figures(session, first=date(2026, 12, 1), last=date(2026, 12, 31))
    assert {code: counts.valid for code, counts in led.items()} == {"110105026": 1, "110105027": 1}


@pytest.mark.parametrize(
    ("content", "valid_from", "says"),
    [
        ({"response": "0.5"}, date(2026, 12, 19), "权重"),
        ({}, date(2026, 12, 1), "第一天"),
        ({}, date(2026, 11, 19), "晚于今天"),
        ({"weight": 1}, date(2026, 12, 19), "weight"),
    ],
)
def test_wrong_rules_are_refused(platform: Platform, clock: FixedClock, content: dict[str, object], valid_from: date, says: str) -> None:
    with pytest.raises(BadRulesError, match=says), platform.database.write() as session:
        service.put_in_force(session, content, valid_from=valid_from, note="", by="test", now=clock.now())


def test_past_months_keep_the_rules_they_were_counted_by(platform: Platform, clock: FixedClock) -> None:
    new = {"response": "0.3", "solution": "0.35", "satisfaction": "0.35"}
    with platform.database.write() as session:
        service.put_in_force(session, new, valid_from=date(2026, 12, 19), note="三三三五", by="test", now=clock.now())
        before, old_rules, _ = service.figures(session, first=date(2026, 11, 19), last=date(2026, 12, 18))
        after, new_rules, _ = service.figures(session, first=date(2026, 12, 19), last=date(2027, 1, 18))
    assert (before, old_rules.response, after, new_rules.response) == (0, Decimal("0.10"), 1, Decimal("0.3"))


def test_recounting_gives_the_same_figures(platform: Platform) -> None:
    results = [
        _result(
            unit=f"1101050{n % 3 + 26}",
            at=datetime(2026, 11, 20, tzinfo=timezone.utc) + timedelta(hours=7 * n),
            contacted=n % 4 > 0,
            resolved=("yes", "no", "partial")[n % 3],
            satisfied=("satisfied", "neutral", "dissatisfied")[n % 5 % 3],
            excluded=n % 7 == 0,
            co_units=("B001",) if n % 2 else (),
        )
        for n in range(40)
    ]
    first, last = date(2026, 11, 1), date(2026, 12, 31)
    with platform.database.write() as session:
        for result in results:
            service.count(session, result)
        counted = service.figures(session, first=first, last=last, double=True)[2]
        service.recount(session, reversed(results), first=first, last=last)
        assert service.figures(session, first=first, last=last, double=True)[2] == counted


def test_a_city_that_moves_the_hour_of_its_days_counts_every_moment_once(platform: Platform, clock: FixedClock) -> None:
    with platform.database.write() as session:
        service.put_in_force(session, {"day_begins": 0}, valid_from=date(2026, 12, 19), note="自然日", by="test", now=clock.now())
        for hour in range(120):
            moment = datetime(2026, 12, 16, 0, 30, tzinfo=BEIJING) + timedelta(hours=hour)
            day = service.day_of(session, moment)
            begin, end = service.period(session, day, day)
            assert begin <= moment < end, moment
        assert service.day_of(session, datetime(2026, 12, 18, 15, tzinfo=BEIJING)) == date(2026, 12, 18)
        assert service.day_of(session, datetime(2026, 12, 17, 15, tzinfo=BEIJING)) == date(2026, 12, 18)
