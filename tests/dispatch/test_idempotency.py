"""A POST sent twice under one key is done once and answered the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from fastapi.testclient import TestClient

from dispatch.core import idempotency
from dispatch.core.clock import FixedClock
from tests.dispatch.test_api import ORDER

WEBHOOKISH = "/api/v1/intake/rows"
ROWS = {"rows": [{"line": 2, "text": "楼道灯坏了没人修", "address": "朝阳区望京西园四区"}]}


def _headers(token: dict[str, str], key: str) -> dict[str, str]:
    return {**token, "Idempotency-Key": key}


def test_the_same_again_is_answered_the_same(client: TestClient, service_token: dict[str, str]) -> None:
    first = client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1"))
    again = client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1"))
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(client.get("/api/v1/orders", headers=service_token).json()) == 1


def test_another_body_under_the_same_key_is_refused(client: TestClient, service_token: dict[str, str]) -> None:
    client.post(WEBHOOKISH, json=ROWS, headers=_headers(service_token, "k1"))
    other = client.post(WEBHOOKISH, json={"rows": [{"line": 3, "text": "别的"}]}, headers=_headers(service_token, "k1"))
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_what_was_refused_may_be_mended_and_sent_again(client: TestClient, service_token: dict[str, str]) -> None:
    assert client.post("/api/v1/orders", json={}, headers=_headers(service_token, "k1")).status_code == 422
    assert client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1")).status_code == 201
    assert client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, " ")).status_code == 400


def test_callers_keys_never_meet(client: TestClient, service_token: dict[str, str]) -> None:
    client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1"))
    stranger = client.post("/api/v1/orders", json=ORDER, headers={"Idempotency-Key": "k1"})
    assert stranger.status_code == 401


def test_many_at_once_make_one_order(client: TestClient, service_token: dict[str, str]) -> None:
    def send(_: int) -> int:
        return client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "burst")).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(12)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(client.get("/api/v1/orders", headers=service_token).json()) == 1


def test_a_request_cut_off_is_done_when_it_is_sent_again(client: TestClient, service_token: dict[str, str], clock: FixedClock) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1"))
    with platform.database.write() as session:
        row = session.query(idempotency.UsedKey).one()
        row.status = row.answer = None  # as if the process had died before it could say what it answered
    assert client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1")).status_code == 409
    clock.moment += timedelta(minutes=2)
    assert client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1")).status_code == 201
    assert len(client.get("/api/v1/orders", headers=service_token).json()) == 1


def test_answers_are_kept_encrypted_and_for_a_day(client: TestClient, service_token: dict[str, str], clock: FixedClock) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    client.post("/api/v1/orders", json=ORDER, headers=_headers(service_token, "k1"))
    with platform.database.read() as session:
        kept = session.query(idempotency.UsedKey).one()
        assert "望京" not in (kept.answer or "")
    clock.moment += idempotency.KEPT + timedelta(minutes=1)
    assert idempotency.forget_old(platform.database, clock.now()) == 1
