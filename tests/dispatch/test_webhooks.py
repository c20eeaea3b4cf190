"""Pushes to units' own systems: signed, in order, once, again on request, switched off where nobody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from bot.jobs import HANDLERS
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from dispatch.outbox.delivering import deliver_due
from dispatch.webhooks import service as webhooks
from tests.dispatch.test_api import ORDER, log_in
from tests.doubles.unit_system import UnitSystem, unit_system

UNIT = "110105026"  # 望京街道办事处


@pytest.fixture
def unit() -> Iterator[UnitSystem]:
    with unit_system() as system:
        yield system


@pytest.fixture
def administrator(client: TestClient) -> tuple[TestClient, dict[str, str]]:
    return log_in(client, Role.ADMINISTRATOR)


@pytest.fixture
def order(client: TestClient, service_token: dict[str, str]) -> dict[str, Any]:
    number = client.post("/api/v1/orders", json=ORDER, headers=service_token).json()["number"]
    found: dict[str, Any] = client.get(f"/api/v1/orders/{number}", headers=service_token).json()
    return found


@pytest.fixture
def push(client: TestClient, order: dict[str, Any]) -> Callable[[str, int], int]:
    def push(event: str, sequence: int) -> int:
        platform = client.app.state.platform  # type: ignore[attr-defined]
        with platform.database.write() as session:
            return webhooks.push(
                session, units=[order["unit"]["code"]], event=event, subject=order["number"], sequence=sequence, now=platform.clock.now()
            )

    return push


def _subscribe(browser: TestClient, csrf: dict[str, str], order: dict[str, Any], url: str, *events: str) -> dict[str, Any]:
    answer = browser.post(
        "/api/v1/webhooks", json={"unit_code": order["unit"]["code"], "url": url, "events": events or ["*"]}, headers=csrf
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _deliver(client: TestClient) -> int:
    return deliver_due(client.app.state.platform, HANDLERS)  # type: ignore[attr-defined]


def test_a_push_is_signed_whole_and_only_for_the_unit_in_charge_unmasked(
    client: TestClient,
    administrator: tuple[TestClient, dict[str, str]],
    order: dict[str, Any],
    unit: UnitSystem,
    push: Callable[[str, int], int],
) -> None:
    subscription = _subscribe(*administrator, order, unit.url, "order.*")
    assert push("order.dispatched", 2) == 1
    assert push("callback.answered", 2) == 0, "not subscribed"
    push("order.dispatched", 2)
    _deliver(client)
    ((headers, body),) = unit.received
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=timezone.utc)
    assert headers["webhook-signature"] == Webhook(subscription["secret"]).sign(headers["webhook-id"], signed_at, body)
    content = unit.bodies[0]
    assert (content["type"], content["subject"], content["sequence"]) == ("order.dispatched", order["number"], 2)
    assert content["data"]["order"]["contact"]["phone"] == ORDER["contact_phone"]
    assert subscription["secret"] not in administrator[0].get("/api/v1/webhooks").text, "shown once"


def test_a_down_system_is_waited_for_and_gets_everything_in_order(
    client: TestClient,
    administrator: tuple[TestClient, dict[str, str]],
    order: dict[str, Any],
    unit: UnitSystem,
    push: Callable[[str, int], int],
    clock: FixedClock,
) -> None:
    _subscribe(*administrator, order, unit.url)
    push("order.registered", 1)
    push("order.dispatched", 2)
    unit.answers = [(503, {"Retry-After": "120"})]
    _deliver(client)
    assert unit.received == []
    clock.moment += timedelta(seconds=100)
    assert _deliver(client) == 0, "it asked for two minutes"
    clock.moment += timedelta(seconds=21)
    _deliver(client)
    assert [body["sequence"] for body in unit.bodies] == [1, 2]


def test_given_up_pushes_are_listed_and_retried(
    client: TestClient,
    administrator: tuple[TestClient, dict[str, str]],
    order: dict[str, Any],
    unit: UnitSystem,
    push: Callable[[str, int], int],
    clock: FixedClock,
) -> None:
    browser, csrf = administrator
    _subscribe(browser, csrf, order, unit.url)
    push("order.dispatched", 2)
    unit.answers = [(500, {})] * 10
    for _ in range(10):
        _deliver(client)
        clock.moment += timedelta(hours=10)
        _deliver(client)
    browser, csrf = log_in(client, Role.ADMINISTRATOR, UNIT)  # the first log-in is long over
    listed = browser.get("/api/v1/deliveries").json()
    (row,) = listed["deliveries"]
    assert (row["error"], listed["counts"]) == ("对方答复 500", {"webhook:dead": 1})
    page = browser.get("/console/deliveries").text
    assert "望京街道办事处" in page
    assert "对方答复 500" in page
    form = {"csrf": csrf["X-CSRF-Token"]}
    assert browser.post(f"/console/deliveries/{row['id']}/retry", data=form, follow_redirects=False).status_code == 303
    assert browser.post(f"/api/v1/deliveries/{row['id']}/retry", headers=csrf).status_code == 409
    _deliver(client)
    assert len(unit.received) == 1


def test_gone_switches_off_and_replay_sends_again(
    client: TestClient,
    administrator: tuple[TestClient, dict[str, str]],
    order: dict[str, Any],
    unit: UnitSystem,
    push: Callable[[str, int], int],
    clock: FixedClock,
) -> None:
    browser, csrf = administrator
    subscription = _subscribe(browser, csrf, order, unit.url)
    push("order.registered", 1)
    _deliver(client)
    unit.answers = [(410, {})]
    push("order.dispatched", 2)
    _deliver(client)
    assert [each["active"] for each in browser.get("/api/v1/webhooks").json()] == [False]
    assert push("order.accepted", 2) == 0
    assert browser.post(f"/api/v1/webhooks/{subscription['id']}/resume", headers=csrf).json()["active"]
    answer = browser.post(
        f"/api/v1/webhooks/{subscription['id']}/replay/since",
        json={"since": (clock.moment - timedelta(hours=1)).isoformat()},
        headers=csrf,
    )
    assert answer.json() == {"count": 2}
    _deliver(client)
    assert [body["sequence"] for body in unit.bodies] == [1, 1, 2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://user:pw@host/"}, "url"),
        ({"unit_code": "X"}, "unit_code"),
        ({"events": ["all"]}, "events"),
    ],
)
def test_bad_subscriptions_are_refused_naming_the_field(
    administrator: tuple[TestClient, dict[str, str]], change: dict[str, Any], field: str
) -> None:
    browser, csrf = administrator
    answer = browser.post("/api/v1/webhooks", json={"unit_code": "110105", "url": "https://a.example/", **change}, headers=csrf)
    assert answer.status_code == 422
    assert field in answer.text


def test_only_administrators_see_any_of_it(client: TestClient, service_token: dict[str, str]) -> None:
    browser, csrf = log_in(client, Role.SUPERVISOR)
    assert browser.get("/api/v1/webhooks").status_code == 403
    assert browser.post("/api/v1/webhooks", json={}, headers=csrf).status_code in (403, 422)
    assert client.get("/api/v1/deliveries", headers=service_token).status_code == 403
