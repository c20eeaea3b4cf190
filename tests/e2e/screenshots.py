"""Takes the pictures in docs/screenshots: ``python -m tests.e2e.screenshots`` on a machine with Chromium.

They show a system of their own with invented people; nothing of a running installation is touched.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bot.demo.fill import fill
from bot.running import RunningSystem
from bot.system import demo_logins, open_platform, seed_knowledge
from dispatch.core.settings import Settings
from tests.e2e.browsing import ORDER_NUMBER, PHONE, WIDE, ChatPage, context_for, find_chromium, launch, log_in

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def take(page: Page, name: str) -> None:
    """Save what ``page`` shows."""
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    sys.stderr.write(f"docs/screenshots/{name}.png\n")


def report_cold_flat(chat: ChatPage) -> None:
    """Report a cold flat up to the summary."""
    chat.say("我家暖气不热，卧室只有十五度，孩子都冻感冒了", "在哪儿")
    chat.say("朝阳区望京南湖西园215楼", "手机")
    chat.say("13800138000，我姓李", "138****8000")


def invent(folder: Path) -> None:
    """Fill a new system with the demo's day."""
    platform = open_platform(Settings(data_dir=folder))
    demo_logins(platform)
    seed_knowledge(platform)
    fill(platform, lambda line: None)
    platform.database.dispose()


@contextmanager
def prepared(folder: Path) -> Iterator[RunningSystem]:
    """Run a system that has the demo's day behind it."""
    invent(folder)
    with RunningSystem(folder, lambda line: None) as system:
        yield system


def main() -> int:
    """Start a system with an invented day, play some more on it and take the pictures."""
    executable = find_chromium()
    if executable is None:
        sys.stderr.write("no Chromium or Chrome on PATH\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, prepared(Path(folder)) as system:
        browser = launch(playwright, executable)

        def chat(size: dict[str, int]) -> ChatPage:
            return ChatPage(context_for(browser, system.url, size).new_page()).open()

        on_phone = chat(PHONE)
        report_cold_flat(on_phone)
        take(on_phone.page, "chat-phone")
        resident = chat(WIDE)
        report_cold_flat(resident)
        resident.choose("确认提交", ORDER_NUMBER)
        take(resident.page, "chat-desktop")
        own = context_for(browser, system.url, PHONE).new_page()
        own.goto(resident.page.locator('a[href*="/my/"]').last.get_attribute("href") or "/my")
        take(own, "my-order")
        path = resident.ask_for_a_person()

        desk = log_in(context_for(browser, system.url, WIDE).new_page(), system.logins, "operator1")
        desk.goto(path)
        desk.get_by_role("button", name="接管", exact=True).click()
        desk.locator("#reply").fill("您好，供热站师傅今天下午到您家测温，请留意电话。")
        desk.get_by_role("button", name="发送").click()
        expect(desk.locator("#talk")).to_contain_text("测温")
        expect(desk.locator("#live")).to_have_text("实时更新中")
        take(desk, "desk")

        unit = log_in(context_for(browser, system.url, WIDE).new_page(), system.logins, "wangjing")
        take(unit, "unit")
        unit.locator("a[href^='/console/orders/']").first.click()
        expect(unit.get_by_role("heading", level=1)).to_be_visible()
        take(unit, "order")
        supervisor = log_in(context_for(browser, system.url, WIDE).new_page(), system.logins, "supervisor")
        for path, name in (("/console/wall", "wall"), ("/console/evaluation", "evaluation"), ("/console/insight", "insight")):
            supervisor.goto(path)
            take(supervisor, name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
