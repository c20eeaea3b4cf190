"""Every page of the demo's invented day in a real browser, wide and on a phone: alive, light, no serious faults, no dead ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import pytest
import sqlalchemy as sa
import uvicorn
from playwright.sync_api import Page

from bot.app import create_app
from bot.demo.fill import fill
from bot.supervisor import free_port
from bot.system import demo_logins, open_platform, seed_knowledge
from dispatch.citizens import service as citizens
from dispatch.core.settings import Settings
from tests.e2e.browsing import PHONE, WIDE, serious_faults

ADMINISTRATION = ("tokens", "units", "calendar", "channels")
LARGEST = 150_000
"""Bytes that a page may be, without what is loaded once (styles, scripts)."""

DEEPEST = 4
_HREF = re.compile(r'<a\b[^>]*?\bhref="([^"#]+)')
_ID = re.compile(r"(BJ\d{8}-\d{6}|[0-9a-f]{32}|(?<=/)\d+(?=/|$))|(?<=entries/)[^/]+|(?<=accounts/)[^/]+|(?<=units/)[^/]+")
_opened: set[str] = set()
"""Kinds of pages that a browser has opened, by whomever: what their scripts do doesn't hang on the role."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A platform with the demo's day behind it; nobody answers in the assistant's place."""

    url: str
    logins: dict[str, str]
    orders: list[str]
    """Residents' own pages of an order in each state."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo"), port=free_port(), demo=True)
    platform = open_platform(settings)
    logins = demo_logins(platform).passwords
    seed_knowledge(platform)
    fill(platform, lambda line: None)
    with platform.database.read() as session:
        numbers = session.execute(sa.text("SELECT MIN(number) FROM orders GROUP BY state")).scalars().all()
    orders = [f"/my/{citizens.make_link(platform.keys, number, platform.clock.now())}" for number in numbers]
    platform.database.dispose()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=settings.port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Demo(f"http://127.0.0.1:{settings.port}", logins, orders)
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


def _kind(target: str) -> tuple[str, str]:
    """Return what kind of page an address leads to: its path without what names a single order or unit, and which parameters it has."""
    parts = urlsplit(target)
    return _ID.sub("*", parts.path), "&".join(sorted(each.partition("=")[0] for each in parts.query.split("&")))


def _links(body: str, base: str) -> list[str]:
    """Return the addresses on this site that a page links to."""
    found = [urlsplit(urljoin(base, href.replace("&amp;", "&"))) for href in _HREF.findall(body)]
    here = urlsplit(base)
    return [each._replace(scheme="", netloc="", fragment="").geturl() for each in found if (each.scheme, each.netloc) == here[:2]]


def _dead_ends(page: Page, url: str, start: list[str]) -> tuple[int, list[str]]:
    """Follow every link from ``start`` on; return how many kinds of pages there were, and what didn't open or complained."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    waiting, seen = [(each, "", 0) for each in start], set()
    while waiting:
        target, source, depth = waiting.pop(0)
        if _kind(target) in seen or "logout" in target:
            continue
        seen.add(_kind(target))
        answer = page.request.get(target)
        if answer.status != 200:
            faults.append(f"{source} -> {target}: {answer.status}")
        if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        if _kind(target)[0] not in _opened:
            _opened.add(_kind(target)[0])
            page.goto(target)
        if depth < DEEPEST:
            waiting += [(each, target, depth + 1) for each in _links(answer.text(), f"{url}{target}")]
    return len(seen), faults


@pytest.mark.parametrize("username", ["supervisor", "admin", "wangjing", "chaoyang", "dispatcher", "operator1", "auditor"])
def test_every_link_that_a_role_is_shown_opens(staff: Callable[..., Page], system: Demo, username: str) -> None:
    kinds, faults = _dead_ends(staff(username), system.url, ["/console"])
    assert kinds > 20
    assert faults == []


def test_every_link_that_a_resident_is_shown_opens(new_page: Callable[..., Page], system: Demo) -> None:
    _, faults = _dead_ends(new_page(), system.url, ["/", "/my", *system.orders])
    assert faults == []
