"""Logging in with the city's account service: who is vouched for gets their own account, everybody else nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from bot.app import create_app
from dispatch.accounts import oidc
from dispatch.accounts import service as accounts
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders.workflow import Role
from tests.doubles.account_service import CLIENT, SECRET, AccountService, account_service

RETURN = "/console/login/city/return"


@pytest.fixture
def city() -> Iterator[AccountService]:
    with account_service() as service:
        yield service


@pytest.fixture
def browser(settings: Settings, clock: FixedClock, city: AccountService) -> Iterator[TestClient]:
    given = {"oidc_issuer": city.url, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    with TestClient(create_app(settings.model_copy(update=given), clock), follow_redirects=False) as client:
        platform = client.app.state.platform  # type: ignore[attr-defined]
        with platform.database.write() as session:
            accounts.create(session, "supervisor", "a-long-password", display_name="督办员", role=Role.SUPERVISOR)
        yield client


def _depart(browser: TestClient, target: str = "/console") -> str:
    answer = browser.get("/console/login/city", params={"next": target})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def _logged_in(browser: TestClient) -> bool:
    return browser.get("/console/workflow").status_code == 200


def test_whoever_is_vouched_for_is_logged_in_and_brought_where_they_wanted(browser: TestClient, city: AccountService) -> None:
    assert "统一身份认证" in browser.get("/console/login").text
    state, code = city.authorize(_depart(browser, "/console/workflow"))
    answer = browser.get(RETURN, params={"state": state, "code": code})
    assert answer.status_code == 200
    assert 'url=/console/workflow"' in answer.text
    assert _logged_in(browser)
    again = browser.get(RETURN, params={"state": state, "code": code})
    assert again.status_code == 403, "a code works once"


LIES = {"nonce": {"nonce": "x"}, "audience": {"aud": "x"}, "issuer": {"iss": "https://x"}, "expired": {"exp": 1000}}


def test_nobody_else_gets_in(browser: TestClient, city: AccountService, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("state", "browser", *LIES, "forged", "down", "too late"):
        state, code = city.authorize(_depart(browser))
        city.lies, city.forge, city.down = LIES.get(wrong, {}), wrong == "forged", wrong == "down"
        if wrong == "browser":
            browser.cookies.clear()
        if wrong == "too late":
            monkeypatch.setattr(oidc, "MEMO_SECONDS", -1)
        answer = browser.get(RETURN, params={"state": "x" if wrong == "state" else state, "code": code})
        assert answer.status_code == 403, wrong
        assert "没有成功" in answer.text
        assert code not in answer.text
        assert not _logged_in(browser), wrong


def test_an_account_is_not_made_by_logging_in(browser: TestClient, city: AccountService) -> None:
    city.username = "stranger"
    state, code = city.authorize(_depart(browser))
    answer = browser.get(RETURN, params={"state": state, "code": code})
    assert answer.status_code == 403
    assert "没有您的账号" in answer.text
    assert not _logged_in(browser)


def test_without_an_account_service_there_is_no_such_way(client: TestClient) -> None:
    assert "统一身份认证" not in client.get("/console/login").text
    assert client.get("/console/login/city", follow_redirects=False).headers["location"] == "/console/login"
    with pytest.raises(ValidationError, match="OIDC_CLIENT_ID"):
        Settings(oidc_issuer="https://id.example.cn")
