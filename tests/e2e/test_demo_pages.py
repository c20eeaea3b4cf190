"""Every page of the demo's invented day in a real browser, wide and on a phone: alive, light, without serious faults for anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Page

from bot.app import create_app
from bot.demo.fill import fill
from bot.supervisor import free_port
from bot.system import demo_logins, open_platform, seed_knowledge
from dispatch.core.settings import Settings
from tests.e2e.browsing import PHONE, WIDE, serious_faults

ADMINISTRATION = ("tokens", "units", "calendar", "channels")
LARGEST = 150_000
"""Bytes that a page may be, without what is loaded once (styles, scripts)."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A platform with the demo's day behind it; nobody answers in the assistant's place."""

    url: str
    logins: dict[str, str]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo"), port=free_port(), demo=True)
    platform = open_platform(settings)
    logins = demo_logins(platform).passwords
    seed_knowledge(platform)
    fill(platform, lambda line: None)
    platform.database.dispose()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=settings.port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Demo(f"http://127.0.0.1:{settings.port}", logins)
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("username", ["supervisor", "admin", "wangjing", "chaoyang", "dispatcher", "operator1", "auditor"])
def test_every_page_is_alive_and_without_serious_faults(staff: Callable[..., Page], username: str) -> None:
    page = staff(username)
    links = page.locator("nav[aria-label=主导航] a")
    paths = [str(link.get_attribute("href")) for link in links.all()]
    if username == "admin":
        paths += [f"/console/admin/{name}" for name in ADMINISTRATION]
    assert len(paths) > 4
    for path in dict.fromkeys(paths):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert len(answer.body()) < LARGEST, path
        assert "演示数据" in page.locator("body").inner_text()
        for size in (WIDE, PHONE):
            page.set_viewport_size(size)
            assert serious_faults(page) == [], (path, size)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} scrolls sideways at {size['width']}"
