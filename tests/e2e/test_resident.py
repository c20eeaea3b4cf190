"""Residents in a real browser: reporting, correcting, asking, losing the network."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import ORDER_NUMBER, PHONE, ChatPage, serious_faults
from tests.e2e.conftest import NewPage

MARKUP = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def order_number(chat: ChatPage, page_text: str) -> str:
    found = ORDER_NUMBER.search(page_text)
    assert found
    return found[0]


def test_a_cold_flat_told_in_dribs_and_drabs_becomes_an_order(new_page: NewPage, size: dict[str, int]) -> None:
    chat = ChatPage(new_page(size)).open()
    chat.say("你好", "")
    chat.say("我家暖气片都是凉的，卧室就十四五度", "在哪儿")
    chat.say("望京西园三区215楼", "手机")
    chat.say("13800138000", "望京街道办事处")
    summary = chat.say("地址错了，是望京西园四区", "西园四区")
    expect(summary).not_to_contain_text("三区")
    expect(summary).to_contain_text("138****8000")
    filed = chat.choose("确认提交", ORDER_NUMBER)
    expect(filed).to_contain_text("已登记派单")
    expect(filed).to_contain_text("朝阳区人民政府")
    number = order_number(chat, filed.inner_text())
    progress = chat.say(f"{number}办到哪一步了", "办理进度")
    expect(progress).to_contain_text(number)
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page must not scroll sideways"


def test_a_reload_goes_on_where_it_stopped(chat: ChatPage) -> None:
    chat.say("小区门口的路灯坏了三天了", "在哪儿")
    said = chat.bubbles.count()
    chat.page.reload()
    expect(chat.bubbles).to_have_count(said)
    expect(chat.mine).to_have_text(["小区门口的路灯坏了三天了"])
    chat.say("海淀区上地街道上地东里", "手机")


def test_danger_is_answered_with_numbers_to_tap(new_page: NewPage, size: dict[str, int]) -> None:
    chat = ChatPage(new_page(size)).open()
    chat.type("三楼着火了，楼道里全是烟")
    call = chat.page.get_by_role("link", name="拨打 119")
    expect(call).to_have_attribute("href", "tel:119")
    expect(call).to_be_in_viewport()
    for line in ("110", "119", "120", "122"):
        expect(chat.page.get_by_role("link", name=line, exact=True)).to_have_attribute("href", f"tel:{line}")


def test_markup_stays_text(chat: ChatPage) -> None:
    chat.say(f"路灯坏了 {MARKUP}", "")
    expect(chat.mine.first).to_contain_text("<script>window.hacked = 1</script>")
    chat.page.reload()
    expect(chat.mine.first).to_contain_text("<script>window.hacked = 1</script>")
    assert chat.page.evaluate("window.hacked") is None


def test_a_lost_network_loses_nothing_and_doubles_nothing(chat: ChatPage) -> None:
    chat.say("楼道灯坏了一个星期没人修", "在哪儿")
    chat.page.context.set_offline(True)
    expect(chat.state).to_contain_text("连接断开")
    chat.type("丰台区方庄芳古园一区")
    chat.page.context.set_offline(False)
    expect(chat.bubbles.last).to_contain_text("手机")
    expect(chat.state).to_contain_text("智能客服")
    expect(chat.mine).to_have_text(["楼道灯坏了一个星期没人修", "丰台区方庄芳古园一区"])
    said = chat.bubbles.count()
    chat.page.reload()
    expect(chat.bubbles).to_have_count(said)
    expect(chat.mine).to_have_text(["楼道灯坏了一个星期没人修", "丰台区方庄芳古园一区"])


def test_a_page_closed_while_offline_still_sends_when_it_is_opened_again(chat: ChatPage) -> None:
    chat.page.context.set_offline(True)
    expect(chat.state).to_contain_text("连接断开")
    chat.type("单元门坏了关不上")
    chat.page.context.set_offline(False)
    chat.page.reload()
    expect(chat.mine).to_have_text(["单元门坏了关不上"])
    expect(chat.bubbles.last).to_contain_text("在哪儿")


def test_large_type_is_larger_and_remembered(new_page: NewPage, size: dict[str, int]) -> None:
    chat = ChatPage(new_page(size)).open()

    def height() -> float:
        return float(chat.bubbles.first.evaluate("bubble => parseFloat(getComputedStyle(bubble).fontSize)"))

    before = height()
    button = chat.page.get_by_role("button", name="大字")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert height() >= before * 1.25
    chat.page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("words", [None, "三楼着火了"])
def test_the_chat_has_no_serious_accessibility_fault(new_page: NewPage, words: str | None) -> None:
    chat = ChatPage(new_page(PHONE)).open()
    if words:
        chat.say(words, "119")
    assert serious_faults(chat.page) == []


def test_nothing_is_asked_of_another_host(new_page: NewPage, system: object) -> None:
    page: Page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ChatPage(page).open()
    assert asked
    assert all(url.startswith((page.url, "data:", "blob:")) for url in asked)
