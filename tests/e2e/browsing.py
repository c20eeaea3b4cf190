"""Chromium and what people do in it: a resident at the chat page, staff at the desk and the console."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ORDER_NUMBER = re.compile(r"BJ\d{8}-\d{6}")
AXE = Path(__file__).parents[2] / "channels/web/node_modules/axe-core/axe.min.js"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_ARGUMENTS += ["--disable-component-update", "--disable-sync"]
_TURN_MS = 15_000  # a turn takes a tenth of a second; a busy machine may take longer
expect.set_options(timeout=_TURN_MS)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, or None."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start the browser that is installed; Playwright's own can't be downloaded everywhere."""
    return playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)


def context_for(browser: Browser, url: str, size: dict[str, int], *, java_script_enabled: bool = True) -> BrowserContext:
    """Return a browser of its own (cookies, storage) that shows pages of ``size`` pixels, as somebody in Beijing has it."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": size["width"], "height": size["height"]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        has_touch=size is PHONE,
        java_script_enabled=java_script_enabled,
    )
    context.set_default_timeout(_TURN_MS)
    return context


class ChatPage:
    """The resident's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.state = page.locator("#state")
        self.bubbles = page.locator("deep-chat .message-bubble")
        self.mine = page.locator("deep-chat .user-message-text")
        self.input = page.locator("deep-chat #text-input")

    def open(self) -> ChatPage:
        """Load the page and wait for the greeting."""
        self.page.goto("/")
        expect(self.bubbles.first).to_contain_text("12345")
        return self

    def type(self, text: str) -> None:
        """Write ``text`` and send it, without waiting for a reply."""
        self.input.fill(text)
        self.input.press("Enter")

    def say(self, text: str, reply: str | re.Pattern[str]) -> Locator:
        """Write ``text``, send it, and return the bubble after it that has ``reply``."""
        before = self.bubbles.count()
        self.type(text)
        return self.reply_after(before, reply)

    def choose(self, title: str, reply: str | re.Pattern[str]) -> Locator:
        """Press the quick reply ``title`` and return the bubble after it that has ``reply``."""
        before = self.bubbles.count()
        self.page.get_by_role("button", name=title, exact=True).last.click()
        return self.reply_after(before, reply)

    def ask_for_a_person(self) -> str:
        """Ask for a person and return the path of this conversation at the desk."""
        self.type("转人工")
        expect(self.state).to_contain_text("正在为您接通工作人员")
        answer = self.page.request.get("/channels/web/messages").json()
        return f"/desk/conversations/{answer['conversation']}"

    def reply_after(self, before: int, reply: str | re.Pattern[str]) -> Locator:
        """Return the newest bubble that has ``reply`` once it is there; ``before`` bubbles stood there earlier."""
        expect(self.bubbles.nth(before + 1)).to_be_visible(timeout=_TURN_MS)
        found = self.bubbles.filter(has_text=reply).last
        expect(found).to_be_visible(timeout=_TURN_MS)
        expect(self.state).not_to_contain_text("正在处理")
        return found


def log_in(page: Page, logins: dict[str, str], name: str) -> Page:
    """Log ``name`` in at the staff's log-in page and return the page."""
    page.goto("/console/login")
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(logins[name])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    return page


def serious_faults(page: Page) -> list[str]:
    """Return axe-core's serious and critical findings on ``page``, one line each."""
    # The pages' own policy forbids added scripts, so axe-core is evaluated from outside.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{fault['id']}: {fault['help']}: {[node['target'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
