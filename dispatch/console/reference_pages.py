"""The administrators' pages of what the system goes by: the units there are, which days people work; and changing both."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import chinese_calendar
from fastapi import APIRouter, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.calendar import service as calendar
from dispatch.calendar.service import BadDaysError
from dispatch.console.admin_pages import Administrator, Sender
from dispatch.console.lists import unit_named
from dispatch.console.pages import Pages
from dispatch.core.clock import beijing
from dispatch.core.problems import not_found
from dispatch.orders import deadlines, worklist
from dispatch.orders.rules import current_rules
from dispatch.platform import Platform, PlatformDep
from dispatch.units import administering
from dispatch.units import service as units
from dispatch.units.administering import UnitError
from dispatch.units.service import KIND_NAMES

router = APIRouter(prefix="/console/admin", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

Code = Annotated[str, PathParameter(pattern=r"^\w{1,16}$")]

_MOST = 100
_WORKS = {"yes": True, "no": False, "builtin": None}
_SATURDAY = 5


@router.get("/units")
def units_page(
    platform: PlatformDep, who: Administrator, q: Annotated[str, Query(max_length=40)] = "", kind: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """The units orders can be dispatched to and those that ended, found by name, short name, code or duty."""
    word = q.strip()
    directory = platform.reference.current().units
    found = [
        unit
        for unit in directory.every()
        if (not kind or unit.kind == kind) and (not word or any(word in text for text in (unit.name, unit.code, unit.duties, *unit.short)))
    ]
    values: dict[str, Any] = {
        "q": word,
        "kind": kind,
        "kinds": KIND_NAMES,
        "rows": found[:_MOST],
        "total": len(found),
        "directory": directory,
    }
    return pages.render("reference_units.html", who, fault=None, **values)


@router.get("/units/{code}")
def unit_page(platform: PlatformDep, who: Administrator, code: Code, said: Literal["saved"] | None = None) -> Response:
    """One unit: what is said of it, and what administrators may change."""
    return _unit(platform, who, code, saved=said is not None)


@router.post("/units/{code}")
def change_unit(
    platform: PlatformDep,
    who: Sender,
    code: Code,
    short: Annotated[str, Form(max_length=2000)] = "",
    duties: Annotated[str, Form(max_length=1000)] = "",
    contact_hours: Annotated[str, Form(max_length=200)] = "",
    active: Annotated[bool, Form()] = False,
) -> Response:
    """Set names, duties, hours, and whether the unit takes work; every process goes by it within seconds."""
    names = [name for line in short.splitlines() for name in line.split("、")]
    given = {"short": short, "duties": duties, "contact_hours": contact_hours, "active": active}
    try:
        with platform.database.write() as session:
            now = platform.clock.now()
            administering.change(
                session, code, short=names, duties=duties, contact_hours=contact_hours, active=active, by=who.username, now=now
            )
    except UnitError as error:
        return _unit(platform, who, code, fault=str(error), form=given)
    return RedirectResponse(f"/console/admin/units/{code}?said=saved", 303)


@router.post("/units/{code}/merge")
def merge_unit(platform: PlatformDep, who: Sender, code: Code, into: Annotated[str, Form(max_length=120)] = "") -> Response:
    """Merge the unit into another from now on."""
    try:
        with platform.database.write() as session:
            heir = unit_named(into, platform.reference.current()) or ""
            administering.merge(session, code, heir, by=who.username, now=platform.clock.now())
    except UnitError as error:
        return _unit(platform, who, code, fault=str(error))
    return RedirectResponse(f"/console/admin/units/{code}?said=saved", 303)


def _unit(
    platform: Platform, who: LoggedIn, code: str, *, saved: bool = False, fault: str | None = None, form: dict[str, Any] | None = None
) -> Response:
    with platform.database.read() as session:  # not what this process has in memory: what was just changed is to be seen
        directory = units.directory(session)
        unit = directory.find(code)
        if unit is None:
            raise not_found("单位", code)
        waiting = worklist.open_at(session, code)
    written = {"short": "、".join(unit.short), "duties": unit.duties, "contact_hours": unit.contact_hours, "active": unit.active}
    return pages.render(
        "reference_unit.html",
        who,
        status=422 if fault else 200,
        unit=unit,
        kind=KIND_NAMES.get(unit.kind, unit.kind),
        heir=directory.acting(code) if unit.merged_into else None,
        units=[each for each in directory.all() if each.code != code],
        waiting=waiting,
        saved=saved,
        form=form or written,
        today=beijing(platform.clock.now()).date(),
        fault=fault,
    )


@router.get("/calendar")
def calendar_page(platform: PlatformDep, who: Administrator, year: Annotated[int | None, Query(ge=2004, le=2100)] = None) -> Response:
    """The year's days off on weekdays and workdays at weekends, by which deadlines in working time count (Art. 15)."""
    return _calendar(platform, who, year or beijing(platform.clock.now()).year)


@router.post("/calendar")
def set_days(
    platform: PlatformDep,
    who: Sender,
    first: Annotated[str, Form(max_length=10)] = "",
    last: Annotated[str, Form(max_length=10)] = "",
    works: Annotated[Literal["yes", "no", "builtin"], Form()] = "no",
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say whether people work on some days to come; deadlines computed from now on follow."""
    given = {"first": first, "last": last, "works": works, "note": note}
    now = platform.clock.now()
    try:
        begin, end = _day(first, "自"), _day(last or first, "至")
        with platform.database.write() as session:
            calendar.set_days(session, begin, end, works=_WORKS[works], note=note, by=who.username, now=now)
            calendar.take_up(session)
    except BadDaysError as error:
        return _calendar(platform, who, beijing(now).year, fault=str(error), form=given)
    return RedirectResponse(f"/console/admin/calendar?year={begin.year}", 303)


def _calendar(platform: Platform, who: LoggedIn, year: int, *, fault: str | None = None, form: dict[str, str] | None = None) -> Response:
    rules = current_rules()
    with platform.database.read() as session:
        own = calendar.days(session)
        calendar.take_up(session)
    rows: list[tuple[date, bool, str, str | None]] = []
    for day in _days(year):
        works = deadlines.is_workday(day)
        if day in own:
            rows.append((day, works, f"本市设置：{own[day].note}", own[day].by))
        elif works != (day.weekday() < _SATURDAY):
            set_at_start = day in rules.days_off or day in rules.workdays
            rows.append((day, works, "本市设置（启动参数）" if set_at_start else _holiday(day), None))
    return pages.render(
        "reference_calendar.html",
        who,
        status=422 if fault else 200,
        year=year,
        rows=rows,
        known=max(chinese_calendar.constants.holidays).year,
        today=beijing(platform.clock.now()).date(),
        form=form or {"first": "", "last": "", "works": "no", "note": ""},
        fault=fault,
    )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadDaysError(f"{field}: 请选择日期，例如 2027-02-08") from None


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
