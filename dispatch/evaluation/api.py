"""Routes of the three rates: months, days, and the rules they are computed by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from dispatch.accounts.callers import StaffOrService
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem
from dispatch.evaluation import service
from dispatch.evaluation.rates import Counts, Rates, ranked, rates, total
from dispatch.evaluation.rules import Rules
from dispatch.evaluation.schemas import CountsOut, DayOut, FiguresOut, RatesOut, RulesIn, RulesOut, UnitOut
from dispatch.evaluation.service import BadRulesError
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1/evaluation", tags=["考评"])

Kind = Literal["street", "town", "district", "department", "utility", "liaison", "desk"]
READERS = frozenset({Role.OPERATOR, Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
_LONGEST = 366


@router.get("/months/{month}")
def month_figures(
    platform: PlatformDep,
    actor: StaffOrService,
    month: Annotated[str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")],
    kind: Annotated[list[Kind] | None, Query()] = None,
    double: bool | None = None,
) -> FiguresOut:
    """The figures of an assessment month, units ranked; ``kind`` ranks units of these kinds among themselves (分级分类)."""
    _reader(actor.role)
    year, number = int(month[:4]), int(month[5:])
    with platform.database.read() as session:
        first, last = service.month(session, year, number)
    return figures(platform, first, last, kind, double=double)


@router.get("/days")
def day_figures(
    platform: PlatformDep,
    actor: StaffOrService,
    first: date,
    last: date,
    unit: Annotated[str | None, Query(max_length=16)] = None,
) -> list[DayOut]:
    """The figures of each assessment day of a period, city-wide or of one unit."""
    _reader(actor.role)
    if last < first or (last - first).days > _LONGEST:
        raise Problem(422, "时段不对", "last: 应不早于 first，且相距不超过一年", kind="bad-period")
    with platform.database.read() as session:
        found = service.days(session, first=first, last=last, units=[unit] if unit else None)
        by_day = [(day, counts, service.rules_on(session, day)[1]) for day, counts in found.items()]
    return [DayOut(day=day, counts=counts_out(counts), rates=rates_out(rates(counts, rules))) for day, counts, rules in by_day]


@router.get("/rules")
def rules_list(platform: PlatformDep, actor: StaffOrService) -> list[RulesOut]:
    """Every version of the rules, newest first; the last one is what a new system begins with."""
    _reader(actor.role)
    with platform.database.read() as session:
        rows = service.versions(session)
    made = [RulesOut(version=r.version, valid_from=r.valid_from, content=r.content, note=r.note, at=beijing(r.at)) for r in rows]
    return [*made, RulesOut(version=0, valid_from=None, content=Rules().model_dump(mode="json"), note="系统自带", at=None)]


@router.post("/rules", status_code=201)
def put_in_force(platform: PlatformDep, actor: StaffOrService, given: RulesIn) -> RulesOut:
    """Put a version of the rules in force from the first day of an assessment month to come."""
    if actor.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise Problem(403, "没有权限", "考评规则由督办员和管理员维护", kind="forbidden")
    try:
        with platform.database.write() as session:
            row = service.put_in_force(
                session, given.content, valid_from=given.valid_from, note=given.note, by=actor.name, now=platform.clock.now()
            )
            return RulesOut(version=row.version, valid_from=row.valid_from, content=row.content, note=row.note, at=beijing(row.at))
    except BadRulesError as error:
        raise Problem(422, "考评规则不对", str(error), kind="bad-rules") from None


def figures(platform: Platform, first: date, last: date, kinds: Sequence[str] | None, *, double: bool | None = None) -> FiguresOut:
    """Return the figures of a period; the city's are over all units, whatever ``kinds`` are ranked."""
    directory = platform.reference.current().units
    with platform.database.read() as session:
        version, rules, counts = service.figures(session, first=first, last=last, double=double)
        city = total(service.figures(session, first=first, last=last, double=False)[2].values())
    known = {code: unit for code in counts if (unit := directory.find(code))}
    chosen = {code: found for code, found in counts.items() if not kinds or (code in known and known[code].kind in kinds)}
    rows = [
        UnitOut(
            rank=row.rank,
            code=row.unit_code,
            name=known[row.unit_code].name if row.unit_code in known else row.unit_code,
            kind=known[row.unit_code].kind if row.unit_code in known else "",
            counts=counts_out(row.counts),
            rates=rates_out(row.rates),
        )
        for row in ranked(chosen, rules)
    ]
    return FiguresOut(
        first=first, last=last, rules_version=version, city=rates_out(rates(city, rules)), city_counts=counts_out(city), units=rows
    )


def counts_out(counts: Counts) -> CountsOut:
    """Return counts as they cross the wire."""
    return CountsOut.model_validate(counts, from_attributes=True)


def rates_out(found: Rates) -> RatesOut:
    """Return rates as they cross the wire."""
    return RatesOut.model_validate(found, from_attributes=True)


def _reader(role: Role) -> None:
    if role not in READERS:
        raise Problem(403, "没有权限", "考评结果对工作人员开放", kind="forbidden")
