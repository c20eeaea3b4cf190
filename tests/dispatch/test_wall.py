"""The supervisor's wall: figures that are the orders', and a way down to them."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from tests.dispatch.order_work import accepted, register
from tests.dispatch.test_api import log_in


def test_the_wall_counts_what_is_late_and_leads_to_it(client: TestClient, clock: FixedClock) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    late = register(platform)
    accepted(platform)
    clock.moment += timedelta(hours=30)
    fresh = register(platform)
    client, _ = log_in(client, Role.SUPERVISOR)
    page = client.get("/console/wall")
    assert page.status_code == 200
    assert f"/console/orders/{late}" in page.text
    assert f"/console/orders/{fresh}" not in page.text
    assert "/console?overdue=true&amp;unit=110105026" in page.text
    assert "望京街道办事处" in client.get("/console/wall/figures").text
    assert late in client.get("/console?overdue=true&unit=110105026").text


def test_a_unit_has_no_wall(client: TestClient) -> None:
    client, _ = log_in(client, Role.HANDLER, "110105026")
    assert client.get("/console/wall").status_code == 403
    assert client.get("/console/wall/figures").status_code == 403
    assert client.get("/console/wall/events").status_code == 403
