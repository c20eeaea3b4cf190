"""Operators and unit staff in browsers of their own, beside a resident in another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import ORDER_NUMBER, ChatPage, serious_faults

Staff = Callable[..., Page]
MARKUP = "<script>window.hacked = 1</script>"


def take_over(page: Page) -> None:
    page.get_by_role("button", name="接管", exact=True).click()
    expect(page.locator("#reply")).to_be_visible()


def reply(page: Page, text: str) -> None:
    page.locator("#reply").fill(text)
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#talk")).to_contain_text(text)


def test_an_operator_takes_over_and_hands_back_before_everybodys_eyes(chat: ChatPage, staff: Staff) -> None:
    first, second = staff("operator1"), staff("operator2")
    expect(first.locator("#live")).to_have_text("实时更新中")
    chat.say(f"物业把消防通道锁了 {MARKUP}", "")
    path = chat.ask_for_a_person()
    waiting = first.locator(f'#queue a[href="{path}"]:visible').first
    expect(waiting).to_be_visible()  # without a reload
    waiting.click()
    expect(first.locator("#talk")).to_contain_text(MARKUP)
    second.goto(path)
    take_over(first)
    expect(chat.state).to_contain_text("现在由工作人员为您服务")
    expect(chat.bubbles.filter(has_text="工作人员已接入")).to_be_visible()

    expect(second.get_by_role("button", name="接管", exact=True)).to_have_count(0)  # the other desk was told at once
    expect(second.locator("#reply")).to_have_count(0)

    reply(first, f"您好，我是话务员，已经在联系物业 {MARKUP}")
    expect(chat.bubbles.filter(has_text="已经在联系物业")).to_contain_text(MARKUP)
    chat.type("谢谢，几点能开")
    expect(first.locator("#talk")).to_contain_text("谢谢，几点能开")  # without a reload
    expect(chat.state).to_contain_text("现在由工作人员为您服务")

    first.get_by_role("button", name="交还智能客服").click()
    expect(chat.state).to_contain_text("智能客服为您服务")
    assert [page.evaluate("window.hacked") for page in (chat.page, first, second)] == [None, None, None]


def test_an_expired_log_in_keeps_the_reply(chat: ChatPage, staff: Staff, system: object) -> None:
    page = staff("operator1")
    chat.say("楼上半夜施工", "")
    page.goto(chat.ask_for_a_person())
    take_over(page)
    path = page.url
    page.locator("#reply").fill("这句话写了很久，不能丢")
    page.context.clear_cookies()
    page.get_by_role("button", name="发送").click()
    page.wait_for_url("**/console/login**")
    page.get_by_label("用户名").fill("operator1")
    page.get_by_label("密码").fill(system.logins["operator1"])  # type: ignore[attr-defined]
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(path)
    expect(page.locator("#reply")).to_have_value("这句话写了很久，不能丢")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#talk")).to_contain_text("不能丢")
    expect(page.locator("#reply")).to_have_value("")
    expect(chat.bubbles.filter(has_text="不能丢")).to_be_visible()


def test_a_unit_accepts_and_answers_the_order(chat: ChatPage, staff: Staff) -> None:
    chat.say("望京西园四区12号楼的路灯坏了，电话13800138000", "望京街道办事处")
    filed = chat.choose("确认提交", ORDER_NUMBER)
    found = ORDER_NUMBER.search(filed.inner_text())
    assert found
    number = found[0]
    unit = staff("wangjing")
    unit.get_by_role("link", name=number).click()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("已派单")
    do(unit, "签收")
    expect(unit.get_by_role("heading", level=1)).to_contain_text("办理中")
    do(unit, "登记联系诉求人情况", "已打电话问清是哪一盏")
    answer = f"路灯已更换，今晚亮灯 {MARKUP}"
    do(unit, "答复", answer)
    expect(unit.get_by_role("heading", level=1)).to_contain_text("已答复")
    told = chat.say(f"{number}办好了吗", "今晚亮灯")
    expect(told).to_contain_text(MARKUP)
    assert unit.evaluate("window.hacked") is None
    assert chat.page.evaluate("window.hacked") is None


def test_markup_in_an_order_stays_text(chat: ChatPage, staff: Staff) -> None:
    chat.say(f"望京西园四区12号楼的路灯坏了 {MARKUP} 电话13800138000", "确认提交")
    filed = chat.choose("确认提交", ORDER_NUMBER)
    found = ORDER_NUMBER.search(filed.inner_text())
    assert found
    page = staff("dispatcher")
    page.goto(f"/console/orders/{found[0]}")
    expect(page.locator(".description")).to_contain_text(MARKUP)
    assert page.evaluate("window.hacked") is None


def do(page: Page, step: str, text: str | None = None) -> None:
    details = page.locator("details").filter(has=page.get_by_role("button", name=step, exact=True, include_hidden=True))
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    if text:
        details.locator("textarea").fill(text)
    details.get_by_role("button", name=step, exact=True).click()
    page.wait_for_load_state()


@pytest.mark.parametrize("name", ["operator1", "dispatcher", "wangjing", "chaoyang", "supervisor", "admin"])
def test_every_role_has_pages_without_serious_faults(staff: Staff, name: str, size: dict[str, int]) -> None:
    page = staff(name, size)
    for path in ("/console", "/console?finished=true", "/console/workflow"):
        answer = page.goto(path)
        assert answer
        assert answer.status == 200
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert serious_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_desk_order_and_log_in_pages_have_no_serious_faults(chat: ChatPage, staff: Staff, size: dict[str, int]) -> None:
    chat.say("望京西园四区门口积水，电话13800138000", "望京街道办事处")
    chat.choose("确认提交", ORDER_NUMBER)
    page = staff("operator1", size)
    chat.say("什么时候来人", "")
    page.goto(chat.ask_for_a_person())
    take_over(page)
    assert serious_faults(page) == []
    page.get_by_role("link", name=ORDER_NUMBER).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("BJ")
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    assert serious_faults(page) == []
