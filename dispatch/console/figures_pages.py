"""The dashboard: the figures of the reports, a few minutes old, for any days; a unit's people see their own unit's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import Pages, Visitor
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.rates import Counts, rates, total
from dispatch.platform import Platform, PlatformDep
from dispatch.reports import figures as report_figures
from dispatch.statistics import service as statistics
from dispatch.statistics.counting import Tally
from dispatch.units.service import UnitEntry

router = APIRouter(prefix="/console/figures", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_DAYS = 30
_LONGEST = 3660
_MOST_ROWS = 20
_WIDTH, _HEIGHT = 720, 160


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: its name, its counts, its own figures' address and its orders' (empty where there is none)."""

    name: str
    tally: Tally
    href: str = ""
    orders: str = ""


@router.get("")
def figures_page(
    platform: PlatformDep,
    who: Visitor,
    first: date | None = None,
    last: date | None = None,
    unit: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Volume, punctuality and the three rates of a period, by matter, district and unit."""
    today = beijing(platform.clock.now()).date()
    last = last or today
    first = first or last - timedelta(days=_DAYS - 1)
    if last < first or (last - first).days > _LONGEST:
        raise Problem(422, "时段不对", "last: 应不早于 first，且相距不超过十年", kind="bad-period", field="last")
    chosen = _unit(platform, who, unit)
    reference = platform.reference.current()
    with platform.database.read() as session:
        period = statistics.stored(session, first, last)
        dimension, keys = ("unit", (chosen.code,)) if chosen else ("all", ("",))
        by_day = period.by_day(dimension, keys)
        groups = period.sums("unit_group", prefix=f"{chosen.code}/") if chosen else period.sums("group")
        units = period.sums("unit")
        districts = {} if chosen else period.sums("district")
        _, rules, counts = evaluation.figures(session, first=first, last=last, units=[chosen.code] if chosen else None)
    inside = {code for code in units if chosen is None or ((found := reference.units.find(code)) and found.parent_code == chosen.code)}
    group_name = report_figures.group_name(reference)
    whole = Tally()
    for tally in by_day.values():
        whole.add(tally)
    return pages.render(
        "figures.html",
        who,
        unit=chosen,
        units=[] if who.unit_code else reference.units.all(),
        first=first,
        last=last,
        today=today,
        total=whole,
        rates=rates(total(counts.values()) if counts else Counts(), rules),
        curve=_curve(by_day, first, last),
        highest=max((tally.filed for tally in by_day.values()), default=0),
        tables=[
            ("诉求分类", _lines({key.rpartition("/")[2]: tally for key, tally in groups.items()}, group_name)),
            ("各区", _lines(districts, lambda key: key or "地点不详")),
            ("承办单位", _of_units({code: units[code] for code in inside}, platform, who, first, last)),
        ],
    )


def _unit(platform: Platform, who: LoggedIn, asked: str) -> UnitEntry | None:
    code = who.unit_code or asked
    if not code:
        return None
    found = platform.reference.current().units.find(code)
    if found is None:
        raise not_found("单位", code)
    return found


def _lines(found: dict[str, Tally], name: Callable[[str], str]) -> list[Line]:
    ordered = sorted(found.items(), key=lambda row: (-row[1].filed, row[0]))[:_MOST_ROWS]
    return [Line(name(key), tally) for key, tally in ordered]


def _of_units(found: dict[str, Tally], platform: Platform, who: LoggedIn, first: date, last: date) -> list[Line]:
    units = platform.reference.current().units
    ordered = sorted(found.items(), key=lambda row: (-row[1].filed, row[0]))[:_MOST_ROWS]
    lines = []
    for code, tally in ordered:
        unit = units.find(code)
        query = urlencode({"first": first.isoformat(), "last": last.isoformat(), "unit": code})
        own = "" if who.unit_code else f"/console/figures?{query}"
        lines.append(Line(unit.name if unit else code, tally, own, f"/console?{urlencode({'unit': code})}"))
    return lines


def _curve(by_day: dict[date, Tally], first: date, last: date) -> str:
    """Return the points of the curve of orders by day, for an SVG of ``_WIDTH`` by ``_HEIGHT``."""
    days = (last - first).days
    highest = max((tally.filed for tally in by_day.values()), default=0) or 1
    points = []
    for number in range(days + 1):
        tally = by_day.get(first + timedelta(days=number))
        filed = tally.filed if tally else 0
        points.append(f"{number * _WIDTH / max(1, days):.1f},{_HEIGHT - filed * _HEIGHT / highest:.1f}")
    return " ".join(points)
