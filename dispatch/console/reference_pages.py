"""The administrators' pages of what the system goes by: the units there are, and which days people work."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import chinese_calendar
from fastapi import APIRouter, Query, Response

from dispatch.console.admin_pages import Administrator
from dispatch.console.pages import Pages
from dispatch.core.clock import beijing
from dispatch.orders import deadlines
from dispatch.orders.rules import current_rules
from dispatch.platform import PlatformDep
from dispatch.units.service import KIND_NAMES

router = APIRouter(prefix="/console/admin", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_MOST = 100
_SATURDAY = 5


@router.get("/units")
def units_page(
    platform: PlatformDep, who: Administrator, q: Annotated[str, Query(max_length=40)] = "", kind: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """The units orders can be dispatched to, found by name, short name, code or duty."""
    word = q.strip()
    units = platform.reference.current().units.all()
    found = [
        unit
        for unit in units
        if (not kind or unit.kind == kind) and (not word or any(word in text for text in (unit.name, unit.code, unit.duties, *unit.short)))
    ]
    return pages.render("reference_units.html", who, q=word, kind=kind, kinds=KIND_NAMES, rows=found[:_MOST], total=len(found), fault=None)


@router.get("/calendar")
def calendar_page(platform: PlatformDep, who: Administrator, year: Annotated[int | None, Query(ge=2004, le=2100)] = None) -> Response:
    """The year's days off on weekdays and workdays at weekends, by which deadlines in working time count (Art. 15)."""
    year = year or beijing(platform.clock.now()).year
    rules = current_rules()
    rows = []
    for day in _days(year):
        works = deadlines.is_workday(day)
        if works == (day.weekday() < _SATURDAY):
            continue
        set_here = day in rules.days_off or day in rules.workdays
        rows.append((day, works, "本市设置" if set_here else _holiday(day)))
    known = max(chinese_calendar.constants.holidays).year
    return pages.render("reference_calendar.html", who, year=year, rows=rows, known=known, fault=None)


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


def _holiday(day: date) -> str:
    """Return the name of the holiday that makes ``day`` what it is; a workday at the weekend is swapped for one (调休)."""
    _, name = chinese_calendar.get_holiday_detail(day)
    return _NAMES.get(name or "", name or "调休")
