"""The unit desk over HTTP: the inbox by deadline, a district's streets, notices, sheets to print, and what goes wrong while writing."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, PLACE, STALLS, SUPERVISOR, accepted, do, names, register
from tests.dispatch.test_api import log_in

ELSEWHERE = PLACE.model_copy(update={"district": "海淀区", "street": "中关村街道"})
MARKUP = "<script>window.hacked=1</script>"


def _platform(client: TestClient) -> Platform:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    return platform


def _numbers(page: str) -> list[str]:
    """Return the orders that a list shows, in turn."""
    return re.findall(r'<td class="number"><a href="/console/orders/([^"]+)"', page)


def test_the_inbox_is_ordered_by_deadline_and_says_how_long_there_is(client: TestClient, clock: FixedClock) -> None:
    platform = _platform(client)
    week, day = register(platform, STALLS), register(platform, COLD_FLAT)
    mine = accepted(platform, STALLS)
    clock.moment += timedelta(hours=21)
    browser, _ = log_in(client, Role.HANDLER, "110105026")
    page = browser.get("/console").text
    assert _numbers(page) == [day, week, mine]
    assert "剩 3 小时" in page
    assert 'class="soon"' in page
    assert _numbers(browser.get("/console?tab=accepted").text) == [mine]
    clock.moment += timedelta(hours=3, minutes=30)
    late = browser.get("/console?overdue=true").text
    assert _numbers(late) == [day]
    assert "超时 30 分钟" in late


def test_the_list_is_narrowed_and_paged(client: TestClient, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = _platform(client)
    monkeypatch.setattr("dispatch.console.lists.PAGE", 2)
    cold = register(platform, COLD_FLAT)
    numbers = []
    for _ in range(5):
        clock.moment += timedelta(minutes=1)
        numbers.append(register(platform, STALLS))
    browser, _ = log_in(client, Role.HANDLER, "110105026")
    seen, address = [], "/console?matter=&channel=web"
    while address:
        page = browser.get(address).text
        seen += _numbers(page)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == [cold, *numbers]
    assert _numbers(browser.get("/console?matter=0704").text) == [cold]
    assert _numbers(browser.get("/console?channel=sms").text) == []
    assert _numbers(browser.get(f"/console?q={int(numbers[2][-6:])}").text) == [numbers[2]]
    assert _numbers(browser.get("/console?q=20261122").text) == []
    assert browser.get(f"/console?q={cold.lower()}", follow_redirects=False).headers["location"] == f"/console/orders/{cold}"
    assert browser.get("/console?cursor=nonsense&tab=nonsense").status_code == 200
    assert browser.get("/console?q=99999999").status_code == 200
    assert MARKUP not in browser.get("/console", params={"q": MARKUP, "matter": MARKUP}).text


def test_a_district_sees_its_streets_and_nobody_elses(client: TestClient, clock: FixedClock) -> None:
    platform = _platform(client)
    late = register(platform, COLD_FLAT)
    register(platform, STALLS)
    elsewhere = register(platform, STALLS.model_copy(update={"place": ELSEWHERE}))
    clock.moment += timedelta(hours=30)
    browser, _ = log_in(client, Role.HANDLER, "110105")
    page = browser.get("/console/district").text
    row = re.search(r"望京街道办事处</a></td>\s*<td[^>]*><b>1</b></td><td[^>]*>2</td>", page)
    assert row, page
    street = browser.get("/console/district?street=110105026").text
    assert _numbers(street)[0] == late
    assert browser.get(f"/console/orders/{late}").status_code == 200
    assert elsewhere not in street + page
    assert _numbers(browser.get("/console/district?street=110108011").text) == []
    other, _ = log_in(client, Role.HANDLER, "110105026")
    assert other.get("/console/district").status_code == 403


def test_notices_and_sheets_are_the_units_own(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform, STALLS)
    reviewer, csrf = log_in(client, Role.SUPERVISOR)
    form = {"csrf": csrf["X-CSRF-Token"], "reason": f"尽快 {MARKUP}"}
    assert reviewer.post(f"/console/orders/{number}/transitions/urge", data=form).status_code == 200
    unit, _ = log_in(client, Role.HANDLER, "110105026")
    page = unit.get("/console/notices").text
    assert "督办催办" in page
    assert number in page
    other, _ = log_in(client, Role.HANDLER, "110108")
    assert number not in other.get("/console/notices").text
    assert other.get(f"/console/print?n={number}").status_code == 404
    sheet = unit.get(f"/console/print?n={number}").text
    assert "承办单" in sheet
    assert MARKUP not in sheet
    assert "没有选中工单" in unit.get("/console/print").text


def _picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return data.getvalue()


def _seen(page: str) -> str:
    """Return the last event that an order's page shows."""
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def test_an_answer_goes_out_with_its_files_and_a_template_fills_it(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, STALLS)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    token = {"csrf": csrf["X-CSRF-Token"]}
    text = "您好，{unit}已到{place}处理 {nonsense}"
    refused = browser.post("/console/templates", data=token | {"title": "占道", "text": text})
    assert "没有变量 {nonsense}" in refused.text
    assert text in refused.text
    saved = browser.post("/console/templates", data=token | {"title": f"占道{MARKUP}", "text": "您好，{unit}已到{place}处理"})
    assert saved.status_code == 200
    assert MARKUP not in saved.text
    path = f"/console/orders/{number}"
    page = browser.get(path).text
    assert "您好，望京街道办事处已到望京街道南湖西园社区215楼处理" in page
    files = [("files", ("现场.png", _picture(), "image/png"))]
    bad = browser.post(
        f"{path}/transitions/answer",
        data=token | {"answer": "已劝离", "seen": _seen(page)},
        files=[("files", ("病毒.exe", b"MZ", "image/png"))],
    )
    assert bad.status_code == 409
    assert "附件没有收下" in bad.text
    assert "已劝离" in bad.text
    done = browser.post(f"{path}/transitions/answer", data=token | {"answer": f"已劝离 {MARKUP}", "seen": _seen(page)}, files=files)
    assert done.status_code == 200
    assert "已答复" in done.text
    assert MARKUP not in done.text
    assert names(platform, number)[-2:] == ["attach", "answer"]
    link = re.search(rf'href="({path}/attachments/\w+)"', done.text)
    assert link
    assert browser.get(link[1]).headers["content-type"] == "image/png"
    other, _ = log_in(client, Role.HANDLER, "110108")
    assert other.get(link[1]).status_code == 404
    assert other.get("/console/templates").text.count("您好") == 0


