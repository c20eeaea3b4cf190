"""The knowledge base over HTTP: answers for the assistant, import, review by role."""

from __future__ import annotations

import time

from fastapi.testclient import TestClient

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
    assert set(first) == {"id", "title", "passage", "dept", "source", "valid_to", "score"}
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
