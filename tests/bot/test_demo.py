"""The demo: made with the real services, so its history verifies; every page has something to show and says that it is invented."""

from __future__ import annotations

from collections import Counter

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from bot.demo import banner, content, fill
from bot.system import demo_logins, open_platform
from channels.conversations import holding
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.evaluation import service as evaluation
from dispatch.orders import service as orders
from tests.dispatch.order_work import register

_PAGES = (
    "/console /console/catalogue /console/knowledge /console/knowledge/gaps /console/deliveries /console/workflow /console/figures /desk"
)


def _log_in(client: TestClient, username: str, password: str) -> None:
    response = client.post("/console/login", data={"username": username, "password": password, "next": "/console"}, follow_redirects=False)
    assert response.status_code == 303


def test_texts_are_many_and_each_is_its_own() -> None:
    requests = content.load().requests
    assert len({words for _, _, words in requests}) >= 120


def test_a_demo_is_alive_on_every_page_and_its_history_verifies(
    settings: Settings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "TODAY", 90)
    monkeypatch.setattr(fill, "EARLIER", 50)
    platform = open_platform(settings, clock)
    logins = demo_logins(platform).passwords
    fill.fill(platform, lambda _text: None)
    assert fill.is_demo(settings.data_dir)
    with platform.database.read() as session:
        checked = [(order.state, found) for order, found in orders.verify(session)]
        assert not [fault for _, found in checked for fault in found]
        assert not orders.removed(session)
        states = Counter(state for state, _ in checked)
        assert {"dispatched", "accepted", "answered", "closed"} <= set(states)
        assert holding.queue_length(session) >= 8
        today = clock.now().date()
        _, _, counts = evaluation.figures(session, first=today.replace(day=1), last=today)
        assert sum(each.valid for each in counts.values()) > 0
    with pytest.raises(fill.NotEmptyError):
        fill.fill(platform, lambda _text: None)
    platform.database.dispose()
    with TestClient(create_app(settings.model_copy(update={"demo": True}), clock)) as client:
        assert banner.TEXT in client.get("/").text
        _log_in(client, "admin", logins["admin"])
        for path in _PAGES.split():
            response = client.get(path)
            assert response.status_code == 200, path
            assert banner.TEXT in response.text, path


def test_a_directory_with_real_orders_is_left_alone(settings: Settings, clock: FixedClock) -> None:
    platform = open_platform(settings, clock)
    register(platform)
    with pytest.raises(fill.NotEmptyError):
        fill.fill(platform, lambda _text: None)
    with platform.database.read() as session:
        assert len(list(orders.verify(session))) == 1
    assert not fill.is_demo(settings.data_dir)
    platform.database.dispose()
