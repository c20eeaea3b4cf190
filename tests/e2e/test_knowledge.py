"""The knowledge pages in a real browser: usable by keyboard, without serious faults of accessibility."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.browsing import serious_faults


def test_an_entry_is_written_and_published_by_keyboard(staff: Callable[[str], Page]) -> None:
    page = staff("dispatcher")
    for path in ("", "?soon=true", "/review", "/gaps", "/rates", "/import", "/new"):
        page.goto(f"/console/knowledge{path}")
        assert serious_faults(page) == [], path
    page.get_by_label("标题（标准问法）").fill("测试公园怎样预约")
    page.get_by_label("答复（可用标题").fill("**提前三天**在公众号预约。")
    page.get_by_role("button", name="提交审核").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="测试公园怎样预约")).to_be_visible()
    assert serious_faults(page) == []
    page.get_by_role("button", name="发布第 1 版").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已发布").first).to_be_visible()
    assert serious_faults(page) == []
