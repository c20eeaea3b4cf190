"""The knowledge base over HTTP: answers for the assistant, import, review by role."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from bot.system import open_platform
from dispatch.accounts import service as accounts
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.knowledge import service
from dispatch.knowledge.schemas import EntryContent
from dispatch.orders.workflow import Role
from dispatch.platform import Platform

CSV = """id,question,passage,dept
q1,家里暖气不热找谁,先联系供热单位报修。,城市管理委
q2,养犬登记怎么办,到派出所办理。,公安局
q3,,空的,公安局
"""


def imported(client: TestClient, token: dict[str, str]) -> None:
    answer = client.post("/api/v1/knowledge/import", files={"file": ("qa.csv", CSV.encode("utf-8-sig"), "text/csv")}, headers=token)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["added"], body["updated"], body["unchanged"]) == (2, 0, 0)
    assert [(each["line"], each["id"]) for each in body["errors"]] == [(4, "q3")]


def asked(client: TestClient, token: dict[str, str], query: str) -> dict[str, object]:
    answer = client.post("/api/v1/knowledge/answer", json={"query": query, "conversation_id": "c1"}, headers=token)
    assert answer.status_code == 200
    body: dict[str, object] = answer.json()
    return body


def test_the_assistant_gets_an_answer_with_source(client: TestClient, service_token: dict[str, str]) -> None:
    imported(client, service_token)
    time.sleep(1.1)
    body = asked(client, service_token, "家里暖气不热找谁")
    assert body["answer"] is True
    (first, *_) = body["hits"]  # type: ignore[misc]
    assert set(first) >= {"id", "title", "passage", "dept", "source", "valid_to", "score", "version", "updated_on"}
    assert (first["id"], first["passage"], first["dept"]) == ("q1", "先联系供热单位报修。", "城市管理委")


def test_nothing_is_answered_from_what_isn_t_there(client: TestClient, service_token: dict[str, str]) -> None:
    assert asked(client, service_token, "帮我写一首关于月亮的诗")["answer"] is False
    for query in ("", "😀", "？", "长" * 20_000):
        assert asked(client, service_token, query)["answer"] is False
    assert client.post("/api/v1/knowledge/answer", json={"query": "长" * 20_001}, headers=service_token).status_code == 422


def test_feedback_is_recorded_for_entries_that_exist(client: TestClient, service_token: dict[str, str]) -> None:
    imported(client, service_token)
    path = "/api/v1/conversations/c1/feedback"
    assert client.post(path, json={"entry_id": "q1", "solved": True}, headers=service_token).status_code == 204
    answer = client.post(path, json={"entry_id": "nobody", "solved": True}, headers=service_token)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_may_do_what(client: TestClient, service_token: dict[str, str]) -> None:
    content = {"title": "公园怎样预约", "answer": "在公众号预约。"}
    for method, path, body in (
        ("POST", "/api/v1/knowledge/answer", {"query": "x"}),
        ("GET", "/api/v1/knowledge/search?q=x", None),
        ("POST", "/api/v1/knowledge/entries/park/versions", {"content": content}),
    ):
        assert client.request(method, path, json=body).status_code == 401
    # The assistant reads; it neither writes nor publishes.
    assert client.post("/api/v1/knowledge/entries/park/versions", json={"content": content}, headers=service_token).status_code == 403
    assert client.post("/api/v1/knowledge/entries/park/versions/1/publish", headers=service_token).status_code == 403
    assert client.get("/api/v1/knowledge/entries/nobody", headers=service_token).status_code == 404


def test_a_file_that_is_no_knowledge_base_is_refused(client: TestClient, service_token: dict[str, str]) -> None:
    answer = client.post("/api/v1/knowledge/import", files={"file": ("x.csv", b"a,b\n1,2\n", "text/csv")}, headers=service_token)
    assert answer.status_code == 422
    assert "question" in answer.json()["detail"]


def log_in(client: TestClient, role: Role, unit: str | None = None) -> tuple[TestClient, dict[str, str]]:
    """Return a browser that is logged in as ``role``, and the header its changes must carry."""
    platform: Any = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.write() as session:
        accounts.create(session, role.value, "a-long-password", display_name=role.value, role=role, unit_code=unit)
    browser = TestClient(client.app)
    browser.post("/console/login", data={"username": role.value, "password": "a-long-password"})
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console/workflow").text)
    assert csrf
    return browser, {"X-CSRF-Token": csrf[1]}


def test_a_unit_submits_its_own_and_the_city_publishes(client: TestClient, service_token: dict[str, str]) -> None:
    unit, unit_header = log_in(client, Role.HANDLER, "110105")
    city, city_header = log_in(client, Role.DISPATCHER)
    path = "/api/v1/knowledge/entries/chaoyang-park"
    content = {"title": "朝阳公园怎样预约", "answer": "在公众号预约。", "unit_code": "110105", "region": "朝阳区"}
    foreign = content | {"unit_code": "110108"}
    assert unit.post(f"{path}/versions", json={"content": foreign}, headers=unit_header).status_code == 403
    assert unit.post(f"{path}/versions", json={"content": content}, headers=unit_header).json() == {"version": 1}
    assert unit.post(f"{path}/versions/1/publish", headers=unit_header).status_code == 403
    assert city.post(f"{path}/versions/1/publish", headers=city_header).status_code == 204
    assert city.post(f"{path}/versions/1/publish", headers=city_header).status_code == 409
    changed = content | {"answer": "<b>在小程序</b>预约。"}
    assert unit.post(f"{path}/versions", json={"content": changed}, headers=unit_header).json() == {"version": 2}
    assert unit.get(f"{path}/diff?before=1&after=2").json() == [{"field": "answer", "before": "在公众号预约。", "after": "在小程序预约。"}]
    assert city.post(f"{path}/versions/2/reject", json={"note": "缺少依据"}, headers=city_header).status_code == 204
    entry = city.get(path).json()
    assert [(each["number"], each["state"]) for each in entry["versions"]] == [(1, "published"), (2, "rejected")]
    time.sleep(1.1)
    assert asked(client, service_token, "朝阳公园怎样预约")["answer"] is True
    assert city.post(f"{path}/withdraw", json={"note": "停止预约"}, headers=city_header).status_code == 204
    time.sleep(1.1)
    assert asked(client, service_token, "朝阳公园怎样预约")["hits"] == []


def test_odd_ids_and_numbers_are_refused(client: TestClient, service_token: dict[str, str]) -> None:
    for path in ("a%00b", "a%20b", "x" * 65, "q1/diff?before=0&after=1", f"q1/diff?before=1&after={2**40}"):
        assert client.get(f"/api/v1/knowledge/entries/{path}", headers=service_token).status_code in (404, 422)
    body = {"query": "x\u0000y", "conversation_id": "c1"}
    assert client.post("/api/v1/knowledge/answer", json=body, headers=service_token).status_code == 200
    assert client.post("/api/v1/knowledge/answer", json=body | {"conversation_id": "\u0000"}, headers=service_token).status_code == 422


@pytest.mark.postgres
def test_two_platforms_on_one_database_find_each_other_s_changes_within_two_seconds(
    postgres_server: str, new_postgres_system: str, new_system: Path, tmp_path: Path, clock: FixedClock
) -> None:
    name = f"t{uuid.uuid4().hex}"
    server = sa.make_url(postgres_server)
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {new_postgres_system}")
    url = server.set(database=name).render_as_string(hide_password=False)
    shutil.copytree(new_system, tmp_path, dirs_exist_ok=True)
    settings = Settings(data_dir=tmp_path, database_url=url)
    one, two = open_platform(settings, clock), open_platform(settings, clock)

    def asked(platform: Platform) -> list[tuple[str, str]]:
        hits = service.ask(platform.database, platform.knowledge, "朝阳公园怎样预约", clock.now()).hits
        return [(hit.id, hit.passage) for hit in hits]

    def within_two_seconds(platform: Platform, expected: list[tuple[str, str]]) -> None:
        deadline = time.monotonic() + 2
        while asked(platform) != expected:
            assert time.monotonic() < deadline, asked(platform)
            time.sleep(0.05)

    try:
        assert asked(one) == asked(two) == []
        for number, answer in enumerate(("在公众号预约。", "在小程序预约。"), 1):
            with one.database.write() as session:
                service.submit(session, "park", EntryContent(title="朝阳公园怎样预约", answer=answer), author="unit", now=clock.now())
                service.publish(session, "park", number, reviewer="desk", now=clock.now())
            within_two_seconds(two, [("park", answer)])
            within_two_seconds(one, [("park", answer)])
        with two.database.write() as session:
            service.withdraw(session, "park", by="desk", reason="停止", now=clock.now())
        within_two_seconds(one, [])
    finally:
        for platform in (one, two):
            platform.database.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.dispose()


def test_a_document_is_taken_in_over_http_and_a_dry_run_isn_t(client: TestClient, service_token: dict[str, str]) -> None:
    data = "---\ntitle: 养犬指南\n---\n# 怎么登记？\n到派出所。\n".encode()

    def send(name: str, body: bytes, **params: str) -> Any:
        return client.post("/api/v1/knowledge/import", files={"file": (name, body)}, params=params, headers=service_token)

    tried = send("养犬.md", data, dry_run="true").json()
    assert (tried["added"], tried["dry_run"]) == (1, True)
    assert client.get("/api/v1/knowledge/entries?q=怎么登记", headers=service_token).json() == []
    assert send("养犬.md", data).json()["added"] == 1
    assert send("养犬.md", data).json()["unchanged"] == 1
    (line,) = client.get("/api/v1/knowledge/entries?q=怎么登记", headers=service_token).json()
    assert (line["title"], line["state"]) == ("怎么登记？", "published")
    refused = send("x.docx", b"PK")
    assert refused.status_code == 422
    assert "DOCX" in refused.json()["detail"]


def test_gaps_and_rates_over_http_by_unit(client: TestClient, service_token: dict[str, str]) -> None:
    imported(client, service_token)
    asked(client, service_token, "帮我写一首关于月亮的诗")
    platform: Any = client.app.state.platform  # type: ignore[attr-defined]
    service.cluster(platform.database)
    (gap,) = client.get("/api/v1/knowledge/gaps", headers=service_token).json()
    assert gap["asked"] == 1
    detail = client.get(f"/api/v1/knowledge/gaps/{gap['id']}", headers=service_token).json()
    assert detail["questions"] == ["帮我写一首关于月亮的诗"]
    unit, header = log_in(client, Role.HANDLER, "110105")
    assert unit.get("/api/v1/knowledge/gaps").json() == []
    assert unit.get(f"/api/v1/knowledge/gaps/{gap['id']}").status_code == 404
    assert unit.post(f"/api/v1/knowledge/gaps/{gap['id']}/close", json={"note": "x"}, headers=header).status_code == 404
    city, header = log_in(client, Role.DISPATCHER)
    assert city.post(f"/api/v1/knowledge/gaps/{gap['id']}/close", json={"note": "不属职责"}, headers=header).status_code == 204
    assert city.get("/api/v1/knowledge/gaps").json() == []
    assert city.get("/api/v1/knowledge/rates").json()[0]["asked"] == 1
    assert city.get("/api/v1/knowledge/rates?from=2026-11-24&to=2026-11-01").status_code == 422
    assert city.get("/api/v1/knowledge/gaps/999").status_code == 404


def test_a_question_goes_to_the_unit_that_owns_its_subject(client: TestClient, service_token: dict[str, str]) -> None:
    platform: Any = client.app.state.platform  # type: ignore[attr-defined]
    owner = next(unit for unit in platform.reference.current().units.all() if unit.kind == "department")
    draft = {"request_type": "咨询", "description": "这种证到底怎么换\n——与智能客服的对话——", "anonymous": True, "state": "summary"}
    path = "/api/v1/conversations/c-owner"
    without = client.put(f"{path}/draft", json=draft, headers=service_token).json()
    assert without["unit"]["code"] != owner.code
    stored = client.put(f"{path}/draft", json=draft | {"subject_unit": owner.code}, headers=service_token).json()
    assert stored["unit"]["code"] == owner.code
    header = service_token | {"Idempotency-Key": "k1", "X-Channel": "web"}
    order = client.post(f"{path}/orders", headers=header).json()
    assert order["unit"]["code"] == owner.code
    unknown = client.put(f"{path}/draft", json=draft | {"subject_unit": "nobody"}, headers=service_token).json()
    assert unknown["unit"]["code"] == without["unit"]["code"]
