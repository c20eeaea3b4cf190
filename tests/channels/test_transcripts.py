"""Calls that the call centre transcribes: danger told before the call ends, one order a call, whatever the order of its parts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from dispatch.accounts import tokens
from dispatch.platform import Platform

CALL = [
    ("s1", "agent", 0, 0.98, "您好，12345 接诉即办，请问有什么可以帮您？"),
    ("s2", "caller", 3, 0.95, "您好，我家暖气三天不热了，屋里只有十三度。"),
    ("s3", "agent", 9, 0.97, "请问您家在哪个小区？"),
    ("s4", "caller", 12, 0.93, "朝阳区望京街道南湖西园215楼。"),
    ("s5", "agent", 16, 0.97, "供热站来看过吗？"),
    ("s6", "caller", 18, 0.31, "咕噜咕噜说不清"),
    ("s7", "caller", 22, 0.94, "老人孩子都冻感冒了，麻烦尽快修好。"),
]


def segments(*ids: str) -> list[dict[str, Any]]:
    return [
        {"id": name, "speaker": speaker, "start": start, "end": start + 2, "confidence": confidence, "text": words}
        for name, speaker, start, confidence, words in CALL
        if not ids or name in ids
    ]


def post(client: TestClient, headers: dict[str, str], call_id: str = "call-1", **body: Any) -> dict[str, Any]:
    response = client.post("/channels/transcripts", headers=headers, json={"call_id": call_id, **body})
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


def platform_of(client: TestClient) -> Platform:
    return client.app.state.platform  # type: ignore[attr-defined,no-any-return]


def count(client: TestClient, table: str) -> int:
    with platform_of(client).database.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_call_told_in_parts_in_any_order_makes_one_order(client: TestClient, service_token: dict[str, str]) -> None:
    parts = segments()
    random.Random(7).shuffle(parts)
    for part in parts + parts[:3]:
        out = post(client, service_token, segments=[part])
        assert out["state"] == "open"
    metadata = {"caller_number": "13800138000", "agent": "A017", "started_at": "2026-11-23T09:58:00+08:00"}
    recording = "https://records.example.cn/call-1.wav"
    final = post(client, service_token, metadata=metadata, recording_url=recording, final=True)
    again = post(client, service_token, segments=segments(), metadata=metadata, recording_url=recording, final=True)
    assert final["state"] == "filed"
    assert again == final
    assert final["low_confidence"] == ["s6"]
    assert count(client, "orders") == 1
    order = client.get(f"/api/v1/orders/{final['order_number']}", headers=service_token).json()
    assert order["unit"]["name"]
    assert order["place"]["street"] == "望京街道"
    assert "十三度" in order["description"]
    assert "老人孩子" in order["description"]
    assert "［听不清］" in order["description"]
    assert "请问您家" not in order["description"], "the agent's words are the agent's"
    assert order["contact"]["phone"].startswith("138")
    assert "13800138000" not in str(order)
    with platform_of(client).database.read() as session:
        stored = session.execute(text("SELECT * FROM transcript_calls")).one()
    assert "records.example" not in str(stored)


def test_danger_in_a_part_raises_the_alarm_once_before_the_call_ends(client: TestClient, service_token: dict[str, str]) -> None:
    said = {"id": "a", "speaker": "caller", "start": 4, "end": 6, "confidence": 0.5, "text": "楼下着火了，楼道里全是浓烟"}
    first = post(client, service_token, segments=[said])
    assert first["emergency"] == "119"
    assert first["state"] == "open"
    post(client, service_token, segments=[said])
    post(client, service_token, segments=[{**said, "id": "b", "start": 7, "end": 9, "text": "着火了，快来人，还有人困在里面"}])
    post(client, service_token, final=True)
    assert count(client, "emergencies") == 1
    with platform_of(client).database.read() as session:
        reason, urgency = session.execute(text("SELECT attention_reason, urgency FROM conversations")).one()
    assert (reason, urgency) == ("emergency", 0)


@pytest.mark.parametrize(("answer", "alarms"), [("是的，是的", 1), ("没有没有", 0)])
def test_a_yes_to_the_agents_question_counts(client: TestClient, service_token: dict[str, str], answer: str, alarms: int) -> None:
    asked = {"id": "1", "speaker": "agent", "start": 0, "end": 1, "text": "您是说家里燃气泄漏，有人中毒昏迷了，是吗？"}
    replied = {"id": "2", "speaker": "caller", "start": 2, "end": 3, "text": answer}
    post(client, service_token, segments=[replied])
    post(client, service_token, segments=[asked])
    assert count(client, "emergencies") == alarms


def test_what_is_not_understood_goes_to_a_person_and_late_words_too(client: TestClient, service_token: dict[str, str]) -> None:
    vague = {"id": "1", "speaker": "caller", "start": 0, "end": 3, "text": "喂，你好，我想问一下那个事"}
    assert post(client, service_token, segments=[vague], final=True)["state"] == "queued"
    assert count(client, "orders") == 0
    filed = post(client, service_token, "call-2", segments=segments("s2", "s4"), final=True)
    assert filed["state"] == "filed"
    late = post(client, service_token, "call-2", segments=segments("s7"))
    assert late["order_number"] == filed["order_number"]
    with platform_of(client).database.read() as session:
        waiting = session.execute(text("SELECT count(*) FROM conversations WHERE urgency IS NOT NULL")).scalar_one()
    assert waiting == 2


def test_a_segment_heard_better_replaces_what_was_heard_first(client: TestClient, service_token: dict[str, str]) -> None:
    heard = {"id": "1", "speaker": "caller", "start": 0, "end": 3, "text": "我家暖器不热", "revision": 2}
    post(client, service_token, segments=[heard])
    post(client, service_token, segments=[{**heard, "text": "我家", "revision": 1}])
    with platform_of(client).database.read() as session:
        assert session.execute(text("SELECT text FROM transcript_segments")).scalar_one() == "我家暖器不热"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_only_a_call_centre_gets_in_and_what_is_wrong_is_named(client: TestClient, service_token: dict[str, str]) -> None:
    platform = platform_of(client)
    with platform.database.write() as session:
        _, allowed = tokens.make(session, name="hotline", scopes=["intake:write"], unit_code=None, by="test", now=platform.clock.now())
        _, other = tokens.make(session, name="reader", scopes=["orders:read"], unit_code=None, by="test", now=platform.clock.now())
    for secret, status in ((allowed, 200), (other, 403), ("jsjb_nonsense", 401)):
        response = client.post("/channels/transcripts", headers={"Authorization": f"Bearer {secret}"}, json={"call_id": "c"})
        assert response.status_code == status
    assert client.post("/channels/transcripts", json={"call_id": "c"}).status_code == 401
    wrong = segments("s2")
    for change in ({"confidence": 1.5}, {"end": -1}, {"speaker": "ghost"}, {"id": "a b"}, {"start": 9, "end": 8}):
        response = client.post("/channels/transcripts", headers=service_token, json={"call_id": "c", "segments": [{**wrong[0], **change}]})
        assert response.status_code == 422
        assert next(iter(change)) in response.text or "end" in response.text
        assert "十三度" not in response.text
