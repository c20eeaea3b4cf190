"""The audit (第二十九条): who did what to which order, what administrators changed; and whether an order's history is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from dispatch.accounts.service import LoggedIn
from dispatch.administration import service as administration
from dispatch.administration.service import AdministrationAct
from dispatch.console.pages import Pages, Visitor
from dispatch.core.clock import BEIJING, beijing
from dispatch.core.problems import Problem
from dispatch.orders import searching
from dispatch.orders import service as orders
from dispatch.orders.searching import EventFilter
from dispatch.orders.workflow import TABLE, Role, State
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/audit", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

AUDITORS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
_PAGE = 100
_DAYS, _LONGEST = 7, 92
_LABELS = {row.name: row.label for row in TABLE}
_COLUMNS = ("时间", "工单", "事项", "代码", "经办", "角色", "原状态", "新状态", "依据", "校验值")
_ACT_COLUMNS = ("时间", "管理员", "操作", "代码", "对象", "说明")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def auditor(who: Visitor) -> LoggedIn:
    """FastAPI dependency: an auditor or administrator, or problem 403."""
    if who.role not in AUDITORS:
        raise Problem(403, "没有权限", "审计只对审计员和管理员开放", kind="forbidden")
    return who


Auditor = Annotated[LoggedIn, Depends(auditor)]
Short = Annotated[str, Query(max_length=80)]


def wanted(
    platform: PlatformDep, number: Short = "", actor: Short = "", name: Short = "", first: date | None = None, last: date | None = None
) -> EventFilter:
    """FastAPI dependency: the events that the address asks for; the last seven days unless it says otherwise."""
    last = last or beijing(platform.clock.now()).date()
    first = first or last - timedelta(days=_DAYS - 1)
    if last < first or (last - first).days > _LONGEST:
        raise Problem(422, "时段不对", f"last: 应不早于 first，且相距不超过 {_LONGEST} 天", kind="bad-period", field="last")
    begin, end = (datetime.combine(day, time(), BEIJING) for day in (first, last + timedelta(days=1)))
    return EventFilter(begin, end, number.strip().upper() or None, actor.strip() or None, name.strip() or None)


Wanted = Annotated[EventFilter, Depends(wanted)]


def administered(subject: Short = "") -> str | None:
    """FastAPI dependency: a part of what was administered (an account, an entry, a version), None for all."""
    return subject.strip() or None


Subject = Annotated[str | None, Depends(administered)]


@router.get("")
def audit_page(
    platform: PlatformDep,
    who: Auditor,
    asked: Wanted,
    subject: Subject,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    acts_before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Events of orders and what administrators did: both, unless an order or what was administered is asked for."""
    with platform.database.read() as session:
        rows = [] if subject else searching.find(session, asked, before=before, limit=_PAGE)
        acts = [] if asked.number else _acts(session, asked, subject, acts_before)
        faults = None
        if asked.number and (order := orders.find(session, asked.number)):
            faults = orders.faults_of(session, order)
    return pages.render(
        "audit.html",
        who,
        asked=asked,
        last=asked.end - timedelta(days=1),
        rows=rows,
        acts=acts,
        subject=subject,
        faults=faults,
        labels=_LABELS,
        act_names=administration.NAMES,
        states={state.value: state.label for state in State},
        older=rows[-1].id if len(rows) == _PAGE else None,
        older_acts=acts[-1].id if len(acts) == _PAGE else None,
    )


@router.get("/export-acts")
def export_acts(platform: PlatformDep, _who: Auditor, asked: Wanted, subject: Subject) -> StreamingResponse:
    """What administrators did, all of it, as CSV."""

    def lines() -> Iterator[str]:
        yield "\ufeff" + _line(_ACT_COLUMNS)
        with platform.database.read() as session:
            for each in administration.every(session, asked.begin, asked.end, actor=asked.actor, name=asked.name, subject=subject):
                at = f"{beijing(each.at):%Y-%m-%d %H:%M:%S}"
                yield _line((at, each.actor, administration.NAMES.get(each.name, each.name), each.name, each.subject, each.detail))

    headers = {"Content-Disposition": 'attachment; filename="administration.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/export")
def export(platform: PlatformDep, _who: Auditor, asked: Wanted) -> StreamingResponse:
    """The same events, all of them, as CSV."""

    def lines() -> Iterator[str]:
        yield "\ufeff" + _line(_COLUMNS)
        with platform.database.read() as session:
            for each in searching.every(session, asked):
                at = f"{beijing(each.at):%Y-%m-%d %H:%M:%S}"
                label = _LABELS.get(each.name, each.name)
                yield _line(
                    (at, each.number, label, each.name, each.actor, each.role, each.from_state, each.to_state, each.article, each.hash)
                )

    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _acts(session: Session, asked: EventFilter, subject: str | None, before: int | None) -> Sequence[AdministrationAct]:
    return administration.find(
        session, asked.begin, asked.end, actor=asked.actor, name=asked.name, subject=subject, before=before, limit=_PAGE
    )


def _line(values: tuple[Any, ...]) -> str:
    """Return a line of CSV in which no value is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    texts = ["" if value is None else str(value) for value in values]
    csv.writer(out, lineterminator="\r\n").writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in texts])
    return out.getvalue()
