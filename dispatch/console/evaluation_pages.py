"""Pages of the assessment (考评, Art. 25): three rates and the composite by unit and by day, down to the callbacks behind each number."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.callbacks import service as callbacks
from dispatch.console import callback_words as words
from dispatch.console.pages import Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.api import Kind, counts_out, figures, rates_out
from dispatch.evaluation.rates import rates, total
from dispatch.evaluation.schemas import DayOut, FiguresOut
from dispatch.orders import service as orders
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep
from dispatch.units.service import KIND_NAMES

router = APIRouter(prefix="/console/evaluation", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_PAGE = 50
_LONGEST = 366

Month = Annotated[str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Code = Annotated[str, PathParameter(max_length=16)]
Said = Literal["valid", "contacted", "resolved", "partial", "satisfied", "neutral", "excluded"]
_HEAD = ["名次", "单位", "类别", "计入考核", "响应率", "解决率", "满意率", "综合", "不计入"]


@dataclass(frozen=True, slots=True)
class Window:
    """An assessment month, those beside it, and its days."""

    name: str
    before: str
    after: str | None
    first: date
    last: date


@router.get("")
def month_page(platform: PlatformDep, who: Visitor, month: Month = None, kind: Kind | None = None, double: bool | None = None) -> Response:
    """A month's figures, units of one kind ranked among themselves; a unit is led to its own."""
    if who.unit_code is not None:
        return RedirectResponse(f"/console/evaluation/units/{who.unit_code}" + (f"?month={month}" if month else ""), 303)
    window = _window(platform, month)
    found = figures(platform, window.first, window.last, [kind] if kind else None, double=double)
    with platform.database.read() as session:
        _, rules = evaluation.rules_on(session, window.last)
    return pages.render(
        "evaluation.html",
        who,
        window=window,
        figures=found,
        kinds=KIND_NAMES,
        kind=kind,
        double=rules.double_assessment if double is None else double,
        rules=rules,
    )


@router.get("/figures.csv")
def month_csv(platform: PlatformDep, who: Visitor, month: Month = None, kind: Kind | None = None, double: bool | None = None) -> Response:
    """The same as a table for a spreadsheet; the same month gives the same bytes, whenever it is fetched."""
    _city(who)
    window = _window(platform, month)
    found = figures(platform, window.first, window.last, [kind] if kind else None, double=double)
    return _csv(f"evaluation-{window.name}.csv", [_HEAD, *_rows(found)])


