"""Lists of orders page by page, pull by change, conditional reads, the contact in full, and a citizen's own way in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dispatch.citizens import service as citizens
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from tests.dispatch.test_api import ORDER, log_in

UNIT = "110105026"


@pytest.fixture
def numbers(client: TestClient, service_token: dict[str, str], clock: FixedClock) -> list[str]:
    made = []
    for n in range(7):
        clock.moment += timedelta(minutes=1)
        answer = client.post("/api/v1/orders", json={**ORDER, "channel": "sms" if n % 2 else "web"}, headers=service_token)
        made.append(answer.json()["number"])
    return made


def _all(client: TestClient, token: dict[str, str], **params: Any) -> list[str]:
    found: list[str] = []
    url, query = "/api/v1/orders", {"limit": 2, **params}
    while True:
        answer = client.get(url, params=query, headers=token)
        assert answer.status_code == 200, answer.text
        found += [order["number"] for order in answer.json()]
        if "link" not in answer.headers:
            return found
        query = {**query, "cursor": answer.headers["x-next-cursor"]}


def test_pages_hold_every_order_once(client: TestClient, service_token: dict[str, str], numbers: list[str]) -> None:
    assert _all(client, service_token) == numbers[::-1]
    assert _all(client, service_token, channel="sms") == numbers[5::-2]
    assert _all(client, service_token, unit="110108001") == []
    assert _all(client, service_token, unit="110105", part="copied") == numbers[::-1]


def test_what_comes_in_meanwhile_moves_nothing(client: TestClient, service_token: dict[str, str], numbers: list[str]) -> None:
    first = client.get("/api/v1/orders", params={"limit": 4}, headers=service_token)
    client.post("/api/v1/orders", json=ORDER, headers=service_token)
    rest = client.get("/api/v1/orders", params={"limit": 4, "cursor": first.headers["x-next-cursor"]}, headers=service_token)
    assert [order["number"] for order in [*first.json(), *rest.json()]] == numbers[::-1]


def test_a_units_system_keeps_up_by_change(
    client: TestClient, service_token: dict[str, str], numbers: list[str], clock: FixedClock
) -> None:
    since = clock.moment.isoformat()
    clock.moment += timedelta(minutes=5)
    browser, csrf = log_in(client, Role.HANDLER, UNIT)
    for number in (numbers[3], numbers[0]):
        clock.moment += timedelta(minutes=1)
        assert browser.post(f"/api/v1/orders/{number}/transitions/accept", json={}, headers=csrf).status_code == 200
    assert _all(client, service_token, updated_after=since, limit=1) == [numbers[3], numbers[0]]


def test_overdue_and_states(client: TestClient, service_token: dict[str, str], numbers: list[str], clock: FixedClock) -> None:
    assert _all(client, service_token, overdue=True) == []
    clock.moment += timedelta(hours=30)
    assert _all(client, service_token, overdue=True) == numbers[::-1]
    assert _all(client, service_token, state="closed") == []


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"limit": 0}, {"limit": 1000}, {"state": "lost"}, {"nonsense": 1}, {"created_from": "x"}]
)
def test_bad_questions_are_refused(client: TestClient, service_token: dict[str, str], query: dict[str, Any]) -> None:
    answer = client.get("/api/v1/orders", params=query, headers=service_token)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.text


def test_an_unchanged_order_isnt_sent_again(client: TestClient, service_token: dict[str, str], numbers: list[str]) -> None:
    path = f"/api/v1/orders/{numbers[0]}"
    tag = client.get(path, headers=service_token).headers["etag"]
    same = client.get(path, headers={**service_token, "If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(path, headers={**service_token, "If-None-Match": '"99"'}).status_code == 200


def test_seeing_a_contact_in_full_goes_on_record(client: TestClient, numbers: list[str]) -> None:
    path = f"/api/v1/orders/{numbers[0]}"
    other, other_csrf = log_in(client, Role.HANDLER, "110108001")
    assert other.post(f"{path}/unmask", json={"reason": "联系"}, headers=other_csrf).status_code == 404
    browser, csrf = log_in(client, Role.HANDLER, UNIT)
    assert browser.post(f"{path}/unmask", json={"reason": " "}, headers=csrf).status_code == 422
    answer = browser.post(f"{path}/unmask", json={"reason": "上门前电话联系"}, headers=csrf)
    assert (answer.json()["phone"], answer.headers["cache-control"]) == (ORDER["contact_phone"], "no-store")
    events = browser.get(f"{path}/events").json()
    assert (events[-1]["name"], events[-1]["actor"], events[-1]["detail"]["reason"]) == ("unmask", f"handler-{UNIT}", "上门前电话联系")


def test_a_citizen_finds_their_order_and_nobody_elses(client: TestClient, numbers: list[str]) -> None:
    known = {"number": numbers[0].lower(), "phone_tail": "8000"}
    found = client.post("/api/v1/citizen/lookup", json=known)
    assert found.status_code == 200
    progress = client.get("/api/v1/citizen/order", headers={"X-Order-Token": found.json()["token"]})
    assert progress.json()["number"] == numbers[0]
    assert "13800138000" not in progress.text
    forged = found.json()["token"][:-2] + "xx"
    assert client.get("/api/v1/citizen/order", headers={"X-Order-Token": forged}).status_code == 401
    wrong = client.post("/api/v1/citizen/lookup", json={**known, "phone_tail": "0000"})
    unknown = client.post("/api/v1/citizen/lookup", json={"number": "BJ20200101-000001", "phone_tail": "8000"})
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json()), "the two can't be told apart"


def test_guessing_is_stopped_and_the_hour_frees_it(client: TestClient, numbers: list[str], clock: FixedClock) -> None:
    statuses = [
        client.post("/api/v1/citizen/lookup", json={"number": numbers[0], "phone_tail": f"{n:04d}"}).status_code
        for n in range(citizens.PER_ORDER + 2)
    ]
    assert statuses == [404] * citizens.PER_ORDER + [429] * 2
    clock.moment += timedelta(hours=1)
    assert client.post("/api/v1/citizen/lookup", json={"number": numbers[0], "phone_tail": "8000"}).status_code == 200
