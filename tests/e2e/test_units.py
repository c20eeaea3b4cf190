"""The unit desk and the dispatchers' desk in a real browser: by keyboard, with files, after an expired log-in, on a phone."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Page, expect

from bot.app import create_app
from bot.supervisor import free_port
from bot.system import demo_logins, open_platform
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from tests.dispatch.order_work import STALLS, register
from tests.e2e.browsing import serious_faults

Staff = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class DispatchSystem:
    """A platform on a port of its own, its deliveries under way; nobody answers in the assistant's place."""

    url: str
    platform: Platform
    logins: dict[str, str]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DispatchSystem]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("units"), port=free_port())
    platform = open_platform(settings)
    logins = demo_logins(platform).passwords
    app = create_app(settings, with_jobs=True)
    server = uvicorn.Server(uvicorn.Config(app, port=settings.port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield DispatchSystem(f"http://127.0.0.1:{settings.port}", app.state.platform, logins)
    server.should_exit = True
    thread.join(10)
    platform.database.dispose()


def _open(page: Page, step: str) -> None:
    """Open the form of a step unless it is open."""
    details = page.locator(".steps details").filter(has=page.get_by_role("button", name=step, exact=True, include_hidden=True))
    if details.get_attribute("open") is None:
        details.locator("summary").click()


def _picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), "green").save(data, "PNG")
    return data.getvalue()


def test_a_unit_works_through_its_inbox_by_keyboard(staff: Staff, system: DispatchSystem) -> None:
    number = register(system.platform, STALLS)
    unit = staff("wangjing")
    unit.goto("/console?tab=dispatched")
    unit.keyboard.press("j")
    expect(unit.locator("tr.current")).to_have_count(1)
    unit.keyboard.press("x")
    expect(unit.get_by_role("button", name="打印所选")).to_be_enabled()
    unit.keyboard.press("/")
    expect(unit.get_by_label("工单号", exact=True)).to_be_focused()
    unit.keyboard.type(number)
    unit.keyboard.press("Enter")
    expect(unit.get_by_role("heading", level=1)).to_contain_text(number)
    unit.get_by_role("button", name="签收", exact=True).click()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("办理中")

    _open(unit, "登记联系诉求人情况")
    reason = unit.get_by_label("什么时候、怎么联系的")
    reason.fill("上午十点通了电话，今晚去修")
    unit.context.clear_cookies()
    unit.get_by_role("button", name="登记联系诉求人情况", exact=True).click()
    unit.get_by_label("用户名").fill("wangjing")
    unit.get_by_label("密码").fill(system.logins["wangjing"])
    unit.get_by_role("button", name="登录").click()
    expect(unit.get_by_role("heading", level=1)).to_have_text("您写的内容还在")
    expect(unit.get_by_label("说明")).to_have_value("上午十点通了电话，今晚去修")
    assert serious_faults(unit) == []
    unit.get_by_role("button", name="确认提交").click()
    expect(unit.locator(".past")).to_contain_text("上午十点通了电话")
    _open(unit, "登记联系诉求人情况")
    expect(reason).to_have_value("")  # it was sent: the browser's own copy is gone too

    unit.get_by_label("给诉求人的答复").fill("路灯已更换，今晚亮灯")
    unit.get_by_label("随答复给诉求人的附件").set_input_files({"name": "亮灯.png", "mimeType": "image/png", "buffer": _picture()})
    unit.get_by_role("button", name="答复", exact=True).click()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("已答复")
    expect(unit.locator(".files img")).to_be_visible()


def test_a_notice_reaches_the_open_page_and_the_desk_decides_an_objection(staff: Staff, system: DispatchSystem) -> None:
    number = register(system.platform, STALLS)
    unit, desk = staff("wangjing"), staff("dispatcher")
    unit.goto(f"/console/orders/{number}")
    _open(unit, "提出派单异议")
    unit.get_by_label("为什么不该由本单位办").fill("该处属于酒仙桥街道")
    unit.get_by_role("button", name="提出派单异议", exact=True).click()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("派单异议待审")
    desk.goto("/console/dispatch?tab=objected")
    card = desk.locator("article").filter(has_text=number)
    expect(card).to_contain_text("该处属于酒仙桥街道")
    card.get_by_label("理由").last.fill("地图核对属望京街道")
    card.get_by_role("button", name="驳回异议").click()
    expect(desk.locator("article").filter(has_text=number)).to_have_count(0)
    expect(unit.locator("#live")).to_contain_text("新提醒")  # without a reload
    unit.get_by_role("link", name="查看", exact=True).click()
    expect(unit.locator("table")).to_contain_text("驳回异议")


def test_bulk_work_is_followed_on_its_page(staff: Staff, system: DispatchSystem) -> None:
    numbers = [register(system.platform, STALLS.model_copy(update={"dispatch_now": False})) for _ in range(30)]
    desk = staff("dispatcher")
    desk.goto("/console/dispatch")
    desk.get_by_label("选中本页").check()
    desk.get_by_role("button", name="批量派单").click()
    desk.get_by_label("按派单目录派单").check()
    desk.get_by_role("button", name="开始办理").click()
    expect(desk.locator("#progress")).to_contain_text("已办理完")  # without a reload
    assert serious_faults(desk) == []
    desk.goto(f"/console/orders/{numbers[0]}")
    expect(desk.locator(".past")).to_contain_text("派单员")


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("wangjing", ("/console", "/console?tab=closed", "/console/notices", "/console/templates", "/console/print")),
        ("chaoyang", ("/console", "/console/district", "/console/district?street=110105026")),
        ("dispatcher", ("/console", "/console/dispatch", "/console/dispatch?tab=objected", "/console/dispatch/bulk?tab=dispatched")),
    ],
)
def test_pages_have_no_serious_faults(staff: Staff, name: str, paths: tuple[str, ...], size: dict[str, int]) -> None:
    page = staff(name, size)
    for path in paths:
        answer = page.goto(path)
        assert answer
        assert answer.status == 200
        assert len(answer.body()) < 150 * 1024
        assert serious_faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
