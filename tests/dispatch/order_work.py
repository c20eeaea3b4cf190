"""What the tests of orders share: some orders, some people, and one step in one transaction."""

from __future__ import annotations

from typing import Any

from dispatch.orders import service
from dispatch.orders.models import Order
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import EventOut, OrderIn, OrderOut, ProgressOut, TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox import service as outbox
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut

ASSISTANT = Actor("assistant", Role.BOT)
SYSTEM = Actor("system", Role.SYSTEM)
WANGJING = Actor("wangjing", Role.HANDLER, "110105026")
CHAOYANG = Actor("chaoyang", Role.HANDLER, "110105")
HAIDIAN = Actor("haidian", Role.HANDLER, "110108")
HOUSING = Actor("housing", Role.HANDLER, "B004")
CITY = Actor("city", Role.HANDLER, "B005")
OPERATOR = Actor("operator1", Role.OPERATOR)
DISPATCHER = Actor("dispatcher", Role.DISPATCHER)
SUPERVISOR = Actor("supervisor", Role.SUPERVISOR)

PLACE = PlaceOut(district="朝阳区", street="望京街道", community="南湖西园社区", detail="215楼")
COLD_FLAT = OrderIn(
    description="家里暖气不热，卧室只有十五度",
    request_type="求助",
    matter_code="0704",
    place=PLACE,
    contact_phone="13800138000",
    contact_name="王建国",
    channel="web",
)
STALLS = OrderIn(description="小区门口天天有人占道摆摊，推车过不去", place=PLACE, anonymous=True, channel="web")
"""Seven days, no way to call back."""


def register(platform: Platform, order_in: OrderIn = COLD_FLAT, actor: Actor = ASSISTANT, **more: Any) -> str:
    """File an order and return its number."""
    with platform.database.write() as session:
        now, reference = platform.clock.now(), platform.reference.current()
        return service.register(session, order_in, actor=actor, now=now, reference=reference, cipher=platform.cipher, **more).number


def do(
    platform: Platform, number: str, name: str, actor: Actor, *, rules: OrderRules | None = None, version: int | None = None, **given: Any
) -> Order:
    """Do one step."""
    with platform.database.write() as session:
        order = service.apply(
            session,
            number,
            name,
            TransitionIn(**given),
            actor=actor,
            now=platform.clock.now(),
            reference=platform.reference.current(),
            rules=rules,
            version=version,
        )
        assert order is not None
        return order


def accepted(platform: Platform, order_in: OrderIn = STALLS, **more: Any) -> str:
    """File an order that Wangjing has accepted."""
    number = register(platform, order_in, **more)
    do(platform, number, "accept", WANGJING)
    return number


def shown(platform: Platform, number: str) -> OrderOut:
    """Return an order as staff see it."""
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        return service.order_out(session, order, platform.reference.current(), platform.cipher, platform.clock.now())


def stored(platform: Platform, number: str) -> Order:
    """Return an order's own row."""
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        return order


def told(platform: Platform, number: str) -> ProgressOut:
    """Return an order as its resident sees it."""
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        return service.progress_out(session, order, platform.reference.current())


def events(platform: Platform, number: str) -> list[EventOut]:
    """Return an order's history."""
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        return service.events_out(session, order)


def names(platform: Platform, number: str) -> list[str]:
    """Return the names of an order's events."""
    return [event.name for event in events(platform, number)]


def notices(platform: Platform, number: str) -> list[tuple[str, str]]:
    """Return who got a notice of what about an order, in turn."""
    with platform.database.read() as session:
        found = outbox.listing(session, "waiting", kind="notice", limit=1000)
    return [(row.target, row.payload["name"]) for row in reversed(found) if row.subject == number]


def messages(platform: Platform, number: str) -> list[str]:
    """Return what the resident of an order was sent, in turn."""
    with platform.database.read() as session:
        found = outbox.listing(session, "waiting", kind="resident", limit=1000)
    return [row.payload["text"] for row in reversed(found) if row.payload["order"] == number]


def faults(platform: Platform) -> list[str]:
    """Return what the audit finds."""
    with platform.database.read() as session:
        return [fault for _order, found in service.verify(session) for fault in found] + service.removed(session)
