"""The console's pages of the assessment: every number leads to the callbacks that made it, every month is computed the same again."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone

import pytest
from fastapi.testclient import TestClient

from dispatch.callbacks import service as callbacks
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.dispatch.callback_work import HELPER, NEIGHBOUR, UNIT, Desk, answered, numbers, said

PAGE = "/console/evaluation"
MONTH = {"month": "2026-12"}
PERIOD = {"first": "2026-11-19", "last": "2026-12-18"}
NEW_RULES = {
    "response": "0.30",
    "solution": "0.35",
    "satisfaction": "0.35",
    "partial": "0.5",
    "neutral": "0.8",
    "month_begins": "19",
    "day_begins": "12",
    "double_assessment": "1",
    "mergers": "",
    "valid_from": "2026-12-19",
    "note": "二〇二七年考评办法",
}


@pytest.fixture
def platform(client: TestClient) -> Platform:
    return client.app.state.platform  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def supervisor(client: TestClient) -> Desk:
    return Desk(client, Role.SUPERVISOR)


def _said_by_many(platform: Platform) -> list[str]:
    """Four callbacks of one street, the last with a co-unit, excluded none."""
    found = [answered(platform) for _ in range(3)] + [answered(platform, co_unit=HELPER)]
    for number, (contacted, resolved, satisfied) in zip(
        found,
        [(True, "yes", "satisfied"), (True, "yes", "neutral"), (False, "no", "dissatisfied"), (True, "partial", "neutral")],
        strict=True,
    ):
        said(platform, number, contacted, resolved, satisfied)
    return found


def test_every_number_leads_to_its_callbacks(client: TestClient, platform: Platform, supervisor: Desk) -> None:
    found = _said_by_many(platform)
    page = supervisor.get(PAGE, **MONTH).text
    for figure in ("75.0", "50.0", "70.0", "60.5"):
        assert figure in page
    for expected, word in (([0, 1, 2, 3], "valid"), ([0, 1, 3], "contacted"), ([0, 1], "resolved"), ([0], "satisfied"), ([], "excluded")):
        behind = supervisor.get(f"{PAGE}/callbacks", unit=UNIT, said=word, **PERIOD).text
        assert numbers(behind) == [found[index] for index in expected], word
    assert numbers(supervisor.get(f"{PAGE}/callbacks", unit=HELPER, **PERIOD).text) == []
    assert numbers(supervisor.get(f"{PAGE}/callbacks", unit=HELPER, part="co", **PERIOD).text) == [found[3]]
    assert "住房" not in supervisor.get(PAGE, double="false", **MONTH).text.split("<tbody>")[1]
    both = supervisor.get(PAGE, double="true", **MONTH).text.split("<tbody>")[1]
    assert both.count("/console/evaluation/units/") == 2, "首接与协办都计"
    assert supervisor.get(PAGE, kind="department", **MONTH).text.count("/console/evaluation/units/") == 0
    assert supervisor.get(f"{PAGE}/callbacks", first="2026-12-01", last="2026-11-01").status_code == 422
    assert supervisor.get(PAGE, month="2026-13").status_code == 422


def test_a_unit_sees_its_own_and_nobody_elses(client: TestClient, platform: Platform) -> None:
    found = _said_by_many(platform)
    unit = Desk(client, Role.HANDLER, UNIT)
    mine = unit.get(PAGE, **MONTH)
    assert str(mine.url.path) == f"{PAGE}/units/{UNIT}"
    assert "排第 <b>1</b> 名" in mine.text
    assert numbers(unit.get(f"{PAGE}/callbacks", **PERIOD).text) == found
    for path in (f"{PAGE}/units/{NEIGHBOUR}", f"{PAGE}/callbacks?unit={NEIGHBOUR}&first=2026-11-19&last=2026-12-18", f"{PAGE}/figures.csv"):
        assert unit.get(path).status_code == 403, path
    helper = Desk(client, Role.HANDLER, HELPER)
    assert "另有" in helper.get(PAGE, **MONTH).text
    assert "全市" not in re.findall("<h1>(.*?)</h1>", unit.get(f"{PAGE}/days").text)[0]


def test_a_past_month_is_the_same_byte_for_byte(client: TestClient, platform: Platform, supervisor: Desk, clock: FixedClock) -> None:
    _said_by_many(platform)
    clock.moment = datetime(2026, 12, 18, 5, tzinfo=timezone.utc)  # 13:00 of the eighteenth: the day of the nineteenth, the next month
    said(platform, answered(platform))
    months = ("2026-12", "2027-01")
    supervisor.back()

    def bytes_of(month: str) -> bytes:
        return b"".join(supervisor.get(f"{PAGE}{path}", month=month).content for path in ("/figures.csv", f"/units/{UNIT}/figures.csv"))

    before = [bytes_of(month) for month in months]
    assert before[0].startswith("\ufeff名次,单位".encode())
    assert "全市,,4,75.0,50.0,70.0,60.5,0".encode() in before[0]
    assert "全市,,1,100.0".encode() in before[1]
    # New weights from the month after next on, and everything counted from nothing.
    assert supervisor.post(f"{PAGE}/rules", **{**NEW_RULES, "valid_from": "2027-01-19"}).status_code == 200
    with platform.database.write() as session:
        callbacks.recount(session, first=date(2026, 11, 19), last=date(2027, 1, 18))
    assert "完全一致" in supervisor.post(f"{PAGE}/check", month="2026-12").text
    assert [bytes_of(month) for month in months] == before


def test_rules_are_put_in_force_for_a_month_to_come_only(client: TestClient, platform: Platform, supervisor: Desk) -> None:
    page = supervisor.get(f"{PAGE}/rules").text
    assert "综合 ＝ 0.10 × 响应率 ＋ 0.50 × 解决率 ＋ 0.40 × 满意率" in page
    assert 'value="2026-12-19"' in page, "the first day of the next assessment month is suggested"
    for wrong, says in (
        ({"valid_from": "2026-12-01"}, "第一天"),
        ({"valid_from": "2026-11-19"}, "晚于今天"),
        ({"valid_from": "下个月"}, "生效日期"),
        ({"response": "0.5"}, "权重之和应为 1"),
        ({"neutral": "很多"}, "一般按几成计"),
        ({"month_begins": "31"}, "考核月从几日起"),
        ({"mergers": "110105026 并入 110105027"}, "第 1 行"),
        ({"mergers": "110105026, 999, 2026-12-25"}, "没有代码为“999”的单位"),
        ({"mergers": "110105026, 110105026, 2026-12-25"}, "不能并入自己"),
        ({"note": " "}, "请写明依据"),
    ):
        refused = supervisor.post(f"{PAGE}/rules", **{**NEW_RULES, **wrong})
        assert refused.status_code == 422, wrong
        assert says in refused.text, wrong
        assert "二〇二七年" in refused.text or "note" in wrong, "what was written is kept"
    done = supervisor.post(f"{PAGE}/rules", **NEW_RULES).text
    assert "二〇二七年考评办法" in done
    assert "0.10 × 响应率" in done, "this month goes on as it began"
    assert "起已有一版规则" in supervisor.post(f"{PAGE}/rules", **NEW_RULES).text
    for role in (Role.OPERATOR, Role.AUDITOR):
        other = Desk(client, role)
        assert "新的一版" not in other.get(f"{PAGE}/rules").text
        assert other.post(f"{PAGE}/rules", **NEW_RULES).status_code == 403


def test_a_unit_merged_in_mid_year_takes_over_from_the_day_on(
    client: TestClient, platform: Platform, supervisor: Desk, clock: FixedClock
) -> None:
    supervisor.post(f"{PAGE}/rules", **{**NEW_RULES, "mergers": f"{UNIT}, {NEIGHBOUR}, 2026-12-25"})
    clock.moment = datetime(2026, 12, 24, 2, tzinfo=timezone.utc)
    before = answered(platform)
    said(platform, before)
    clock.moment = datetime(2026, 12, 24, 4, 30, tzinfo=timezone.utc)  # half past noon: the assessment day of the 25th
    after = answered(platform)
    said(platform, after)
    supervisor.back()
    period = {"first": "2026-12-19", "last": "2027-01-18"}
    assert numbers(supervisor.get(f"{PAGE}/callbacks", unit=UNIT, **period).text) == [before]
    assert numbers(supervisor.get(f"{PAGE}/callbacks", unit=NEIGHBOUR, **period).text) == [after]
    assert "完全一致" in supervisor.post(f"{PAGE}/check", month="2027-01").text
    assert supervisor.post(f"{PAGE}/check", month="去年").status_code == 422


def test_a_city_that_moves_its_months_loses_no_day(supervisor: Desk, clock: FixedClock) -> None:
    supervisor.post(f"{PAGE}/rules", **{**NEW_RULES, "month_begins": "1"})
    clock.moment = datetime(2027, 1, 4, tzinfo=timezone.utc)
    supervisor.back()
    assert "2026-12-19 至 2027-01-31" in supervisor.get(PAGE, month="2027-01").text
    assert "2026-11-19 至 2026-12-18" in supervisor.get(PAGE, month="2026-12").text
