"""An order's steps over HTTP: the console's forms, the picture of the table, and the API's preconditions and problems."""

from __future__ import annotations

from fastapi.testclient import TestClient

from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import TABLE, Role
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, DISPATCHER, STALLS, WANGJING, accepted, do, register, stored
from tests.dispatch.test_api import log_in


def _platform(client: TestClient) -> Platform:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    return platform


def test_a_unit_does_the_new_steps_on_its_page(client: TestClient, clock: FixedClock) -> None:
    platform = _platform(client)
    number, repeat = accepted(platform, COLD_FLAT), register(platform, STALLS)
    do(platform, repeat, "merge", DISPATCHER, parent=number, reason="同一件事")
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    page = browser.get(f"/console/orders/{number}").text
    for label in ("请其他单位协办", "吹哨", "报请协调", "请社区协助", "暂停计时", "延长办理时限"):
        assert label in page
    assert repeat in page

    def step(name: str, **fields: str) -> tuple[int, str]:
        answer = browser.post(f"/console/orders/{number}/transitions/{name}", data=fields | {"csrf": csrf["X-CSRF-Token"]})
        return answer.status_code, answer.text

    status, text = step("answer", answer="修好了，请放心")
    assert status == 409
    assert "没有联系记录" in text
    assert "修好了，请放心" in text, "what was written is kept"
    status, text = step("ask_community", community_list="assistance", community_part="main", reason="请社区办")
    assert "第十九条第二款" in text
    assert '<option value="assistance" selected>' in text
    assert "时限: " in step("extend", deadline="明天", reason="等备件")[1]
    assert "ground: 填写有误" in step("hold", ground="weather", reason="下雪")[1]
    assert step("whistle", unit="B005", reason="明早九点到现场", deadline="2026-11-24T09:00")[0] == 200
    assert step("answer", answer="修好了", no_contact_reason="三次无人接听")[0] == 200
    assert stored(platform, number).state == "answered"


def test_an_asked_unit_finds_the_order_on_its_first_page(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform)
    browser, csrf = log_in(client, Role.HANDLER, "B005")
    assert number not in browser.get("/console").text
    do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason="请查许可")
    assert number in browser.get("/console").text
    page = browser.get(f"/console/orders/{number}").text
    assert "协办单位报送结果" in page
    assert "签收" not in page.split("办理经过")[0]
    answer = browser.post(f"/api/v1/orders/{number}/transitions/co_report", json={"reason": "没有许可"}, headers=csrf)
    assert answer.status_code == 200, answer.text
    assert {each["unit"]["code"]: each["state"] for each in answer.json()["helpers"]}["B005"] == "reported"


def test_a_dispatcher_splits_and_ends_on_the_page(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform, STALLS.model_copy(update={"dispatch_now": False}))
    browser, csrf = log_in(client, Role.DISPATCHER)
    path = f"/console/orders/{number}/transitions"
    form = {"csrf": csrf["X-CSRF-Token"], "reason": "三件事", "parts": "楼道里的灯坏了\n\n井盖丢了一个"}
    assert browser.post(f"{path}/split", data=form).status_code == 200
    links = browser.get(f"/api/v1/orders/{number}/links").json()
    assert [link["relation"] for link in links] == ["part", "part"]
    ended = {"csrf": csrf["X-CSRF-Token"], "ending": "market", "answer": "这类纠纷请与商家协商"}
    assert "告知市场、社会渠道" in browser.post(f"{path}/conclude", data=ended).text


def test_the_api_says_what_may_be_done_and_what_is_wrong(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, COLD_FLAT)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    path = f"/api/v1/orders/{number}/transitions"
    offered = {step["name"]: step for step in browser.get(path).json()}
    assert offered["answer"]["takes"] == ["no_contact_reason", "no_report_reason"]
    assert offered["hold"]["needs"] == ["ground", "reason"]
    missing = browser.post(f"{path}/answer", json={"answer": "好了"}, headers=csrf)
    assert (missing.status_code, missing.json()["field"]) == (422, "no_contact_reason")
    rule = browser.post(f"{path}/invite_co_unit", json={"unit": "110105026", "reason": "请自己"}, headers=csrf)
    assert (rule.status_code, rule.json()["field"], rule.json()["article"]) == (409, "unit", "第十六条第二款")
    stale = browser.post(f"{path}/log_contact", json={"reason": "电话"}, headers=csrf | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    fresh = browser.post(f"{path}/log_contact", json={"reason": "电话"}, headers=csrf | {"If-Match": '"2"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"3"')
    assert browser.post(f"{path}/log_contact", json={"reason": "电话"}, headers=csrf | {"If-Match": "three"}).status_code == 412


def test_the_workflow_page_draws_the_table(client: TestClient) -> None:
    browser, _ = log_in(client, Role.SUPERVISOR)
    page = browser.get("/console/workflow").text
    assert "<svg" in page
    assert all(row.label in page and row.article in page for row in TABLE)
