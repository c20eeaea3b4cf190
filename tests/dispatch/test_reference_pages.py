"""What the system goes by, on pages: units, the calendar with a city's own days, the channels."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest
from fastapi.testclient import TestClient

from dispatch.orders import deadlines
from dispatch.orders.rules import OrderRules
from dispatch.orders.workflow import Role
from tests.dispatch.test_api import log_in

NATIONAL_DAY, SATURDAY = date(2026, 10, 1), date(2026, 11, 28)


def test_pages_show_units_days_and_channels(client: TestClient) -> None:
    browser, _ = log_in(client, Role.ADMINISTRATOR)
    assert "望京街道办事处" in browser.get("/console/admin/units", params={"q": "望京"}).text
    assert "没有找到" in browser.get("/console/admin/units", params={"q": "<script>"}).text
    calendar = browser.get("/console/admin/calendar", params={"year": 2026}).text
    assert "2026-10-01" in calendar
    assert "国庆节" in calendar
    channels = browser.get("/console/admin/channels").text
    assert "JSJB_TELEGRAM_TOKEN" in channels
    assert "未配置" in channels
    other, _ = log_in(client, Role.SUPERVISOR)
    for path in ("units", "calendar", "channels"):
        assert other.get(f"/console/admin/{path}").status_code == 403


def test_a_city_sets_days_that_the_calendar_doesnt_know(monkeypatch: pytest.MonkeyPatch) -> None:
    friday = datetime(2026, 11, 27, 2, 0, tzinfo=timezone.utc)
    assert deadlines.due(friday, 24, "working").date() == date(2026, 11, 30)
    rules = OrderRules(days_off=(date(2026, 11, 30),), workdays=(NATIONAL_DAY,))
    monkeypatch.setattr(deadlines, "current_rules", lambda: rules)
    assert not deadlines.is_workday(SATURDAY)
    assert deadlines.is_workday(NATIONAL_DAY)
    assert deadlines.due(friday, 24, "working").date() == date(2026, 12, 1)
