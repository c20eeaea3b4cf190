"""The operators' desk in real browsers, beside residents who write over HTTP; a double answers in the assistant's place."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from bot.app import create_app
from bot.supervisor import free_port
from bot.system import demo_logins, open_platform
from channels.conversations import holding
from channels.desk import staffing
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from tests.channels.rasa_double import running
from tests.e2e.browsing import PHONE, WIDE, context_for, log_in, serious_faults

MARKUP = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


class DeskSystem:
    """A platform on a port of its own."""

    def __init__(self, url: str, platform: Platform, logins: dict[str, str]) -> None:
        self.url = url
        self.platform = platform
        self.logins = logins

    def resident(self) -> Resident:
        return Resident(self)

    def miss(self, name: str) -> None:
        """Let five minutes pass without a sign of life of an operator; one that the server is still busy with doesn't count."""
        for _ in range(20):
            with self.platform.database.write() as session:
                row = staffing.operator(session, name)
                assert row
                row.last_seen -= timedelta(minutes=5)
            staffing.tend(self.platform)
            with self.platform.database.read() as session:
                if not holding.held_by(session, name):
                    return
        raise AssertionError(f"{name} is still there")


class Resident:
    """A resident's browser without the page."""

    def __init__(self, system: DeskSystem) -> None:
        self.http = httpx.Client(base_url=system.url, timeout=30, trust_env=False)
        self.http.get("/")
        self.conversation = str(self.http.get("/channels/web/messages").json()["conversation"])
        self._token = {"Authorization": f"Bearer {system.platform.keys.service}"}
        self.path = f"/desk/conversations/{self.conversation}"

    def say(self, text: str) -> None:
        self.http.post("/channels/web/messages", json={"client_id": uuid.uuid4().hex, "text": text}).raise_for_status()

    def ask_for_a_person(self, matter: str) -> Resident:
        self.say(matter)
        path = f"/api/v1/conversations/{self.conversation}/handoff"
        self.http.post(path, json={"reason": "asked_for_person"}, headers=self._token).raise_for_status()
        return self

    def heard(self) -> list[str]:
        return [each["text"] for each in self.http.get("/channels/web/messages").json()["messages"]]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskSystem]:
    folder = tmp_path_factory.mktemp("desk")
    port = free_port()
    with running() as (rasa_url, _double):
        settings = Settings(data_dir=folder, port=port, rasa_url=rasa_url)
        platform = open_platform(settings)
        logins = demo_logins(platform).passwords
        app = create_app(settings)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield DeskSystem(f"http://127.0.0.1:{port}", app.state.platform, logins)
        server.should_exit = True
        thread.join(10)
        platform.database.dispose()


@pytest.fixture
def staff(chromium: Browser, system: DeskSystem) -> Iterator[Callable[..., Page]]:
    contexts = []
    errors: list[str] = []

    def new(name: str, size: dict[str, int] = WIDE) -> Page:
        context = context_for(chromium, system.url, size)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return log_in(page, system.logins, name)

    yield new
    for context in contexts:
        context.close()
    assert not errors


def take_over(page: Page) -> None:
    page.keyboard.press("j")
    expect(page.locator("#reply")).to_be_focused()


def reply(page: Page, text: str) -> None:
    page.locator("#reply").fill(text)
    page.locator("#reply").press("Control+Enter")
    expect(page.locator("#talk article.operator").last).to_contain_text(text)
    expect(page.locator("#reply")).to_have_value("")


def test_two_operators_never_hold_one_conversation(system: DeskSystem, staff: Callable[..., Page]) -> None:
    first, second = staff("operator1"), staff("operator2")
    resident = system.resident().ask_for_a_person(f"消防通道被锁了 {MARKUP}")
    waiting = first.locator(f'#queue a[href="{resident.path}"]')
    expect(waiting).to_be_visible()  # without a reload
    waiting.click()
    second.goto(resident.path)
    expect(first.locator("#talk")).to_contain_text(MARKUP)
    take_over(first)
    expect(second.locator(".bar")).to_contain_text("人工：operator1")  # without a reload
    expect(second.get_by_role("button", name="接管")).to_have_count(0)
    reply(first, f"您好，已经联系物业 {MARKUP}")
    expect(second.locator("#talk")).to_contain_text("已经联系物业")
    resident.say("谢谢，几点能开")
    expect(first.locator("#talk")).to_contain_text("谢谢，几点能开")
    first.keyboard.press("Alt+b")
    expect(first.locator(".bar")).to_contain_text("智能客服接待中")
    assert [page.evaluate("window.hacked") for page in (first, second)] == [None, None]


