"""Administration: accounts and tokens change as asked, at once, on record; the audit finds it all and nobody else gets in."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from dispatch.orders.workflow import Role
from tests.dispatch.order_work import COLD_FLAT, register
from tests.dispatch.test_api import log_in


def _post(browser: TestClient, header: dict[str, str], path: str, **data: object) -> str:
    response = browser.post(path, data={"csrf": header["X-CSRF-Token"], **data})
    assert response.status_code in (200, 422), response.text
    return response.text


def test_an_account_from_its_first_password_to_its_end_on_record(client: TestClient) -> None:
    admin, header = log_in(client, Role.ADMINISTRATOR)
    fields = {"username": "lisi", "display_name": "<b>李示例</b>", "role": "handler"}
    assert "须指定单位" in _post(admin, header, "/console/admin/accounts", **fields)
    page = _post(admin, header, "/console/admin/accounts", **fields, unit="望京街道办事处（110105026）")
    assert "<b>李示例" not in page
    password = re.search(r"<code>([^<]+)</code>", page)
    assert password
    assert password[1] not in admin.get("/console/admin").text
    staff = TestClient(client.app)
    staff.post("/console/login", data={"username": "lisi", "password": password[1]})
    assert staff.get("/console").url.path == "/console"
    assert staff.get("/console/admin").status_code == 403
    _post(admin, header, "/console/admin/accounts/lisi/disable")
    assert staff.get("/console").url.path == "/console/login"
    assert "不能停用自己" in _post(admin, header, "/console/admin/accounts/administrator-city/disable")
    audit = admin.get("/console/audit").text
    for words in ("新增账号", "停用账号", "lisi", "handler 110105026"):
        assert words in audit
    assert password[1] not in audit


def test_a_form_from_elsewhere_changes_nothing(client: TestClient) -> None:
    admin, _ = log_in(client, Role.ADMINISTRATOR)
    for path in ("/console/admin/accounts/administrator-city/password", "/console/admin/tokens"):
        assert admin.post(path, data={"csrf": "x", "name": "n", "scopes": "orders:read"}).status_code == 403


def test_a_token_is_shown_once_and_ends_when_revoked(client: TestClient) -> None:
    admin, header = log_in(client, Role.ADMINISTRATOR)
    assert "至少选择一个" in _post(admin, header, "/console/admin/tokens", name="区平台")
    secret = re.search(r"<code>(jsjb_[^<]+)</code>", _post(admin, header, "/console/admin/tokens", name="区平台", scopes="orders:read"))
    assert secret
    page = admin.get("/console/admin/tokens").text
    assert secret[1] not in page
    bearer = {"Authorization": f"Bearer {secret[1]}"}
    assert client.get("/api/v1/orders", headers=bearer).status_code == 200
    revoke = re.search(r"/console/admin/tokens/[0-9a-f]{32}/revoke", page)
    assert revoke
    _post(admin, header, revoke[0])
    assert client.get("/api/v1/orders", headers=bearer).status_code == 401


def test_the_audit_finds_exports_and_verifies_without_words_about_people(client: TestClient) -> None:
    number = register(client.app.state.platform)  # type: ignore[attr-defined]
    auditor, _ = log_in(client, Role.AUDITOR)
    page = auditor.get("/console/audit", params={"number": number}).text
    assert "记录完整" in page
    csv = auditor.get("/console/audit/export", params={"number": number.lower()})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.count(number) == 2
    assert COLD_FLAT.description not in csv.text
    assert auditor.get("/console/audit", params={"number": "BJ00000000-000000"}).status_code == 200
    assert auditor.get("/console/audit", params={"first": "2020-01-01", "last": "2026-01-01"}).status_code == 422


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR])
def test_nobody_else_administers_or_audits(client: TestClient, role: Role) -> None:
    browser, _ = log_in(client, role)
    for path in ("/console/admin", "/console/admin/tokens", "/console/audit", "/console/audit/export"):
        assert browser.get(path).status_code == 403, path
