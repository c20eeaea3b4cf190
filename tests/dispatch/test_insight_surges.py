"""Surges: counted from orders, tested against the season, shown with the expectation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient

from dispatch.core.clock import FixedClock, beijing
from dispatch.insight import counts, hotspots, repository, service
from dispatch.insight.rules import InsightRules
from dispatch.insight.surges import Cell
from dispatch.orders.schemas import OrderIn
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut
from tests.dispatch.order_work import register
from tests.dispatch.test_api import log_in

TODAY = date(2026, 11, 23)
LAST = TODAY - timedelta(days=1)
CHAOYANG = [("朝阳区", name) for name in ("望京街道", "酒仙桥街道", "三里屯街道", "麦子店街道")]
STREETS = [*CHAOYANG, ("海淀区", "上地街道"), ("海淀区", "学院路街道")]


def fill(platform: Platform, *, extra: dict[tuple[str, str, str, date], int], mean: float = 2.0, season: float = 1.0) -> None:
    """Put sixteen months of counts into the table: chance around ``mean`` a street, matter and day; ``season`` on all of the last week."""
    noise = np.random.default_rng(5)
    with platform.database.write() as session:
        for back in range(490):
            day = LAST - timedelta(days=back)
            rows = []
            for district, street in STREETS:
                for matter in ("0704", "0201"):
                    usual = mean * (season if back < 7 else 1.0)
                    filed = int(noise.poisson(usual)) + extra.get((district, street, matter, day), 0)
                    rows.append({"district": district, "street": street, "matter": matter, "filed": filed, "reworked": 0, "overdue": 0})
            matters = [
                {"matter": code, "filed": sum(row["filed"] for row in rows if row["matter"] == code), "reworked": 0, "overdue": 0}
                for code in ("0704", "0201")
            ]
            repository.put_day(session, day, rows, matters)


def found(platform: Platform) -> dict[Cell, float]:
    with platform.database.read() as session:
        return {surge.cell: surge.expected for surge in hotspots.find(session, LAST, InsightRules(false_discoveries=0.05))}


def test_a_street_with_more_than_its_season_is_found_and_nothing_else(platform: Platform) -> None:
    fill(platform, extra={("朝阳区", "望京街道", "0704", LAST - timedelta(days=back)): 5 for back in range(4)})
    surges = found(platform)
    assert set(surges) == {Cell("朝阳区", "望京街道", "0704")}, "neither its district nor the city, whose excess it is"
    assert surges[Cell("朝阳区", "望京街道", "0704")] == pytest.approx(14, abs=4)


def test_a_cold_week_is_one_surge_of_the_city(platform: Platform) -> None:
    fill(platform, extra={}, season=2.2)
    places = {(cell.district, cell.street) for cell in found(platform)}
    assert places == {("", "")}


def test_counts_follow_the_orders_and_counting_again_changes_nothing(platform: Platform, clock: FixedClock) -> None:
    place = PlaceOut(district="朝阳区", street="望京街道")
    for _ in range(3):
        register(platform, OrderIn(description="家里暖气不热", matter_code="0704", place=place))
    register(platform, OrderIn(description="说不清楚的事情"))
    clock.moment += timedelta(days=1)
    for _ in range(2):
        counts.recount_changed(platform.database, clock.now(), None)
    day = beijing(clock.now()).date() - timedelta(days=1)
    with platform.database.read() as session:
        assert sorted(repository.cells(session, day, day)) == [("", "", "", 1), ("朝阳区", "望京街道", "0704", 3)]
    clock.moment += timedelta(days=400)
    assert counts.recount_changed(platform.database, clock.now(), None) == 400, "days that nobody counted, once"


def test_results_are_kept_and_read_by_staff_only(client: TestClient) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    fill(platform, extra={("朝阳区", "望京街道", "0704", LAST): 30})
    browser, _ = log_in(client, Role.SUPERVISOR)
    assert browser.get("/api/v1/insight/surges").json()["day"] is None
    assert "还没有分析过" in browser.get("/console/insight").text
    service.analyse(platform)
    answer = browser.get("/api/v1/insight/surges").json()
    (row,) = answer["rows"]
    assert (row["street"], row["matter"], row["days"]) == ("望京街道", "供暖不热", 1)
    assert row["observed"] >= 30 > row["expected"]
    assert "望京街道" in browser.get("/console/insight").text
    browser.cookies.clear()
    assert browser.get("/api/v1/insight/surges").status_code == 401