@router.get("/days")
def days_page(
    platform: PlatformDep,
    who: Visitor,
    first: date | None = None,
    last: date | None = None,
    unit: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """The figures of each assessment day, of the city or of one unit."""
    code = who.unit_code or unit.strip() or None
    last = last or _today(platform)
    first = first or last - timedelta(days=13)
    _check(first, last)
    directory = platform.reference.current().units
    found = directory.find(code) if code else None
    if code and found is None:
        raise not_found("单位", code)
    return pages.render(
        "evaluation_days.html",
        who,
        days=_days(platform, first, last, code),
        first=first,
        last=last,
        unit=found,
        units=[] if who.unit_code else directory.all(),
    )


@router.get("/units/{code}")
def unit_page(platform: PlatformDep, who: Visitor, code: Code, month: Month = None) -> Response:
    """One unit's month: its figures and place among its kind, and its days."""
    _own(who, code)
    unit = platform.reference.current().units.find(code)
    if unit is None:
        raise not_found("单位", code)
    window = _window(platform, month)
    found = figures(platform, window.first, window.last, [unit.kind])
    mine = next((row for row in found.units if row.code == code), None)
    with platform.database.read() as session:
        _, rules, led = evaluation.figures(session, first=window.first, last=window.last, units=[code], double=False)
        _, _, both = evaluation.figures(session, first=window.first, last=window.last, units=[code], double=True)
    empty = total(())
    lead, everything = led.get(code, empty), both.get(code, empty)
    return pages.render(
        "evaluation_unit.html",
        who,
        unit=unit,
        kind=KIND_NAMES[unit.kind],
        window=window,
        row=mine,
        among=len(found.units),
        counts=counts_out(everything if rules.double_assessment else lead),
        helped=everything.valid - lead.valid,
        city=found.city,
        rules=rules,
        days=_days(platform, window.first, min(window.last, _today(platform)), code),
    )


@router.get("/units/{code}/figures.csv")
def unit_csv(platform: PlatformDep, who: Visitor, code: Code, month: Month = None) -> Response:
    """A unit's days of a month as a table for a spreadsheet."""
    _own(who, code)
    window = _window(platform, month)
    rows = [
        [day.day.isoformat(), day.counts.valid, *_rates(day.rates), day.counts.excluded]
        for day in _days(platform, window.first, window.last, code)
    ]
    return _csv(f"evaluation-{code}-{window.name}.csv", [["考核日", *_HEAD[3:]], *rows])


@router.get("/callbacks")
def callbacks_page(
    platform: PlatformDep,
    who: Visitor,
    first: date,
    last: date,
    unit: Annotated[str, Query(max_length=16)] = "",
    part: Literal["lead", "co"] = "lead",
    said: Said | None = None,
    after: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> Response:
    """The callbacks that made a number."""
    _check(first, last)
    code = unit.strip() or None
    if who.unit_code is not None:
        code = code or who.unit_code
        _own(who, code)
    with platform.database.read() as session:
        rows = callbacks.counted(session, unit_code=code, first=first, last=last, part=part, said=said, after=after, limit=_PAGE)
        matters = {number: order.matter_name for number, order in orders.find_all(session, [row.order_number for row in rows]).items()}
    directory = platform.reference.current().units
    return pages.render(
        "evaluation_callbacks.html",
        who,
        rows=rows,
        matters=matters,
        names={row.unit_code: found.name for row in rows if (found := directory.find(row.unit_code))},
        unit=directory.find(code) if code else None,
        first=first,
        last=last,
        part=part,
        parts=words.PARTS,
        said=said,
        saids=words.SAID,
        answers=words.ANSWERS,
        older=rows[-1].id if len(rows) == _PAGE else None,
    )


def _window(platform: Platform, month: str | None) -> Window:
    with platform.database.read() as session:
        today = evaluation.day_of(session, platform.clock.now())
        now = evaluation.month_of(session, today)
        year, number = (int(month[:4]), int(month[5:])) if month else now
        first, last = evaluation.month(session, year, number)
    before = (year - 1, 12) if number == 1 else (year, number - 1)
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return Window(_name(year, number), _name(*before), _name(*after) if (year, number) < now else None, first, last)


def _name(year: int, number: int) -> str:
    return f"{year}-{number:02d}"


def _today(platform: Platform) -> date:
    with platform.database.read() as session:
        return evaluation.day_of(session, platform.clock.now())


def _days(platform: Platform, first: date, last: date, code: str | None) -> list[DayOut]:
    with platform.database.read() as session:
        found = evaluation.days(session, first=first, last=last, units=[code] if code else None)
        by_rules = [(day, counts, evaluation.rules_on(session, day)[1]) for day, counts in found.items()]
    return [DayOut(day=day, counts=counts_out(counts), rates=rates_out(rates(counts, rules))) for day, counts, rules in by_rules]


def _rows(found: FiguresOut) -> list[list[object]]:
    city: list[object] = ["", "全市", "", found.city_counts.valid, *_rates(found.city), found.city_counts.excluded]
    return [
        city,
        *(
            [row.rank, row.name, KIND_NAMES.get(row.kind, row.kind), row.counts.valid, *_rates(row.rates), row.counts.excluded]
            for row in found.units
        ),
    ]


def _rates(found: object) -> list[object]:
    values = (getattr(found, name) for name in ("response", "solution", "satisfaction", "composite"))
    return ["" if value is None else str(value) for value in values]


def _csv(name: str, rows: Sequence[Sequence[object]]) -> Response:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows(rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _check(first: date, last: date) -> None:
    if last < first or (last - first).days > _LONGEST:
        raise Problem(422, "时段不对", "last: 应不早于 first，且相距不超过一年", kind="bad-period")


def _city(who: LoggedIn) -> None:
    if who.unit_code is not None or who.role is Role.HANDLER:
        raise Problem(403, "没有权限", "承办单位看本单位的考评", kind="forbidden")


def _own(who: LoggedIn, code: str) -> None:
    if who.unit_code is not None and who.unit_code != code:
        raise Problem(403, "没有权限", "承办单位看本单位的考评", kind="forbidden")