def test_both_press_take_over_at_once_and_one_gets_it(system: DeskSystem, staff: Callable[..., Page]) -> None:
    resident = system.resident().ask_for_a_person("路灯坏了")
    first, second = staff("operator1"), staff("operator2")
    for page in (first, second):
        page.goto(resident.path)
        page.route("**/desk/events**", lambda route: route.abort())
        page.route("**/state", lambda route: route.abort())
    for page in (first, second):
        page.get_by_role("button", name="接管", exact=False).last.click(no_wait_after=True)
    for page in (first, second):
        expect(page.locator(".bar .state.operator")).to_be_visible()
    holders = [page.locator("#reply").count() for page in (first, second)]
    assert sorted(holders) == [0, 1]
    assert sum(text.startswith("工作人员已接入") for text in resident.heard()) == 1


def test_a_day_of_an_operator(system: DeskSystem, staff: Callable[..., Page]) -> None:
    resident = system.resident().ask_for_a_person("望京西园四区12号楼的路灯坏了三天没人修，电话13800138000")
    page = staff("operator1")
    page.goto(resident.path)
    take_over(page)
    # a canned reply, found by a word, its variables filled
    page.keyboard.press("Alt+c")
    page.get_by_placeholder("找常用语").fill("问候")
    page.get_by_role("button", name="问候").click()
    expect(page.locator("#reply")).to_have_value("您好，我是话务员一号，您前面说的内容我都看到了，现在由我来帮您处理。")
    page.locator("#reply").press("Control+Enter")
    expect(page.locator("#talk article.operator").last).to_contain_text("话务员一号")
    # the reading put right in one click
    page.locator(".fix").nth(0).locator("summary").click()
    page.get_by_role("button", name="建议", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("operator1 已更正")
    # a note that the resident never gets
    page.locator("#tool-notes summary").click()
    page.get_by_label("写备注").fill(f"老住户，已来过两次 {MARKUP}")
    page.get_by_role("button", name="记下").click()
    expect(page.locator(".note")).to_contain_text("已来过两次")
    assert not any("已来过两次" in text for text in resident.heard())
    # an order with everything filled in
    page.locator("#tool-filing summary").click()
    expect(page.get_by_label("诉求内容")).to_have_value("望京西园四区12号楼的路灯坏了三天没人修，电话138****8000")
    expect(page.get_by_label("区", exact=True)).to_have_value("朝阳区")
    expect(page.get_by_label("联系电话")).to_have_attribute("placeholder", "138****8000")
    page.get_by_label("街道（乡镇）").fill("没有这条街")
    page.get_by_role("button", name="建单并告知诉求人").click()
    expect(page.get_by_role("alert")).to_contain_text("街道：朝阳区没有“没有这条街”")
    page.get_by_label("街道（乡镇）").fill("望京街道")
    page.get_by_role("button", name="建单并告知诉求人").click()
    expect(page.locator(".filed a")).to_have_count(1)
    assert any("工单号 BJ" in text for text in resident.heard())
    # handed to a colleague, who sees it at once and answers
    second = staff("operator2")
    page.locator("#tool-transfer summary").click()
    page.get_by_label("转给").select_option("operator:operator2")
    page.get_by_role("button", name="转接").click()
    expect(second.locator('[data-list="offered"] a')).to_have_attribute("href", resident.path)
    second.keyboard.press("n")
    second.wait_for_url(f"**{resident.path}")
    take_over(second)
    second.keyboard.press("Alt+e")
    expect(second.locator(".bar")).to_contain_text("智能客服接待中")
    assert page.evaluate("window.hacked") is None


def test_a_log_in_that_runs_out_in_mid_reply_keeps_the_text(system: DeskSystem, staff: Callable[..., Page]) -> None:
    resident = system.resident().ask_for_a_person("楼上半夜施工")
    page = staff("operator1")
    page.goto(resident.path)
    take_over(page)
    page.locator("#reply").fill("这句话写了很久，不能丢")
    page.context.clear_cookies()
    page.get_by_role("button", name="发送").click()
    page.wait_for_url("**/console/login**")
    page.get_by_label("用户名").fill("operator1")
    page.get_by_label("密码").fill(system.logins["operator1"])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"**{resident.path}")
    expect(page.locator("#reply")).to_have_value("这句话写了很久，不能丢")
    page.go_back()
    page.goto(resident.path)
    expect(page.locator("#reply")).to_have_value("这句话写了很久，不能丢")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#talk")).to_contain_text("不能丢")
    expect(page.locator("#reply")).to_have_value("")
    assert resident.heard()[-1] == "这句话写了很久，不能丢"
    page.reload()
    expect(page.locator("#reply")).to_have_value("")


