"""The API over HTTP: who may do what, and errors as problem documents."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from dispatch.accounts import service as accounts
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role

ORDER = {
    "description": "家里暖气不热，电话13800138000",
    "request_type": "求助",
    "matter_code": "0704",
    "place": {"district": "朝阳区", "street": "望京街道"},
    "contact_phone": "13800138000",
}


def _platform(client: TestClient) -> Any:
    return client.app.state.platform  # type: ignore[attr-defined]


def log_in(client: TestClient, role: Role, unit: str | None = None) -> tuple[TestClient, dict[str, str]]:
    """Return a browser that is logged in as ``role``, and the header its changes must carry."""
    name = f"{role.value}-{unit or 'city'}"
    with _platform(client).database.write() as session:
        accounts.create(session, name, "a-long-password", display_name=name, role=role, unit_code=unit)
    browser = TestClient(client.app)
    browser.post("/console/login", data={"username": name, "password": "a-long-password"})
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console/workflow").text)
    assert csrf
    return browser, {"X-CSRF-Token": csrf[1]}


@pytest.fixture
def number(client: TestClient, service_token: dict[str, str]) -> str:
    answer = client.post("/api/v1/orders", json=ORDER, headers=service_token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def test_an_order_is_created_masked_with_unit_and_deadline(client: TestClient, service_token: dict[str, str], number: str) -> None:
    order = client.get(f"/api/v1/orders/{number}", headers=service_token).json()
    assert order["unit"]["name"] == "望京街道办事处"
    assert order["deadline"]["hours"] == 24
    assert "13800138000" not in str(order)


def test_nobody_gets_in_without_saying_who_they_are(client: TestClient, number: str) -> None:
    for path in (f"/api/v1/orders/{number}", "/api/v1/orders", f"/api/v1/orders/{number}/events", f"/api/v1/orders/{number}/progress"):
        answer = client.get(path, headers={"X-Conversation": "c1"})
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/api/v1/orders", json=ORDER, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_units_own_steps_over_the_api(client: TestClient, number: str) -> None:
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    path = f"/api/v1/orders/{number}/transitions"
    assert browser.post(f"{path}/accept", json={}).status_code == 403, "a change needs the page's own token"
    assert browser.post(f"{path}/accept", json={}, headers={**csrf, "If-Match": '"7"'}).status_code == 412
    assert browser.post(f"{path}/accept", json={}, headers={**csrf, "If-Match": '"1"'}).json()["state"] == "accepted"
    refused = browser.post(f"{path}/accept", json={}, headers=csrf)
    assert refused.status_code == 409
    assert "answer" in refused.json()["legal"]
    missing = browser.post(f"{path}/answer", json={}, headers=csrf)
    assert missing.status_code == 422
    assert missing.json()["field"] == "answer"


def test_another_unit_neither_sees_nor_moves_it(client: TestClient, number: str) -> None:
    browser, csrf = log_in(client, Role.HANDLER, "110108")
    assert browser.get(f"/api/v1/orders/{number}").status_code == 404
    assert browser.post(f"/api/v1/orders/{number}/transitions/accept", json={}, headers=csrf).status_code == 404
    assert browser.get(f"/console/orders/{number}").status_code == 404
    assert browser.get("/desk").status_code == 403


def test_a_copied_district_sees_but_does_not_accept(client: TestClient, number: str) -> None:
    browser, csrf = log_in(client, Role.HANDLER, "110105")
    assert browser.get(f"/api/v1/orders/{number}").status_code == 200
    assert browser.post(f"/api/v1/orders/{number}/transitions/accept", json={}, headers=csrf).status_code == 403


def test_an_auditor_sees_everything_and_changes_nothing(client: TestClient, number: str) -> None:
    browser, csrf = log_in(client, Role.AUDITOR)
    assert browser.get(f"/api/v1/orders/{number}/events").status_code == 200
    for step in ("accept", "redispatch", "close", "withdraw"):
        answer = browser.post(f"/api/v1/orders/{number}/transitions/{step}", json={"reason": "x", "unit": "110108"}, headers=csrf)
        assert answer.status_code == 403, step


def test_five_wrong_passwords_lock_the_account_for_a_while(client: TestClient, clock: FixedClock) -> None:
    from datetime import timedelta

    log_in(client, Role.SUPERVISOR)
    stranger = TestClient(client.app)

    def attempt(password: str) -> int:
        data = {"username": "supervisor-city", "password": password}
        return stranger.post("/console/login", data=data, follow_redirects=False).status_code

    assert [attempt("wrong") for _ in range(5)] == [403] * 5
    assert attempt("a-long-password") == 403
    clock.moment += timedelta(minutes=16)
    assert attempt("a-long-password") == 303


def test_log_in_leads_only_to_our_own_pages(client: TestClient) -> None:
    for target in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        assert "elsewhere" not in client.get("/console/login", params={"next": target}).text


def test_the_same_idempotency_key_creates_one_order(client: TestClient, service_token: dict[str, str]) -> None:
    headers = {**service_token, "Idempotency-Key": "same"}
    first, second = (client.post("/api/v1/orders", json=ORDER, headers=headers).json()["number"] for _ in range(2))
    assert first == second


def test_a_draft_is_kept_previewed_filed_once_and_forgotten(client: TestClient, service_token: dict[str, str]) -> None:
    path = "/api/v1/conversations/c123"
    assert client.get(f"{path}/draft", headers=service_token).status_code == 404
    assert client.post(f"{path}/orders", headers={**service_token, "Idempotency-Key": "k"}).status_code == 409
    draft = {"description": "路灯坏了", "matter_code": "0704", "place": {"district": "海淀区"}, "state": "summary"}
    preview = client.put(f"{path}/draft", json=draft, headers=service_token).json()
    assert preview["unit"]["name"] == "海淀区人民政府"
    bad = client.put(f"{path}/draft", json={**draft, "matter_code": "9999"}, headers=service_token)
    assert (bad.status_code, bad.json()["field"]) == (422, "matter_code")
    filed = [client.post(f"{path}/orders", headers={**service_token, "Idempotency-Key": "k"}) for _ in range(2)]
    assert filed[0].json() == filed[1].json()
    assert client.get(f"{path}/draft", headers=service_token).status_code == 404
    assert client.get(f"{path}/orders", headers=service_token).json()[0]["number"] == filed[0].json()["number"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_input_makes_the_api_fail(client: TestClient, service_token: dict[str, str], data: st.DataObject) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    operations = [
        result.ok() for result in schema.include(path_regex="^/api/v1/(orders|understand|units|conversations)").get_all_operations()
    ]
    case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
    case.call_and_validate(headers=service_token, checks=[not_a_server_error])