def test_looking_at_a_contact_goes_on_record(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, COLD_FLAT)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    path, token = f"/console/orders/{number}", {"csrf": csrf["X-CSRF-Token"]}
    assert "13800138000" not in browser.get(path).text
    assert "13800138000" not in browser.post(f"{path}/contact", data=token).text, "not without a reason"
    assert "13800138000" in browser.post(f"{path}/contact", data=token | {"reason": "上门前预约"}).text
    assert "13800138000" not in browser.get(path).text
    assert names(platform, number)[-1] == "unmask"


def test_two_tabs_show_what_changed_and_keep_the_text(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, STALLS)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    path = f"/console/orders/{number}"
    form = {"csrf": csrf["X-CSRF-Token"], "seen": _seen(browser.get(path).text)}
    do(platform, number, "urge", SUPERVISOR, reason="请今天答复")
    late = browser.post(f"{path}/transitions/report_stage", data=form | {"reason": "写了很久的进展"})
    assert late.status_code == 409
    assert "请今天答复" in late.text.split("写了很久的进展")[0]
    assert "report_stage" not in names(platform, number)
    again = form | {"seen": _seen(late.text), "reason": "写了很久的进展"}
    assert browser.post(f"{path}/transitions/report_stage", data=again).status_code == 200
    twice = browser.post(f"{path}/transitions/report_stage", data=again)  # a double click
    assert twice.status_code == 200
    assert names(platform, number).count("report_stage") == 1


def test_a_reply_survives_an_expired_log_in(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, STALLS)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    path = f"/console/orders/{number}"
    written = {"csrf": csrf["X-CSRF-Token"], "seen": _seen(browser.get(path).text), "reason": f"写了很久的进展 {MARKUP}"}
    browser.cookies.clear()
    asked = browser.post(f"{path}/transitions/report_stage", data=written)
    assert asked.status_code == 401
    kept = re.search(r'name="kept" value="([^"]+)"', asked.text)
    assert kept
    form = {"username": "handler-110105026", "password": "wrong", "next": path, "kept": kept[1]}
    refused = browser.post("/console/login", data=form)
    assert kept[1] in refused.text, "still there after a mistyped password"
    shown = browser.post("/console/login", data=form | {"password": "a-long-password"})
    assert "写了很久的进展" in shown.text
    assert MARKUP not in shown.text
    assert "report_stage" not in names(platform, number), "never sent by itself"
    token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
    assert token
    again = {**written, "csrf": token[1]}
    assert browser.post(f"{path}/transitions/report_stage", data=again).status_code == 200
    assert names(platform, number)[-1] == "report_stage"
    forged = browser.post("/console/login", data=form | {"password": "a-long-password", "kept": kept[1][:-2]}, follow_redirects=False)
    assert forged.status_code == 303


def test_an_old_tab_explains_itself_and_other_sites_forms_are_not_kept(client: TestClient) -> None:
    platform = _platform(client)
    number = accepted(platform, STALLS)
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    address = f"/console/orders/{number}/transitions/log_contact"
    form = {"csrf": "of-an-earlier-log-in", "reason": "上午十点打过电话"}
    stale = browser.post(address, data=form)
    assert stale.status_code == 403
    assert "上午十点打过电话" in stale.text
    assert csrf["X-CSRF-Token"] in stale.text
    assert browser.post(address, data=form, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"}).text == stale.text
    foreign = browser.post(address, data=form, headers={"Origin": "null", "Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert foreign.json()["type"] == "/problems/csrf"
    browser.cookies.clear()
    without = browser.post(address, data=form, headers={"Origin": "https://elsewhere.example"}, follow_redirects=False)
    assert without.status_code == 303
    assert "log_contact" not in names(platform, number)


def test_what_is_wrong_is_told_as_a_page(client: TestClient) -> None:
    browser, csrf = log_in(client, Role.HANDLER, "110105026")
    html = {"Accept": "text/html"}
    missing = browser.get("/console/orders/BJ20261123-999999", headers=html)
    assert missing.status_code == 404
    assert "没有找到工单" in missing.text
    assert "<nav" in missing.text
    long = browser.post("/console/orders/x/transitions/answer", data={"csrf": csrf["X-CSRF-Token"], "answer": "长" * 20_001}, headers=html)
    assert long.status_code == 422
    assert "answer: 太长" in long.text
    assert browser.get("/console/orders/BJ20261123-999999").json()["status"] == 404
