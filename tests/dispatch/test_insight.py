"""Privacy of what is shown, forecasts, topics, people who come back, risks pushed at once, and the pages of all that."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from dispatch.core.clock import FixedClock
from dispatch.insight import forecast, privacy, repository, service, topics
from dispatch.insight.rules import InsightRules
from dispatch.orders.schemas import OrderIn
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.dispatch.order_work import PLACE, notices, register
from tests.dispatch.test_api import log_in

FLOOR = 5
tables = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("uvwx")), st.integers(0, 30) | st.integers(0, 6), min_size=1, max_size=16
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_small_cell_follows_from_the_cells_and_totals_that_are_shown(table: dict[tuple[str, str], int]) -> None:
    shown = privacy.guard(table, FLOOR)
    hidden = [key for key, count in shown.items() if count is None]
    assert all(count is None or count == 0 or count >= FLOOR for count in shown.values())
    known = [row for row, total in privacy.totals(table, FLOOR).items() if total]
    if not hidden or not known:
        return
    matrix = np.array([[float(key[0] == row) for key in hidden] for row in known])
    right = np.array([sum(table[key] for key in hidden if key[0] == row) for row in known])
    for position, key in enumerate(hidden):
        if not 0 < table[key] < FLOOR:
            continue
        goal = np.zeros(len(hidden))
        goal[position] = 1
        low = linprog(goal, A_eq=matrix, b_eq=right, bounds=(0, None))
        high = linprog(-goal, A_eq=matrix, b_eq=right, bounds=(0, None))
        assert high.status == 3 or -high.fun - low.fun > 0.5, "somebody could work it out"


def test_rates_of_few_are_not_shown() -> None:
    assert privacy.rate(3, 100, FLOOR) is None
    assert privacy.rate(98, 100, FLOOR) is None
    assert privacy.rate(0, 100, FLOOR) == 0
    assert privacy.rate(20, 100, FLOOR) == 0.2
    assert privacy.totals({("a", "u"): 2, ("a", "v"): 2, ("b", "u"): 4, ("b", "v"): 9}, FLOOR) == {"a": None, "b": 13}


def test_a_season_with_growth_is_forecast_better_than_by_last_year() -> None:
    counts = {}
    day = date(2023, 11, 1)
    while day <= date(2026, 11, 22):
        season = 1 + 0.8 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365)
        counts[day] = round(100 * season * (1 + 0.25 * (day - date(2023, 11, 1)).days / 365))
        day += timedelta(days=1)
    month, rates = forecast.months(counts, date(2026, 11, 22))
    assert month == date(2026, 11, 1)
    assert len(rates) == 36
    found = forecast.forecast(rates, month)
    assert found is not None
    assert found.error is not None
    assert found.naive_error is not None
    assert found.error < 0.1 < found.naive_error
    assert found.low < found.expected < found.high
    assert forecast.forecast(rates[:11], month) is None, "less than a year says nothing about a season"
    assert forecast.months({}, date(2026, 11, 30))[1].size == 0


def test_topics_are_frequent_hard_and_long() -> None:
    rows = []
    for month in range(1, 13):
        rows.append(("0704", date(2026, month, 5), 500, 100, 80))
        rows += [(f"03{number:02}", date(2026, month, 5), 60, 3, 2) for number in range(1, 30)]
    rows.append(("0999", date(2026, 6, 5), 3, 3, 3))
    found = topics.choose(rows, FLOOR)
    assert found[0].matter == "0704"
    assert found[0].months_on_top == 12
    assert found[0].rework_rate == pytest.approx(0.2)
    assert "0999" not in {topic.matter for topic in found}, "three people are too few"


def test_people_who_come_back_are_counted_and_never_named(client: TestClient, clock: FixedClock) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    for person in range(6):
        for time in range(3 if person < 5 else 2):
            told = OrderIn(
                description=f"家里暖气不热，第{time}次反映，我叫赵小明",
                matter_code="0704",
                place=PLACE,
                contact_phone=f"1380013800{person}",
            )
            register(platform, told)
    clock.moment += timedelta(days=1)
    service.analyse(platform, rules=InsightRules(story_texts=100))
    browser, _ = log_in(client, Role.SUPERVISOR)
    answer = browser.get("/api/v1/insight/repeats")
    assert [(row["district"], row["people"]) for row in answer.json()["rows"]] == [(None, 5), ("朝阳区", 5)]
    (story,) = browser.get("/api/v1/insight/stories").json()["rows"]
    assert (story["people"], story["orders"], story["street"]) == (6, 17, "望京街道")
    everything = "".join(
        browser.get(f"{base}/{name}").text for base in ("/api/v1/insight", "/console/insight") for name in ("repeats", "stories", "topics")
    )
    with platform.database.read() as session:
        assert platform.cipher.lookup("13800138000") not in everything
        assert repository.latest(session, "repeats") is not None
    assert "13800138" not in everything


def test_a_risk_is_pushed_when_it_is_filed_and_nothing_else_is(client: TestClient) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    risky = register(platform, OrderIn(description="再不解决我们几十户就集体上访，去市政府门口拉横幅", matter_code="0704", place=PLACE))
    calm = register(platform, OrderIn(description="家里暖气不热", matter_code="0704", place=PLACE))
    told = {target for target, name in notices(platform, risky) if name == "risk"}
    assert {"110105026", "110105", "B001", "B045", "supervisor"} <= told
    assert "risk" not in {name for _, name in notices(platform, calm)}
    browser, _ = log_in(client, Role.SUPERVISOR)
    assert [row["order"] for row in browser.get("/api/v1/insight/risks").json()] == [risky]
    assert risky in browser.get("/console/insight/risks").text
    assert "涉及社会稳定风险" in browser.get("/console/notices").text
    handler, _ = log_in(client, Role.HANDLER, "B045")
    assert handler.get("/console/insight/risks").status_code == 403
    assert handler.get(f"/console/orders/{risky}").status_code == 200, "whoever is told may read it"
