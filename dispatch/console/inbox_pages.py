"""Lists of orders: a unit's inbox by deadline, a district's streets, the city's orders for the desks; and printing what was chosen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.console import lists
from dispatch.console.due import SOON, Due, due
from dispatch.console.lists import TABS, WantedDep
from dispatch.console.pages import CHANNEL_NAMES, DESK_ROLES, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders import service as orders
from dispatch.orders import worklist
from dispatch.orders.listing import BadCursorError
from dispatch.orders.schemas import EventOut, OrderOut
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep
from dispatch.units.service import UnitEntry

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

REVIEWERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
_UNIT_TABS = ("open", "dispatched", "accepted", "held", "objected", "help", "answered", "closed")
_CITY_TABS = ("open", "registered", "dispatched", "accepted", "held", "objected", "answered", "closed")
_FULL_NUMBER = re.compile(r"BJ\d{8}-\d{6}")

Numbers = Annotated[list[str], Query(alias="n", max_length=lists.LONGEST_PAGE, default_factory=list)]


@router.get("")
def inbox_page(platform: PlatformDep, who: Visitor, asked: WantedDep) -> Response:
    """A unit's inbox by deadline; desks see the whole city's."""
    unit_code = own_unit(who)
    if _FULL_NUMBER.fullmatch(asked.q.upper()) and _visible(platform, who, asked.q.upper()):
        return RedirectResponse(f"/console/orders/{asked.q.upper()}", 303)
    reference, now = platform.reference.current(), platform.clock.now()
    unit = reference.units.find(unit_code) if unit_code else None
    with platform.database.read() as session:
        try:
            found, more = lists.page(session, asked, unit_code, reference, now)
        except BadCursorError:
            return RedirectResponse(asked.address("/console"), 303)
        helping = orders.waiting_for(session, unit_code, limit=lists.LONGEST_PAGE) if unit_code else []
        rows = orders.orders_out(session, found, reference, platform.cipher, now)
        first_page = asked.tab == "open" and not asked.filtered and not asked.cursor
        help_rows = orders.orders_out(session, helping, reference, platform.cipher, now) if first_page else []
        standing = worklist.standing(session, unit_code, now=now, soon=SOON)
    tabs: tuple[str, ...] = _UNIT_TABS if unit_code else _CITY_TABS
    if unit and unit.kind == "district":
        tabs = (*tabs[:6], "copied", *tabs[6:])
    counts = {**standing.by_state, "open": standing.open - standing.by_state["registered"], "help": len(helping)}
    return pages.render(
        "inbox.html",
        who,
        unit=unit,
        asked=asked,
        tabs=[(tab, TABS[tab], counts.get(tab)) for tab in tabs],
        rows=dated(rows, platform),
        help_rows=dated(help_rows, platform),
        standing=standing,
        more=asked.address("/console", cursor=more) if more else None,
        matters=[item.name for item in reference.catalogue.items.values()],
        streets=_streets(platform, unit),
        channels=CHANNEL_NAMES,
        units=[] if unit_code else reference.units.all(),
        can_bulk=who.role in REVIEWERS,
        counted_up_to=worklist.COUNTED_UP_TO,
    )


@router.get("/district")
def district_page(platform: PlatformDep, who: Visitor, asked: WantedDep) -> Response:
    """A district's streets and towns: what each has open and overdue, and one street's orders by deadline (Art. 14(1))."""
    reference, now = platform.reference.current(), platform.clock.now()
    unit = reference.units.find(who.unit_code) if who.unit_code else None
    if unit is None and who.role in DESK_ROLES and asked.unit:
        unit = reference.units.find(lists.unit_named(asked.unit, reference) or "")
    if unit is None or unit.kind != "district":
        raise Problem(403, "没有权限", "这一页是区政府的：各街道、乡镇的承办情况", kind="forbidden")
    streets = [each for each in reference.units.every() if each.parent_code == unit.code and each.kind in ("street", "town")]
    chosen = next((each for each in streets if asked.street == each.code), None)
    with platform.database.read() as session:
        loads = worklist.loads(session, [each.code for each in streets], now=now)
        found: list[Order] = []
        more = None
        if chosen:
            narrowed = replace(asked, street="", unit="")
            try:
                found, more = lists.page(session, narrowed, chosen.code, reference, now)
            except BadCursorError:
                return RedirectResponse(f"/console/district?street={chosen.code}", 303)
        rows = orders.orders_out(session, found, reference, platform.cipher, now)
    shown = sorted(streets, key=lambda each: (-(loads[each.code].overdue if each.code in loads else 0), each.code))
    return pages.render(
        "district.html",
        who,
        unit=unit,
        streets=shown,
        loads=loads,
        chosen=chosen,
        asked=asked,
        rows=dated(rows, platform),
        more=asked.address("/console/district", cursor=more) if more else None,
    )


@router.get("/print")
def print_page(platform: PlatformDep, who: Visitor, numbers: Numbers) -> Response:
    """The chosen orders, each on a sheet of its own (承办单), contacts masked."""
    sheets: list[tuple[OrderOut, list[EventOut]]] = []
    reference, now = platform.reference.current(), platform.clock.now()
    actor = Actor(who.username, who.role, who.unit_code)
    with platform.database.read() as session:
        for number in dict.fromkeys(numbers):
            order = orders.visible(session, number, actor)
            if order is None:
                raise not_found("工单", number[:24])
            shown = orders.order_out(session, order, reference, platform.cipher, now)
            sheets.append((shown, orders.events_out(session, order)))
    return pages.render("print.html", who, sheets=sheets, printed_at=now)


def own_unit(who: LoggedIn) -> str | None:
    """Return the unit whose orders somebody works on, None for the whole city. Raises problem 403 for a unit's account without a unit."""
    if who.role is Role.HANDLER and who.unit_code is None:
        raise Problem(403, "没有权限", "您的账号还没有指定单位，请联系管理员", kind="forbidden")
    return who.unit_code


def dated(rows: list[OrderOut], platform: Platform) -> list[tuple[OrderOut, Due]]:
    """Return ``rows``, each with how it stands against its deadline."""
    now = platform.clock.now()
    return [(row, due(row, now)) for row in rows]


def _visible(platform: Platform, who: LoggedIn, number: str) -> bool:
    with platform.database.read() as session:
        return orders.visible(session, number, Actor(who.username, who.role, who.unit_code)) is not None


def _streets(platform: Platform, unit: UnitEntry | None) -> list[str]:
    """Return the streets that a list can be narrowed to: none for a street itself, a district's own, else all."""
    if unit and unit.kind in ("street", "town"):
        return []
    units = platform.reference.current().units.all()
    streets = [each for each in units if each.kind in ("street", "town") and each.short]
    return [each.short[0] for each in streets if unit is None or unit.kind != "district" or each.parent_code == unit.code]