def test_a_lost_network_is_told_and_nothing_is_missed(system: DeskSystem, staff: Callable[..., Page]) -> None:
    resident = system.resident().ask_for_a_person("小区停水")
    page = staff("operator1")
    page.goto(resident.path)
    take_over(page)
    other_tab = page.context.new_page()
    other_tab.goto(resident.path)
    expect(page.locator("#live")).to_have_text("实时更新中")
    page.context.set_offline(True)
    page.locator("#reply").fill("网断了也要发出去")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#live")).to_contain_text("没有发出去")
    resident.say("还在吗")
    page.context.set_offline(False)
    expect(page.locator("#live")).to_have_text("实时更新中", timeout=30_000)
    expect(page.locator("#talk")).to_contain_text("还在吗")
    expect(page.locator("#reply")).to_have_value("网断了也要发出去")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#talk article.operator")).to_have_count(1)
    expect(other_tab.locator("#talk article.operator")).to_have_count(1)  # the other tab shows it, too


def test_an_emergency_rings_and_stands_first(system: DeskSystem, staff: Callable[..., Page]) -> None:
    page = staff("operator1")
    expect(page.locator("#live")).to_have_text("实时更新中")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    system.resident().ask_for_a_person("楼道灯不亮")
    danger = system.resident()
    danger.say("三楼着火了，楼道里全是烟")
    first = page.locator('[data-list="waiting"] a').first
    expect(first).to_have_attribute("href", danger.path)
    expect(page.locator(".desk")).to_have_attribute("data-rung", "1")
    page.locator("#sound").click()
    page.reload()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")  # muted, and remembered
    first.click()
    page.wait_for_url(f"**{danger.path}")
    expect(page.locator("#live")).to_have_text("实时更新中")
    page.keyboard.press("k")
    expect(page.locator(f'[data-list="waiting"] a[href="{danger.path}"]')).to_have_count(0)


def test_whoever_is_gone_loses_their_conversations_and_a_colleague_gets_them(system: DeskSystem, staff: Callable[..., Page]) -> None:
    resident = system.resident().ask_for_a_person("暖气不热")
    page = staff("operator1")
    page.goto(resident.path)
    take_over(page)
    second = staff("operator2")
    page.context.close()
    system.miss("operator1")
    expect(second.locator(f'[data-list="offered"] a[href="{resident.path}"]')).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_the_desks_pages_have_no_serious_faults(system: DeskSystem, staff: Callable[..., Page], size: dict[str, int]) -> None:
    resident = system.resident().ask_for_a_person("望京西园四区门口积水，电话13800138000")
    page = staff("supervisor", size)
    for path in ("/desk", "/desk/all", "/desk/replies", "/desk/setup", resident.path):
        answer = page.goto(path)
        assert answer
        assert answer.status == 200
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert serious_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.get_by_role("button", name="接管").last.click()
    expect(page.locator("#reply")).to_be_visible()
    for tool in ("replies", "knowledge", "filing", "notes", "transfer"):
        page.locator(f"#tool-{tool} summary").first.click()
        assert serious_faults(page) == [], tool
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
