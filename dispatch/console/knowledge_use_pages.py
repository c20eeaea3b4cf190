"""Pages on the use of the knowledge base: what it lacks, how it answers, and taking in files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.console.knowledge_pages import REVIEWERS, WRITERS, Reason, ReviewerSending, WriterSending, pages, units_named
from dispatch.console.pages import Visitor
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.knowledge import service as knowledge
from dispatch.knowledge.api import imported
from dispatch.knowledge.importing import MAX_FILE
from dispatch.knowledge.service import GapFilter, NoSuchGapError
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/knowledge", include_in_schema=False)

_PAGE = 50
_DAYS = 30
_MOST_DAYS = 366

GapId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Day = Annotated[date | Literal[""] | None, Query()]


@router.get("/gaps")
def gaps_page(
    platform: PlatformDep, who: Visitor, state: Literal["open", "closed"] = "open", offset: Annotated[int, Query(ge=0, le=10_000)] = 0
) -> Response:
    """What residents ask and nothing answers; a unit sees its own."""
    with platform.database.read() as session:
        gaps = knowledge.gaps(session, GapFilter(who.unit_code, state), offset=offset, limit=_PAGE + 1)
    more = offset + _PAGE if len(gaps) > _PAGE else None
    return pages.render("knowledge_gaps.html", who, gaps=gaps[:_PAGE], state=state, more=more, units=units_named(platform))


@router.get("/gaps/{gap_id}")
def gap_page(platform: PlatformDep, who: Visitor, gap_id: GapId) -> Response:
    """One gap with the questions in it, masked."""
    return _gap(platform, who, gap_id)


@router.post("/gaps/{gap_id}/close")
def close_gap(platform: PlatformDep, who: WriterSending, gap_id: GapId, reason: Reason = "") -> Response:
    """Take a gap off the list."""
    if not reason.strip():
        return _gap(platform, who, gap_id, fault="请写明处理情况")
    with platform.database.write() as session:
        try:
            gap, _ = knowledge.gap_examples(session, gap_id)
        except NoSuchGapError as error:
            raise not_found("知识缺口", str(gap_id)) from error
        if who.unit_code is not None and gap.unit_code != who.unit_code:
            raise not_found("知识缺口", str(gap_id))
        knowledge.close_gap(session, gap_id, by=who.username, note=reason.strip())
    return RedirectResponse("/console/knowledge/gaps", 303)


@router.get("/rates")
def rates_page(
    platform: PlatformDep, who: Visitor, by: Literal["entry", "unit"] = "entry", first: Day = None, last: Day = None
) -> Response:
    """How often questions are answered at once, and how often that doesn't help; a unit sees its own."""
    to = last or beijing(platform.clock.now()).date()
    start = first or to - timedelta(days=_DAYS - 1)
    fault = None if 0 <= (to - start).days <= _MOST_DAYS else "起始日期应不晚于截止日期，且不超过一年"
    with platform.database.read() as session:
        rows = [] if fault else knowledge.rates(session, start, to, by=by, unit_code=who.unit_code)
    values = {"rows": rows, "by": by, "first": start, "last": to, "fault": fault, "units": units_named(platform)}
    return pages.render("knowledge_rates.html", who, status=422 if fault else 200, **values)


@router.get("/import")
def import_page(who: Visitor) -> Response:
    """The form to take in a file."""
    if who.role not in REVIEWERS:
        raise Problem(403, "没有权限", "导入文件由市政务服务部门进行", kind="forbidden")
    return pages.render("knowledge_import.html", who, fault=None, report=None, limit=MAX_FILE // 1024 // 1024)


@router.post("/import")
def import_file(platform: PlatformDep, who: ReviewerSending, file: UploadFile, dry_run: Annotated[bool, Form()] = True) -> Response:
    """Take in a file, or say what would become of it."""
    report, fault = None, None
    try:
        report = imported(platform, file, dry_run=dry_run, by=who.username)
    except Problem as problem:
        fault = problem.detail.removeprefix("file: ")
    status = 422 if fault else 200
    return pages.render("knowledge_import.html", who, status=status, fault=fault, report=report, limit=MAX_FILE // 1024 // 1024)


def _gap(platform: Platform, who: LoggedIn, gap_id: int, *, fault: str | None = None) -> Response:
    with platform.database.read() as session:
        try:
            gap, questions = knowledge.gap_examples(session, gap_id)
        except NoSuchGapError as error:
            raise not_found("知识缺口", str(gap_id)) from error
    if who.unit_code is not None and gap.unit_code != who.unit_code:
        raise not_found("知识缺口", str(gap_id))
    may_write = who.role in WRITERS
    return pages.render(
        "knowledge_gap.html", who, status=409 if fault else 200, gap=gap, questions=questions, fault=fault, may_write=may_write
    )
