"""Who gets in where: every route of the API against every role, from the table itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from dispatch.accounts.permissions import SCOPES, TABLE
from dispatch.orders.workflow import Role
from tests.dispatch.test_api import log_in

UNIT = "110105026"
STAFF = (Role.OPERATOR, Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)
VALUES = {"conversation_id": "c" * 32, "number": "1", "month": "2026-11", "state": "pause", "name": "accept", "session_id": "0" * 16}


def _routes() -> list[str]:
    """Every route of the API as ``METHOD /path``."""
    import bot.app
    from dispatch.core.settings import Settings

    found = []
    for route in _walk(bot.app.create_app(Settings()).routes):
        if isinstance(route, APIRoute) and route.path.startswith("/api/v1/"):
            found += [f"{method} {route.path}" for method in sorted(route.methods)]
    return sorted(found)


def _walk(routes: list[object]) -> Iterator[object]:
    for route in routes:
        inner = getattr(route, "original_router", None) or route
        if hasattr(inner, "routes"):
            yield from _walk(inner.routes)
        else:
            yield route


def _path(template: str) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in ("callback_id", "gap_id"):
            return "999999"
        return VALUES.get(name, "0" * 32)

    return re.sub(r"{(\w+)}", value, template)


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    assert set(_routes()) - set(TABLE) == set(), "a new route needs its rule"


def test_every_denial_is_the_tables(client: TestClient, service_token: dict[str, str]) -> None:
    browsers = {role: log_in(client, role, UNIT if role is Role.HANDLER else None) for role in STAFF}
    wrong = []
    for entry in sorted(set(TABLE) & set(_routes())):
        method, template = entry.split(" ", 1)
        rule, path = TABLE[entry], _path(template)
        if rule.public:
            continue
        body = {"json": {}} if method in ("POST", "PUT") else {}
        if method == "DELETE" or template.endswith(("/sessions/{session_id}/revoke", "/password")):
            continue  # would end the log-ins that the other cases need
        for role, (browser, csrf) in browsers.items():
            denied = browser.request(method, path, headers=csrf, **body).status_code in (401, 403)
            if denied == (role in rule.roles):
                wrong.append((entry, role.value, "denied" if denied else "let in"))
        assistant = client.request(method, path, headers={**service_token, "X-Conversation": "c" * 32}, **body).status_code
        if (assistant in (401, 403)) == rule.assistant:
            wrong.append((entry, "assistant", str(assistant)))
        nobody = TestClient(client.app).request(method, path, **body).status_code
        if nobody != 401:
            wrong.append((entry, "nobody", str(nobody)))
    assert wrong == []


def test_a_change_needs_the_pages_own_token(client: TestClient) -> None:
    browser, _ = log_in(client, Role.ADMINISTRATOR)
    assert browser.post("/api/v1/service-tokens", json={"name": "x", "scopes": ["orders:read"]}).status_code == 403


def test_tokens_reach_as_far_as_their_scopes(client: TestClient, service_token: dict[str, str]) -> None:
    browser, csrf = log_in(client, Role.ADMINISTRATOR)
    made = browser.post("/api/v1/service-tokens", json={"name": "呼叫中心", "scopes": ["orders:read"]}, headers=csrf)
    assert made.status_code == 201
    token = {"Authorization": f"Bearer {made.json()['token']}"}
    assert client.get("/api/v1/orders", headers=token).status_code == 200
    assert client.post("/api/v1/orders", json={"description": "灯坏了"}, headers=token).status_code == 403
    assert client.get("/api/v1/service-tokens", headers=token).status_code == 403
    assert made.json()["token"] not in browser.get("/api/v1/service-tokens").text
    assert browser.post(f"/api/v1/service-tokens/{made.json()['id']}/revoke", headers=csrf).status_code == 200
    assert client.get("/api/v1/orders", headers=token).status_code == 401
    bad = browser.post("/api/v1/service-tokens", json={"name": "x", "scopes": ["everything"]}, headers=csrf)
    assert (bad.status_code, bad.json()["field"]) == (422, "scopes")
    assert set(SCOPES) >= {rule.scope for rule in TABLE.values() if rule.scope}


def test_a_units_token_is_that_unit(client: TestClient, service_token: dict[str, str]) -> None:
    order = {"description": "路灯坏了", "matter_code": "0704", "place": {"district": "朝阳区", "street": "望京街道"}}
    number = client.post("/api/v1/orders", json=order, headers=service_token).json()["number"]
    browser, csrf = log_in(client, Role.ADMINISTRATOR)
    scopes = ["orders:read", "orders:write"]
    for unit, expected in ((UNIT, 200), ("110108001", 404)):
        made = browser.post("/api/v1/service-tokens", json={"name": "单位系统", "scopes": scopes, "unit_code": unit}, headers=csrf).json()
        token = {"Authorization": f"Bearer {made['token']}"}
        assert client.get(f"/api/v1/orders/{number}", headers=token).status_code == expected
    assert client.get("/api/v1/orders", headers=token).json() == []


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
def test_log_ins_are_listed_ended_and_run_out(client: TestClient, role: Role, clock: object) -> None:
    from datetime import timedelta

    browser, csrf = log_in(client, role)
    (mine,) = browser.get("/api/v1/sessions").json()
    assert mine["current"]
    second = TestClient(client.app)
    second.post("/console/login", data={"username": f"{role.value}-city", "password": "a-long-password"})
    assert len(browser.get("/api/v1/sessions").json()) == 2
    weak = {"old": "a-long-password", "new": "short"}
    assert browser.post("/api/v1/password", json=weak, headers=csrf).json()["field"] == "new"
    wrong = {"old": "not it at all", "new": "another-long-one"}
    assert browser.post("/api/v1/password", json=wrong, headers=csrf).status_code == 403
    right = {"old": "a-long-password", "new": "another-long-one"}
    assert browser.post("/api/v1/password", json=right, headers=csrf).status_code == 204
    assert second.get("/api/v1/sessions").status_code == 401, "every other log-in ends"
    clock.moment += timedelta(hours=3)  # type: ignore[attr-defined]
    assert browser.get("/api/v1/sessions").status_code == 200
    clock.moment += timedelta(hours=3)  # type: ignore[attr-defined]
    assert browser.get("/api/v1/sessions").status_code == 200, "it was in use in between"
    clock.moment += timedelta(hours=4, minutes=1)  # type: ignore[attr-defined]
    assert browser.get("/api/v1/sessions").status_code == 401
