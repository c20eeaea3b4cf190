"""What administrators change beside accounts is on record too: who, when, what, before and after, and nobody's number."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from dispatch.orders.workflow import Role
from tests.dispatch.test_api import log_in
from tests.dispatch.test_evaluation_pages import NEW_RULES

ENTRY = {"title": "公园几点开门？", "answer": "每天 6 点到 22 点。", "source": "公园管理规定"}


@pytest.fixture
def admin(client: TestClient) -> tuple[TestClient, dict[str, str]]:
    return log_in(client, Role.ADMINISTRATOR)


def _change_everything(client: TestClient, browser: TestClient, header: dict[str, str]) -> None:
    form = {"csrf": header["X-CSRF-Token"]}
    removed = {"base": 1, "note": "停办此事项", "removed": ["0704"]}
    assert browser.post("/api/v1/catalogue/versions", json=removed, headers=header).status_code == 201
    editor, editor_header = log_in(client, Role.DISPATCHER)
    for version in (1, 2):
        entry = "/api/v1/knowledge/entries/park"
        assert editor.post(f"{entry}/versions", json={"content": ENTRY}, headers=editor_header).status_code == 201
        step, body = ("publish", None) if version == 1 else ("reject", {"note": "请补充依据，电话13800138000"})
        assert editor.post(f"{entry}/versions/{version}/{step}", json=body, headers=editor_header).status_code == 204
    assert editor.post(f"{entry}/withdraw", json={"note": "公园闭园"}, headers=editor_header).status_code == 204
    hook = {"unit_code": "110105", "url": "https://push.example/in?key=secret", "events": ["order.*"]}
    made = browser.post("/api/v1/webhooks", json=hook, headers=header)
    assert made.status_code == 201, made.text
    assert browser.post(f"/api/v1/webhooks/{made.json()['id']}/pause", headers=header).status_code == 200
    supervisor, supervisor_header = log_in(client, Role.SUPERVISOR)
    rules = supervisor.post("/console/evaluation/rules", data={"csrf": supervisor_header["X-CSRF-Token"], **NEW_RULES})
    assert rules.status_code == 200, rules.text
    reply = {**form, "title": "问候", "text": "您好，请拨13800138000", "city": "true"}
    assert browser.post("/desk/replies", data=reply).status_code == 200
    assert browser.post("/desk/replies", data={**reply, "title": "我自己的", "city": "false"}).status_code == 200
    numbers = {"accept_minutes": 3, "answer_minutes": 10, "idle_minutes": 30, "away_seconds": 120, "capacity": 7}
    setup = browser.post("/desk/setup", data={**form, **numbers, "office_hours": "1-7 00:00-24:00", "assign": "true"})
    assert setup.status_code == 200, setup.text
    group = {**form, "code": "east", "name": "东组", "channels": ["web"], "districts": "朝阳区"}
    assert browser.post("/desk/groups", data=group).status_code == 200
    assert browser.post("/desk/groups/east/remove", data=form).status_code == 200


def test_each_change_is_found_searched_and_exported(client: TestClient, admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, header = admin
    _change_everything(client, browser, header)
    page = browser.get("/console/audit").text
    for words in (
        "第 1 版 → 第 2 版；停办此事项；1 项改动：删除 0704",
        "未发布 → 第 1 版：公园几点开门？",
        "请补充依据，电话138****8000",
        "第 1 版 → 撤下：公园闭园",
        "推送到 push.example：order.*",
        "推送 → 暂停",
        "响应率权重：0.10 → ",
        "内容：无 → 您好，请拨138****8000",
        "几分钟不接转给别人：2 → 3；同时会话：5 → 7",
        "组名：无 → 东组；渠道：无 → web；区：无 → 朝阳区",
        "删除：东组",
    ):
        assert words in page, words
    for secret in ("13800138000", "key=secret", "我自己的"):
        assert secret not in page
    found = browser.get("/console/audit", params={"subject": "park", "actor": "dispatcher-city"}).text
    assert "退回知识" in found
    assert "推送到" not in found
    assert "工单记录</h2>" not in found
    export = browser.get("/console/audit/export-acts", params={"name": "knowledge_withdrawn"})
    assert export.headers["content-type"].startswith("text/csv")
    (line,) = export.text.strip().split("\r\n")[1:]
    assert line.split(",")[1:] == ["dispatcher-city", "撤下知识", "knowledge_withdrawn", "park", "第 1 版 → 撤下：公园闭园"]
    assert "13800138000" not in browser.get("/console/audit/export-acts").text


def test_others_do_not_get_it(client: TestClient) -> None:
    supervisor, _ = log_in(client, Role.SUPERVISOR)
    assert supervisor.get("/console/audit/export-acts").status_code == 403
