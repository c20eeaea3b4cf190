"""A real Chromium on the real running system."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.running import RunningSystem
from tests.e2e.browsing import PHONE, WIDE, ChatPage, context_for, find_chromium, launch, log_in

_HERE = __name__.rpartition(".")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.module.__name__.startswith(_HERE):  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.rasa)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The installed browser; pytest-playwright's own fixture would ask for Playwright's download.

    It ends with this package: while Playwright's event loop runs, tests elsewhere couldn't start one of their own.
    """
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium or Chrome on PATH: install one (Debian: apt-get install chromium fonts-noto-cjk)")
    with sync_playwright() as playwright:
        browser = launch(playwright, executable)
        yield browser
        browser.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(chromium: Browser, system: RunningSystem) -> Iterator[NewPage]:
    """Makes pages, each in a browser of its own; an error in a page's script fails the test."""
    contexts = []
    errors: list[str] = []

    def new(size: dict[str, int] = WIDE) -> Page:
        context = context_for(chromium, system.url, size)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(params=[WIDE, PHONE], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    """Both sizes of screen, in turn."""
    return dict(request.param)


@pytest.fixture
def chat(new_page: NewPage) -> ChatPage:
    """A resident who has just opened the page."""
    return ChatPage(new_page()).open()


@pytest.fixture
def staff(new_page: NewPage, system: RunningSystem) -> Callable[[str], Page]:
    """Makes pages on which somebody of the staff is logged in."""

    def new(name: str, size: dict[str, int] = WIDE) -> Page:
        return log_in(new_page(size), system.logins, name)

    return new
