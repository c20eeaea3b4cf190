"""The dashboard: the same figures as the reports, a unit's people see only their own, wrong periods are named."""

from __future__ import annotations

from fastapi.testclient import TestClient

from bot.jobs import count_orders
from dispatch.orders.workflow import Role
from tests.dispatch.order_work import COLD_FLAT, STALLS, register
from tests.dispatch.test_api import log_in


def test_figures_of_the_city_and_of_ones_own_unit(client: TestClient) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    for order_in in (COLD_FLAT, COLD_FLAT, STALLS):
        register(platform, order_in)
    elsewhere = COLD_FLAT.model_copy(update={"place": COLD_FLAT.place.model_copy(update={"district": "海淀区", "street": "上地街道"})})
    register(platform, elsewhere)
    count_orders(platform)
    supervisor, _ = log_in(client, Role.SUPERVISOR)
    city = supervisor.get("/console/figures").text
    assert "<span>受理</span><b>4</b>" in city
    assert "海淀区" in city
    assert "上地街道办事处" in city
    handler, _ = log_in(client, Role.HANDLER, "110105026")
    own = handler.get("/console/figures", params={"unit": "110108"}).text
    assert "<span>受理</span><b>3</b>" in own
    assert "上地街道" not in own
    assert supervisor.get("/console/figures", params={"unit": "110105026"}).text.count("<b>3</b>") == 1
    assert "<span>受理</span><b>0</b>" in supervisor.get("/console/figures", params={"first": "2026-01-01", "last": "2026-01-31"}).text


def test_what_is_wrong_is_named(client: TestClient) -> None:
    browser, _ = log_in(client, Role.AUDITOR)
    wrong = browser.get("/console/figures", params={"first": "2026-02-01", "last": "2026-01-01"})
    assert wrong.status_code == 422
    assert "last" in wrong.text
    assert browser.get("/console/figures", params={"unit": "<script>"}).status_code == 404
