"""What changes in a city's life: units and days that administrators change, at work in every process, and nothing that stands moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from bot.system import open_platform
from dispatch.calendar import service as calendar
from dispatch.core.clock import FixedClock
from dispatch.orders import deadlines
from dispatch.orders.errors import RuleError
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding import service as understanding
from dispatch.understanding.service import ReferenceData
from tests.dispatch.callback_work import Desk
from tests.dispatch.order_work import COLD_FLAT, DISPATCHER, do, register, stored

WANGJING, NEIGHBOUR = "110105026", "110105027"
UNITS, CALENDAR = "/console/admin/units", "/console/admin/calendar"


@pytest.fixture
def platform(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setattr(understanding, "_REFRESH_SECONDS", 0)
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    yield platform
    with platform.database.write() as session:
        session.execute(sa.text("DELETE FROM calendar_days"))
        calendar.take_up(session)


@pytest.fixture
def admin(client: TestClient) -> Desk:
    return Desk(client, Role.ADMINISTRATOR)


def test_a_merged_unit_keeps_its_orders_and_gets_no_new_ones(
    client: TestClient, platform: Platform, admin: Desk, clock: FixedClock
) -> None:
    elsewhere = ReferenceData(platform.database)  # as another process has it
    heir = elsewhere.current().units.get(NEIGHBOUR)
    before = register(platform, COLD_FLAT)
    deadline = stored(platform, before).deadline_at
    assert stored(platform, before).unit_code == WANGJING
    for into, why in ((WANGJING, "不能并入自己"), ("110108001", "同一区的街道"), ("没有这个", "没有这个单位")):
        refused = admin.post(f"{UNITS}/{WANGJING}/merge", into=into)
        assert (refused.status_code, why in refused.text) == (422, True), why
    page = admin.post(f"{UNITS}/{WANGJING}/merge", into=f"{heir.name}（{NEIGHBOUR}）").text
    assert f"已并入{heir.name}" in page
    assert "在办 1 件" in page
    assert elsewhere.current().units.acting(WANGJING) == heir
    assert stored(platform, register(platform, COLD_FLAT)).unit_code == NEIGHBOUR
    assert (stored(platform, before).unit_code, stored(platform, before).deadline_at) == (WANGJING, deadline)
    assert "望京街道办事处" in admin.get(f"/console/orders/{before}").text
    with pytest.raises(RuleError, match=f"已并入{heir.name}"):
        do(platform, before, "redispatch", DISPATCHER, unit=WANGJING, reason="再派一次")
    assert "望京街道办事处" not in [unit["name"] for unit in client.get("/api/v1/units").json()]
    audit = admin.get("/console/audit", params={"subject": WANGJING}).text
    assert "启用：是 → 否；并入：无 → 110105027" in audit

    again = open_platform(platform.settings, clock)  # the next release writes its own directory and leaves this
    try:
        assert again.reference.current().units.acting(WANGJING) == heir
    finally:
        again.database.dispose()
    unit = elsewhere.current().units.get(WANGJING)
    admin.post(f"{UNITS}/{WANGJING}", short="、".join(unit.short), duties=unit.duties, active="true")
    assert stored(platform, register(platform, COLD_FLAT)).unit_code == WANGJING


def test_names_duties_and_hours_are_edited_and_mistakes_named(platform: Platform, admin: Desk) -> None:
    unit = platform.reference.current().units.get(WANGJING)
    fields = {"short": "、".join((*unit.short, "望京<b>东</b>")), "duties": "统筹办理辖区诉求。", "contact_hours": "工作日 9:00—18:00"}
    page = admin.post(f"{UNITS}/{WANGJING}", active="true", **fields).text
    assert "望京<b>东" not in page
    assert platform.reference.current().units.by_label("望京<b>东</b>") == platform.reference.current().units.get(WANGJING)
    assert "联系时间：工作日 9:00—18:00" in admin.get(f"/console/orders/{register(platform, COLD_FLAT)}").text
    for code, wrong, why in (
        (WANGJING, {"short": "别的街道"}, "第一个必须是法定地名"),
        (WANGJING, {"duties": "无"}, "至少写五个字"),
        ("H001", {"short": "", "active": ""}, "派单组不能停用"),
    ):
        refused = admin.post(f"{UNITS}/{code}", **{**fields, "active": "true", **wrong})
        assert (refused.status_code, why in refused.text) == (422, True), why
        assert "工作日 9:00" in refused.text, "what was written is kept"
    assert admin.get(f"{UNITS}/X999").status_code == 404


def test_a_unit_that_ended_gives_way_to_its_district(platform: Platform, admin: Desk) -> None:
    unit = platform.reference.current().units.get(WANGJING)
    admin.post(f"{UNITS}/{WANGJING}", short="、".join(unit.short), duties=unit.duties)
    assert stored(platform, register(platform, COLD_FLAT)).unit_code == "110105"


def test_days_are_set_for_what_is_computed_from_now_on(platform: Platform, admin: Desk, clock: FixedClock) -> None:
    monday, week = date(2026, 11, 30), timedelta(days=7)
    friday = clock.now() + timedelta(days=4)
    assert deadlines.due(friday, 24, "working").date() == monday
    page = admin.post(CALENDAR, first=str(monday), last=str(monday + timedelta(days=1)), works="no", note="京政办发〔2026〕1号").text
    assert page.count("本市设置：京政办发〔2026〕1号") == 2
    calendar._in_memory = {}  # as another process has it, until it looks
    ReferenceData(platform.database).current()
    assert deadlines.due(friday, 24, "working").date() == monday + timedelta(days=2)
    admin.post(CALENDAR, first=str(monday), works="builtin", note="撤销")
    assert deadlines.due(friday, 24, "working").date() == monday
    audit = admin.get("/console/audit", params={"name": "calendar_changed"}).text
    assert "按国家安排 → 休息；京政办发〔2026〕1号" in audit
    assert "休息 → 按国家安排；撤销" in audit
    for wrong, why in (
        ({"first": "2026-11-20"}, "只能设置今天和以后"),
        ({"first": "明天"}, "请选择日期"),
        ({"last": str(monday - week)}, "应不早于"),
        ({"last": str(monday + 6 * week)}, "一次最多"),
        ({"note": " "}, "请写明依据"),
    ):
        refused = admin.post(CALENDAR, **{"first": str(monday), "works": "yes", "note": "x", **wrong})
        assert (refused.status_code, why in refused.text) == (422, True), why


def test_only_administrators_change_either(client: TestClient, platform: Platform) -> None:
    supervisor = Desk(client, Role.SUPERVISOR)
    assert supervisor.get(f"{UNITS}/{WANGJING}").status_code == 403
    assert supervisor.post(f"{UNITS}/{WANGJING}/merge", into=NEIGHBOUR).status_code == 403
    assert supervisor.post(CALENDAR, first="2026-12-01", note="x").status_code == 403
