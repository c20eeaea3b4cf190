"""A citizen and their own pages in real browsers, from the chat to the evaluation that counts: one with JavaScript, one without."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from bot.running import RunningSystem
from tests.e2e.browsing import ORDER_NUMBER, ChatPage, context_for, serious_faults

Staff = Callable[..., Page]
LARGEST = 150_000
"""Bytes of a page's first load."""


def _answer(unit: Page, number: str) -> None:
    """Have the unit answer an order, over the API with the page's own log-in."""
    unit.goto("/console")
    csrf = unit.locator('input[name="csrf"]').first.input_value()

    def step(name: str, **given: Any) -> None:
        done = unit.request.post(f"/api/v1/orders/{number}/transitions/{name}", headers={"X-CSRF-Token": csrf}, data=given)
        assert done.ok, done.text()

    step("accept")
    step("log_contact", reason="已电话联系")
    step("answer", answer="路灯已修复，当晚亮灯。")


def _sound(page: Page, where: str) -> None:
    assert serious_faults(page) == [], where
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, where
    sizes = "performance.getEntries().filter((e) => e.transferSize).reduce((sum, e) => sum + e.transferSize, 0)"
    assert page.evaluate(sizes) < LARGEST, where


def _report(chat: ChatPage) -> str:
    chat.say("望京西园四区12号楼的路灯坏了，电话13800138000", "")
    bubble = chat.choose("确认提交", ORDER_NUMBER)
    found = ORDER_NUMBER.search(bubble.inner_text())
    assert found
    return found[0]


def test_a_citizen_follows_and_evaluates(new_page: Callable[..., Page], staff: Staff, system: RunningSystem, size: dict[str, int]) -> None:
    chat = ChatPage(new_page(size)).open()
    number = _report(chat)
    page = chat.page
    page.get_by_role("link", name="打开我的进度页").last.click()
    expect(page.get_by_text("前办好并答复您")).to_be_visible()
    assert number not in page.url
    _sound(page, "the order")
    page.get_by_text("还有要补充的").click()
    page.get_by_label("补充什么").fill("一到晚上就黑，老人不敢下楼")
    page.get_by_role("button", name="提交补充").click()
    expect(page.get_by_role("status")).to_contain_text("已经附在工单上")
    page.get_by_role("link", name="大字版").click()
    expect(page.get_by_role("link", name="标准字")).to_be_visible()
    _sound(page, "in large type")

    unit = staff("wangjing", size)
    _answer(unit, number)

    without_scripts = context_for(page.context.browser, system.url, size, java_script_enabled=False)  # type: ignore[arg-type]
    plain = without_scripts.new_page()
    plain.goto("/my")
    plain.get_by_label("工单号").fill(number)
    plain.get_by_label("手机号后四位").fill("8000")
    plain.get_by_role("button", name="查看进展").click()
    expect(plain.get_by_text("当晚亮灯").first).to_be_visible()
    plain.get_by_label("联系过", exact=True).check()
    plain.get_by_label("没解决", exact=True).check()
    plain.get_by_label("不满意", exact=True).check()
    plain.get_by_role("button", name="提交", exact=True).click()
    plain.get_by_label("哪里没办好").fill("只亮了一晚上，今天又灭了")
    plain.get_by_role("button", name="提交", exact=True).click()
    expect(plain.get_by_text("退回望京街道办事处重新办理")).to_be_visible()
    without_scripts.close()

    page.goto("/my")
    _sound(page, "finding an order")
    page.goto("/survey/forged")
    _sound(page, "a link that opens nothing")

    supervisor = staff("supervisor", size)
    for path in ("callbacks", "callbacks?state=refused", "appeals", "evaluation", "evaluation/days", "evaluation/rules"):
        supervisor.goto(f"/console/{path}")
        _sound(supervisor, path)
    supervisor.goto("/console/evaluation")
    supervisor.get_by_role("row", name=re.compile("望京街道办事处")).get_by_role("link", name=re.compile("计入考核的回访")).first.click()
    expect(supervisor.get_by_text("只亮了一晚上").first).to_be_visible()
    _sound(supervisor, "behind a number")
    unit.goto("/console/evaluation")
    expect(unit.get_by_role("heading", level=1)).to_contain_text("望京街道办事处")
    _sound(unit, "a unit's own")
    unit.get_by_role("link", name=re.compile(r"^\d+ 次$")).first.click()
    unit.get_by_role("link", name=re.compile(r"^查看\s*BJ")).first.click()
    _sound(unit, "one callback")
