"""Pages of bulk work: what is asked for, how far it is, what couldn't be done."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from dispatch.accounts.service import LoggedIn
from dispatch.bulk import service as bulk
from dispatch.bulk.service import ACTIONS, BadRequestError
from dispatch.console import lists
from dispatch.console.inbox_pages import REVIEWERS, dated
from dispatch.console.lists import Wanted, WantedDep
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders import service as orders
from dispatch.orders import worklist
from dispatch.orders.service import Actor
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/dispatch/bulk", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_SAMPLE = 12
_FAILURES = 100

Numbers = Annotated[list[str], Query(alias="n", max_length=lists.LONGEST_PAGE, default_factory=list)]
Sent = Annotated[list[str], Form(alias="n", max_length=lists.LONGEST_PAGE, default_factory=list)]
Long = Annotated[str, Form(max_length=4000)]


def _reviewer(who: LoggedIn) -> LoggedIn:
    if who.role not in REVIEWERS:
        raise Problem(403, "没有权限", "派单台只对派单员和督办员开放", kind="forbidden")
    return who


def reviewer(who: Visitor) -> LoggedIn:
    """FastAPI dependency: a dispatcher or supervisor, or problem 403."""
    return _reviewer(who)


def sender(who: FormSender) -> LoggedIn:
    """FastAPI dependency of forms: the same, from a page of this very login."""
    return _reviewer(who)


@dataclass(frozen=True, slots=True)
class _Form:
    """What was written into the form, to be shown again with what is wrong."""

    key: str
    action: str = ""
    unit: str = ""
    reason: str = ""


@router.get("")
def form_page(platform: PlatformDep, who: Annotated[LoggedIn, Depends(reviewer)], asked: WantedDep, numbers: Numbers) -> Response:
    """Ask what is to be done with the chosen orders, or with all that a list's filters come to."""
    return _form_page(platform, who, asked, numbers, _Form(secrets.token_hex(16)))


@router.post("")
def start(
    platform: PlatformDep,
    who: Annotated[LoggedIn, Depends(sender)],
    asked: WantedDep,
    numbers: Sent,
    key: Annotated[str, Form(pattern="^[0-9a-f]{32}$")],
    action: Annotated[str, Form(max_length=16)] = "",
    unit: Annotated[str, Form(max_length=120)] = "",
    reason: Long = "",
) -> Response:
    """Take the work on; the same form sent twice is one job."""
    now, actor = platform.clock.now(), Actor(who.username, who.role)
    written = _Form(key, action, unit.strip(), reason.strip())
    try:
        named = _named(written.unit, platform)
        with platform.database.read() as session:
            chosen = numbers or _all(session, asked, platform)
        with platform.database.write() as session:
            job = bulk.start(session, key=key, action=action, unit=named, reason=written.reason, numbers=chosen, actor=actor, now=now)
    except BadRequestError as error:
        return _form_page(platform, who, asked, numbers, written, str(error))
    return RedirectResponse(f"/console/dispatch/bulk/{job.id}", 303)


@router.get("/{job_id}")
def job_page(
    platform: PlatformDep,
    who: Annotated[LoggedIn, Depends(reviewer)],
    job_id: int,
    after: Annotated[int, Query(ge=-1, le=2**31)] = -1,
) -> Response:
    """How far a job is, and the orders that couldn't be done with why."""
    with platform.database.read() as session:
        progress = bulk.progress(session, job_id)
        failed = bulk.failures(session, job_id, after=after, limit=_FAILURES)
    if progress is None:
        raise not_found("批量办理", str(job_id))
    unit = platform.reference.current().units.find(progress.job.given["unit"] or "")
    return pages.render(
        "bulk_job.html",
        who,
        progress=progress,
        action=ACTIONS[progress.job.action],
        unit=unit,
        failed=failed,
        more=failed[-1].position if len(failed) == _FAILURES else None,
    )


def _form_page(platform: Platform, who: LoggedIn, asked: Wanted, numbers: list[str], written: _Form, fault: str | None = None) -> Response:
    reference = platform.reference.current()
    with platform.database.read() as session:
        chosen = numbers or _all(session, asked, platform)
        known = orders.find_all(session, chosen[:_SAMPLE])
        sample = [known[number] for number in chosen[:_SAMPLE] if number in known]
        rows = orders.orders_out(session, sample, reference, platform.cipher, platform.clock.now())
    return pages.render(
        "bulk_form.html",
        who,
        count=len(chosen),
        largest=bulk.LARGEST,
        rows=dated(rows, platform),
        numbers=numbers,
        address=asked.address("/console/dispatch/bulk", tab=asked.tab),
        actions=ACTIONS,
        form=written,
        units=reference.units.all(),
        fault=fault,
        status=422 if fault else 200,
    )


def _named(text: str, platform: Platform) -> str | None:
    unit = lists.unit_named(text, platform.reference.current()) if text else None
    if text and unit is None:
        raise BadRequestError(f"单位: 没有找到“{text}”，请输入名称后从列表中选择")
    return unit


def _all(session: Session, asked: Wanted, platform: Platform) -> list[str]:
    """Return the numbers of all orders that the filters come to, at most one more than a job takes."""
    wanted = lists.order_filter(asked, None, platform.reference.current(), platform.clock.now())
    return worklist.numbers(session, wanted, limit=bulk.LARGEST + 1)
