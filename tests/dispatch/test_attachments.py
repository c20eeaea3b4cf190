"""Files on orders: checked, on record, for those who may see the order, and with what the resident sent."""

from __future__ import annotations

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from dispatch.media import service as media
from dispatch.orders.workflow import Role
from tests.dispatch.test_api import ORDER, log_in

UNIT = "110105026"


def _picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def path(client: TestClient, service_token: dict[str, str]) -> str:
    number = client.post("/api/v1/orders", json=ORDER, headers=service_token).json()["number"]
    return f"/api/v1/orders/{number}"


def test_a_unit_adds_a_picture_and_it_is_on_record(client: TestClient, path: str) -> None:
    browser, csrf = log_in(client, Role.HANDLER, UNIT)
    made = browser.post(f"{path}/attachments", files={"file": ("现场.png", _picture(), "image/png")}, headers=csrf)
    assert made.status_code == 201, made.text
    (listed,) = browser.get(f"{path}/attachments").json()
    assert listed["id"] == made.json()["id"]
    assert client.get(listed["url"]).status_code == 200
    assert browser.get(f"{path}/events").json()[-1]["name"] == "attach"


def test_what_the_resident_sent_is_there(client: TestClient, service_token: dict[str, str]) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    conversation = "d" * 32
    draft = {"description": "路灯坏了", "matter_code": "0304", "place": {"district": "朝阳区", "street": "望京街道"}, "state": "summary"}
    client.put(f"/api/v1/conversations/{conversation}/draft", json=draft, headers=service_token)
    keyed = {**service_token, "Idempotency-Key": "k"}
    number = client.post(f"/api/v1/conversations/{conversation}/orders", headers=keyed).json()["number"]
    media.store(platform, _picture(), owner=f"conversation:{conversation}", now=platform.clock.now(), filename="灯.png")
    files = client.get(f"/api/v1/orders/{number}/attachments", headers=service_token).json()
    assert [each["kind"] for each in files] == ["photo"]


def test_strangers_and_wrong_files_are_refused_and_leave_nothing(client: TestClient, path: str) -> None:
    stranger, stranger_csrf = log_in(client, Role.HANDLER, "110108001")
    file = {"file": ("现场.png", _picture(), "image/png")}
    assert stranger.post(f"{path}/attachments", files=file, headers=stranger_csrf).status_code == 404
    auditor, auditor_csrf = log_in(client, Role.AUDITOR)
    assert auditor.post(f"{path}/attachments", files=file, headers=auditor_csrf).status_code == 403
    assert auditor.get(f"{path}/attachments").json() == []
    browser, csrf = log_in(client, Role.HANDLER, UNIT)
    bad = browser.post(f"{path}/attachments", files={"file": ("a.jpg", b"PK\x03\x04not a picture", "image/jpeg")}, headers=csrf)
    assert bad.status_code == 415
    assert "file" in bad.json()["detail"]
    assert browser.get(f"{path}/attachments").json() == []
    assert [event["name"] for event in browser.get(f"{path}/events").json()] == ["register", "dispatch"]
