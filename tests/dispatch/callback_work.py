"""What the tests of callbacks and of the assessment share: answered orders and what their residents said."""

from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient

from bot.jobs import ask_residents
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.reading import Answers
from dispatch.callbacks.service import Callback
from dispatch.core.clock import FixedClock
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, do, register, stored
from tests.dispatch.test_api import log_in

UNIT, NEIGHBOUR, HELPER = "110105026", "110105027", "B004"


class Desk:
    """Somebody of the staff at the console."""

    def __init__(self, client: TestClient, role: Role, unit: str | None = None) -> None:
        self.browser, csrf = log_in(client, role, unit)
        self.csrf = csrf["X-CSRF-Token"]
        self._name = f"{role.value}-{unit or 'city'}"

    def back(self) -> None:
        """Log in again: log-ins end while a test moves the clock on."""
        self.browser.post("/console/login", data={"username": self._name, "password": "a-long-password"})
        found = re.search(r'name="csrf" value="([^"]+)"', self.browser.get("/console/workflow").text)
        assert found
        self.csrf = found[1]

    def get(self, path: str, **params: Any) -> Any:
        """Return a page."""
        return self.browser.get(path, params=params or None)

    def post(self, path: str, **fields: str) -> Any:
        """Send a form and return the page that follows."""
        return self.browser.post(path, data={"csrf": self.csrf, **fields})


def answered(platform: Platform, order_in: OrderIn = COLD_FLAT, *, co_unit: str | None = None, **more: Any) -> str:
    """File an order, have it answered by its unit, and return its number."""
    number = register(platform, order_in, **more)
    unit = Actor("staff", Role.HANDLER, stored(platform, number).unit_code)
    do(platform, number, "accept", unit)
    do(platform, number, "log_contact", unit, reason="已电话联系")
    if co_unit:
        do(platform, number, "invite_co_unit", unit, unit=co_unit, reason="请协同核实")
        do(platform, number, "co_report", Actor("helper", Role.HANDLER, co_unit), reason="已核实")
    do(platform, number, "answer", unit, answer="已上门调试，室温二十度")
    return number


def newest(platform: Platform, number: str) -> Callback:
    """Return the newest callback about an order."""
    with platform.database.read() as session:
        return callbacks.of_order(session, number)[0]


def asked(platform: Platform, clock: FixedClock, number: str) -> Callback:
    """Let the callback about an order be asked, and return it."""
    clock.moment += callbacks.ASK_AFTER
    ask_residents(platform)
    return newest(platform, number)


def said(platform: Platform, number: str, contacted: bool = True, resolved: str = "yes", satisfied: str = "satisfied") -> int:
    """Record what the resident of an order said, and return the callback's id."""
    found = newest(platform, number).id
    with platform.database.write() as session:
        callbacks.record(
            session,
            found,
            Answers(contacted, resolved, satisfied),
            "还是不热" if resolved != "yes" else None,
            by="test",
            now=platform.clock.now(),
            reference=platform.reference.current(),
        )
    return found


def numbers(page: str) -> list[str]:
    """Return the order numbers that a page links to, in turn."""
    return re.findall(r'href="/console/orders/(BJ[\d-]+)"', page)
