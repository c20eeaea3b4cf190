"""A day's work in four browsers: a citizen reports, an operator helps, a unit answers, the citizen says whether it is solved."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.browsing import ORDER_NUMBER, ChatPage
from tests.e2e.test_staff import do, reply, take_over

Staff = Callable[..., Page]


def test_from_the_first_words_to_the_evaluation(chat: ChatPage, staff: Staff) -> None:
    citizen = chat.page
    chat.say("望京西园四区12号楼的路灯坏了，电话13800138000", "望京街道办事处")
    filed = chat.choose("确认提交", ORDER_NUMBER)
    found = ORDER_NUMBER.search(filed.inner_text())
    assert found
    number = found[0]

    operator = staff("operator1")
    expect(operator.locator("#live")).to_have_text("实时更新中")
    path = chat.ask_for_a_person()
    operator.locator(f'#queue a[href="{path}"]:visible').first.click()  # the one just asked for, without a reload
    take_over(operator)
    expect(operator.get_by_role("link", name=number)).to_be_visible()
    reply(operator, "您好，已看到您的诉求，我催一下街道。")
    expect(chat.bubbles.filter(has_text="我催一下街道")).to_be_visible()
    operator.get_by_role("button", name="交还智能客服").click()
    expect(chat.state).to_contain_text("智能客服为您服务")

    unit = staff("wangjing")
    unit.get_by_role("link", name=number).click()
    do(unit, "签收")
    do(unit, "登记联系诉求人情况", "已打电话问清是哪一盏")
    do(unit, "答复", "路灯已更换，今晚亮灯")
    expect(unit.get_by_role("heading", level=1)).to_contain_text("已答复")

    citizen.get_by_role("link", name="打开我的进度页").last.click()
    expect(citizen.get_by_text("今晚亮灯").first).to_be_visible()
    own_page = citizen.url
    citizen.get_by_label("联系过", exact=True).check()
    citizen.get_by_label("没解决", exact=True).check()
    citizen.get_by_label("不满意", exact=True).check()
    citizen.get_by_role("button", name="提交", exact=True).click()
    citizen.get_by_label("哪里没办好").fill("换了还是不亮")
    citizen.get_by_role("button", name="提交", exact=True).click()
    expect(citizen.get_by_text("退回望京街道办事处重新办理")).to_be_visible()

    unit.reload()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("办理中")
    expect(unit.get_by_text("换了还是不亮").first).to_be_visible()
    do(unit, "登记联系诉求人情况", "约好今晚上门")
    do(unit, "答复", "线路已查清并修复，三盏灯都亮了")

    citizen.goto(own_page)
    expect(citizen.get_by_text("三盏灯都亮了").first).to_be_visible()
    citizen.get_by_label("联系过", exact=True).check()
    citizen.get_by_label("解决了", exact=True).check()
    citizen.get_by_label("满意", exact=True).check()
    citizen.get_by_role("button", name="提交", exact=True).click()
    citizen.goto(own_page)
    expect(citizen.get_by_text("已办结").first).to_be_visible()

    supervisor = staff("supervisor")
    supervisor.goto("/console/evaluation")
    expect(supervisor.get_by_role("row").filter(has_text="望京街道办事处").first).to_be_visible()
