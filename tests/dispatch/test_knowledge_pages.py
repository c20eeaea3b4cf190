"""The console's knowledge pages: write, review, publish, compare, find gaps, see rates, take in files."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dispatch.core.clock import FixedClock
from dispatch.knowledge import service
from dispatch.knowledge.render import as_html, as_text
from dispatch.orders.workflow import Role
from tests.dispatch.test_api import log_in

PATH = "/console/knowledge"
ENTRY = {
    "title": "朝阳公园怎样预约",
    "answer": "# 步骤\n- 在**公众号**预约\n- [官网](https://www.beijing.gov.cn)\n\n<script>alert(1)</script>[坏链接](javascript:alert(2))",
    "variants": "公园门票哪里约\r\n去公园要提前约吗",
    "subject": "公园",
    "source": "公园管理中心官网",
    "article": "第三条",
    "unit_code": "110105",
    "region": "朝阳区",
    "valid_to": "2026-12-10",
}


class Browser:
    def __init__(self, client: TestClient, role: Role, unit: str | None = None) -> None:
        self.browser, csrf = log_in(client, role, unit)
        self.csrf = csrf["X-CSRF-Token"]

    def get(self, path: str = "", **params: str) -> Any:
        return self.browser.get(f"{PATH}{path}", params=params)

    def post(self, path: str, **fields: str) -> Any:
        return self.browser.post(f"{PATH}{path}", data={"csrf": self.csrf, **fields}, follow_redirects=False)


@pytest.fixture
def unit(client: TestClient) -> Browser:
    return Browser(client, Role.HANDLER, "110105")


@pytest.fixture
def city(client: TestClient) -> Browser:
    return Browser(client, Role.DISPATCHER)


def test_a_unit_writes_the_city_publishes_and_versions_are_compared(client: TestClient, unit: Browser, city: Browser) -> None:
    saved = unit.post("/entries", **ENTRY, step="draft", note="新开放预约")
    assert saved.status_code == 303, saved.text
    where = saved.headers["location"].removeprefix(PATH)
    assert "提交审核" in unit.get(where).text
    assert unit.post(f"{where}/versions/1/review").status_code == 303
    assert unit.post(f"{where}/versions/1/publish").status_code == 403
    assert "朝阳公园怎样预约" in city.get("/review").text
    shown = city.get(where).text
    assert "<h4>步骤</h4>" in shown
    assert "<strong>公众号</strong>" in shown
    assert 'href="https://www.beijing.gov.cn"' in shown
    assert "alert(1)" not in shown
    assert 'href="javascript' not in shown
    assert city.post(f"{where}/versions/1/publish").status_code == 303
    assert city.post(f"{where}/versions/1/publish").status_code == 409
    form = unit.get(f"{where}/edit").text
    assert "去公园要提前约吗" in form
    changed = {**ENTRY, "answer": "在小程序预约，提前三天。", "entry_id": where.split("/")[-1]}
    assert unit.post("/entries", **changed).status_code == 303
    diff = city.get(f"{where}/diff", before="1", after="2").text
    assert "<ins>在小程序预约，提前三天。</ins>" in diff
    assert "<del>" in diff
    assert city.get(f"{where}/diff", before="1", after="9").status_code == 404
    assert city.post(f"{where}/versions/2/reject", reason=" ").status_code == 409
    assert city.post(f"{where}/versions/2/reject", reason="缺少依据").status_code == 303
    assert "缺少依据" in unit.get(where).text
    assert "朝阳公园" in unit.get(soon="true").text, "it ends within thirty days"
    assert city.post(f"{where}/withdraw", reason="").status_code == 409
    assert city.post(f"{where}/withdraw", reason="停止预约").status_code == 303
    assert "已撤下" in unit.get(where).text


def test_units_touch_only_their_own(client: TestClient, unit: Browser) -> None:
    other = Browser(client, Role.HANDLER, "110108")
    where = unit.post("/entries", **ENTRY).headers["location"].removeprefix(PATH)
    assert other.post("/entries", **{**ENTRY, "unit_code": "110108", "entry_id": where.split("/")[-1]}).status_code == 403
    assert other.post("/entries", **ENTRY).status_code == 403
    assert other.post(f"{where}/versions/1/review").status_code == 403
    assert "修改，提交新版本" not in other.get(where).text
    reader = Browser(client, Role.AUDITOR)
    assert reader.get(where).status_code == 200
    assert reader.get("/new").status_code == 403
    assert reader.post("/entries", **ENTRY).status_code == 403
    assert reader.get("/import").status_code == 403
    assert client.get(PATH, follow_redirects=False).headers["location"].startswith("/console/login")
    unforged = unit.browser.post(f"{PATH}/entries", data=ENTRY)
    assert unforged.status_code == 403


def test_what_is_wrong_is_said_and_nothing_written_is_lost(unit: Browser) -> None:
    wrong = {**ENTRY, "valid_from": "2027-01-01", "note": "说明在此"}
    answer = unit.post("/entries", **wrong)
    assert answer.status_code == 422
    assert "有效期止不能早于有效期起" in answer.text
    assert "说明在此" in answer.text
    assert "去公园要提前约吗" in answer.text
    for field, value in (("title", " "), ("answer", "<b></b>"), ("valid_to", "明年"), ("unit_code", "没有"), ("title", "长" * 1001)):
        assert unit.post("/entries", **{**ENTRY, field: value}).status_code == 422, field


def test_the_reviewer_is_told_of_contradictions_and_duplicates(client: TestClient, unit: Browser, city: Browser) -> None:
    first = unit.post("/entries", **ENTRY).headers["location"].removeprefix(PATH)
    city.post(f"{first}/versions/1/publish")
    client.app.state.platform.knowledge.refresh()  # type: ignore[attr-defined]
    second = unit.post("/entries", **{**ENTRY, "answer": "不用预约。"}).headers["location"].removeprefix(PATH)
    assert "答复不一致" in city.get(second).text
    assert "与已发布条目矛盾" in city.get("/review").text
    third = unit.post("/entries", **ENTRY).headers["location"].removeprefix(PATH)
    assert "内容重复" in city.get(third).text


def test_the_list_is_filtered(unit: Browser, city: Browser) -> None:
    unit.post("/entries", **ENTRY)
    for params in ({"q": "朝阳公园"}, {"state": "in_review"}, {"subject": "公园"}, {"unit": "110105"}, {"region": "朝阳区"}):
        assert "朝阳公园怎样预约" in city.get(**params).text, params
    for params in ({"q": "%"}, {"state": "expired"}, {"unit": "110108"}, {"region": "海淀区"}, {"subject": "公积金"}):
        assert "朝阳公园怎样预约" not in city.get(**params).text, params
    assert city.get(state="nonsense").status_code == 422


def test_gaps_and_rates(client: TestClient, unit: Browser, city: Browser, clock: FixedClock) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    where = unit.post("/entries", **ENTRY).headers["location"].removeprefix(PATH)
    city.post(f"{where}/versions/1/publish")
    platform.knowledge.refresh()
    for number, query in enumerate(("朝阳公园怎样预约", "朝阳公园里面能不能钓鱼啊电话13812345678", "帮我写一首关于月亮的诗")):
        service.ask(platform.database, platform.knowledge, query, clock.now(), conversation_id=f"c{number}")
    service.cluster(platform.database)
    listed = city.get("/gaps").text
    assert "帮我写一首关于月亮的诗" in listed
    assert "13812345678" not in listed
    gap = re.findall(r"/console/knowledge/gaps/(\d+)", listed)[0]
    assert "按这个问题新增条目" in city.get(f"/gaps/{gap}").text
    assert city.post(f"/gaps/{gap}/close", reason="").status_code == 409
    assert city.post(f"/gaps/{gap}/close", reason="已补充").status_code == 303
    assert "已补充" in city.get("/gaps", state="closed").text
    assert city.get("/gaps/999").status_code == 404
    assert city.post("/gaps/999/close", reason="x").status_code == 404
    rates = city.get("/rates").text
    assert "朝阳公园怎样预约" in rates
    assert "朝阳区" in city.get("/rates", by="unit").text
    assert city.get("/rates", first="2026-11-23", last="2026-11-01").status_code == 422
    assert "没有咨询" in city.get("/rates", first="2026-01-01", last="2026-01-02").text
    assert "没有咨询" in Browser(client, Role.HANDLER, "110108").get("/rates").text
    assert city.get("/new", question="能不能钓鱼").text.count("能不能钓鱼") == 1


def test_a_file_is_tried_and_taken_in(city: Browser) -> None:
    data = "---\ntitle: 指南\n---\n# 怎么报名？\n在网上。\n".encode()

    def send(name: str, body: bytes, dry_run: str) -> Any:
        return city.browser.post(f"{PATH}/import", data={"csrf": city.csrf, "dry_run": dry_run}, files={"file": (name, body)})

    assert "没有写入" in send("指南.md", data, "true").text
    assert "怎么报名？" not in city.get(q="怎么报名").text.split("<tbody>")[1]
    assert "新增 1 条" in send("指南.md", data, "false").text
    assert "未变 1 条" in send("指南.md", data, "false").text
    refused = send("x.docx", b"PK", "false")
    assert refused.status_code == 422
    assert "不是可以读取的 DOCX" in refused.text


def test_answers_are_rich_but_can_do_nothing() -> None:
    html = as_html("**粗** <img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://a.cn)\n\n| 项 | 价 |\n|---|---|\n| 甲 | 1 |")
    assert "<strong>粗</strong>" in html
    assert "<table>" in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert as_text("# 步骤\n- **先**[登录](https://a.cn)") == "步骤\n· 先登录（https://a.cn）"
    assert as_text("血压 1*2*3") == "血压 1*2*3"


def test_expiry_shows_on_the_page(client: TestClient, unit: Browser, city: Browser, clock: FixedClock) -> None:
    where = unit.post("/entries", **ENTRY).headers["location"].removeprefix(PATH)
    city.post(f"{where}/versions/1/publish")
    clock.moment = datetime(2026, 12, 11, 2, 0, tzinfo=timezone.utc)
    platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.write() as session:
        assert service.expire_due(session, clock.now())
    city = Browser(client, Role.ADMINISTRATOR)
    assert "已过期" in city.get(where).text
