"""Pages of callbacks (回访): whom operators ring, with the same three questions; what was refused, not reached or left out; appeals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.reading import Answers
from dispatch.callbacks.service import AppealError, Callback, CallbackOverError, UnknownCallbackError
from dispatch.console import callback_words as words
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.live import LiveEvent
from dispatch.core.problems import Problem, not_found
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import IllegalTransitionError, Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

RINGERS = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR})
REVIEWERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
LIST_READERS = RINGERS | {Role.AUDITOR}
APPEAL_READERS = REVIEWERS | {Role.AUDITOR, Role.HANDLER}
_PAGE = 50
_LONGEST = 2000

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Long = Annotated[str, Form(max_length=4000)]
Short = Annotated[str, Form(max_length=16)]


@router.get("/callbacks")
def list_page(
    platform: PlatformDep,
    who: Visitor,
    state: Literal["phone", "asked", "unreached", "refused", "expired", "excluded"] = "phone",
    before: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> Response:
    """The phone list, those that end first on top; what was asked, not reached, refused, left unanswered or left out, newest first."""
    _only(who, LIST_READERS)
    with platform.database.read() as session:
        rows = callbacks.to_ring(session, _PAGE) if state == "phone" else callbacks.listing(session, state, before=before, limit=_PAGE)
        found = orders.find_all(session, [row.order_number for row in rows])
        counts = callbacks.counts(session)
    units = platform.reference.current().units
    return pages.render(
        "callbacks.html",
        who,
        rows=rows,
        orders=found,
        units={row.unit_code: unit.name for row in rows if (unit := units.find(row.unit_code))},
        state=state,
        tabs=words.TABS,
        counts=counts,
        answers=words.ANSWERS,
        now=platform.clock.now(),
        older=rows[-1].id if state != "phone" and len(rows) == _PAGE else None,
    )


@router.get("/callbacks/{callback_id}")
def callback_page(platform: PlatformDep, who: Visitor, callback_id: Id) -> Response:
    """One callback: how it went, and what may be done about it."""
    return _page(platform, who, callback_id)


@router.post("/callbacks/{callback_id}/number")
def show_number(platform: PlatformDep, who: FormSender, callback_id: Id) -> Response:
    """Show the number to ring; that it was looked at goes on record (Art. 29)."""
    _only(who, RINGERS)
    callback = _find(platform, who, callback_id)
    actor = Actor(who.username, who.role, who.unit_code)
    try:
        with platform.database.write() as session:
            order = orders.apply(
                session,
                callback.order_number,
                "unmask",
                TransitionIn(reason=words.UNMASK_REASON),
                actor=actor,
                now=platform.clock.now(),
                reference=platform.reference.current(),
            )
            phone = platform.cipher.decrypt(order.contact_phone) if order else None
    except IllegalTransitionError as error:
        return _page(platform, who, callback_id, fault=str(error))
    return _page(platform, who, callback_id, phone=phone or words.NO_NUMBER)


@router.post("/callbacks/{callback_id}/answer")
def record(
    platform: PlatformDep,
    who: FormSender,
    callback_id: Id,
    contacted: Short = "",
    resolved: Short = "",
    satisfied: Short = "",
    reason: Long = "",
) -> Response:
    """Record what the resident answered on the phone."""
    _only(who, RINGERS)
    given = {"contacted": contacted, "resolved": resolved, "satisfied": satisfied}
    if any(value not in words.ANSWERS[name] for name, value in given.items()):
        return _page(platform, who, callback_id, fault=words.ALL_THREE, form={**given, "reason": reason})
    answers = Answers(contacted == "yes", resolved, satisfied)
    try:
        with platform.database.write() as session:
            callback = callbacks.record(
                session,
                callback_id,
                answers,
                reason[:_LONGEST],
                by=who.username,
                now=platform.clock.now(),
                reference=platform.reference.current(),
            )
            unit, number = callback.unit_code, callback.order_number
    except UnknownCallbackError:
        raise not_found("回访", str(callback_id)) from None
    except CallbackOverError:
        return _page(platform, who, callback_id, fault=words.OVER)
    platform.live.publish(LiveEvent(f"unit:{unit}", "callback", {"order": number}))
    return RedirectResponse("/console/callbacks", 303)


@router.post("/callbacks/{callback_id}/{what}")
def mark(
    platform: PlatformDep,
    who: FormSender,
    callback_id: Id,
    what: Literal["not-reached", "refused", "exclude", "appeal"],
    reason: Long = "",
) -> Response:
    """Note a call that nobody took or that was refused, leave a result out of the assessment, or appeal against it."""
    _only(who, {"exclude": REVIEWERS, "appeal": frozenset({Role.HANDLER})}.get(what, RINGERS))
    why, now, reference = reason.strip()[:_LONGEST], platform.clock.now(), platform.reference.current()
    if what in ("exclude", "appeal") and not why:
        return _page(platform, who, callback_id, fault=words.WHY_NEEDED)
    try:
        with platform.database.write() as session:
            if what == "not-reached":
                callbacks.not_reached(session, callback_id, now=now)
            elif what == "refused":
                callbacks.refuse(session, callback_id, now=now, reference=reference)
            elif what == "exclude":
                callbacks.exclude(session, callback_id, why)
            else:
                callbacks.appeal(session, callback_id, unit_code=who.unit_code or "", reason=why, by=who.username, now=now)
    except UnknownCallbackError:
        raise not_found("回访", str(callback_id)) from None
    except CallbackOverError:
        return _page(platform, who, callback_id, fault=words.OVER)
    except AppealError as error:
        return _page(platform, who, callback_id, fault=str(error))
    return RedirectResponse("/console/callbacks" if what in ("not-reached", "refused") else f"/console/callbacks/{callback_id}", 303)


@router.get("/appeals")
def appeals_page(platform: PlatformDep, who: Visitor, state: Literal["pending", "decided"] = "pending") -> Response:
    """Appeals that wait for review, or that were decided; a unit sees its own."""
    _only(who, APPEAL_READERS)
    with platform.database.read() as session:
        rows = callbacks.appeals(session, decided=state == "decided", unit_code=who.unit_code)
        found = {row.callback_id: callbacks.find(session, row.callback_id) for row in rows}
        numbers = [each.order_number for each in found.values() if each]
        matters = {number: order.matter_name for number, order in orders.find_all(session, numbers).items()}
    units = platform.reference.current().units
    names = {row.unit_code: unit.name for row in rows if (unit := units.find(row.unit_code))}
    return pages.render(
        "appeals.html",
        who,
        rows=rows,
        callbacks=found,
        matters=matters,
        names=names,
        state=state,
        reviewer=who.role in REVIEWERS,
        answers=words.ANSWERS,
        decisions=words.DECISIONS,
    )


@router.post("/appeals/{callback_id}")
def decide(platform: PlatformDep, who: FormSender, callback_id: Id, uphold: Short = "", decision: Long = "") -> Response:
    """Uphold an appeal, which leaves the result out of the assessment, or refuse it; either way for a reason."""
    _only(who, REVIEWERS)
    if uphold not in ("yes", "no") or not decision.strip():
        return _page(platform, who, callback_id, fault=words.DECISION_NEEDED)
    try:
        with platform.database.write() as session:
            callbacks.decide_appeal(
                session,
                callback_id,
                uphold=uphold == "yes",
                decision=decision.strip()[:_LONGEST],
                by=who.username,
                now=platform.clock.now(),
            )
    except AppealError as error:
        return _page(platform, who, callback_id, fault=str(error))
    return RedirectResponse("/console/appeals", 303)


def concerns(who: LoggedIn, callback: Callback) -> bool:
    """Say whether ``who`` may open the page of ``callback``: a unit those that count for it, desks all."""
    return who.unit_code in (None, callback.unit_code, *callback.co_units)


def _only(who: LoggedIn, roles: frozenset[Role]) -> None:
    if who.role not in roles:
        raise Problem(403, "没有权限", "您的角色不能使用回访的这一页", kind="forbidden")


def _find(platform: Platform, who: LoggedIn, callback_id: int) -> Callback:
    """Return a callback; units see those that count for them."""
    with platform.database.read() as session:
        callback = callbacks.find(session, callback_id)
    if callback is None or not concerns(who, callback):
        raise not_found("回访", str(callback_id))
    return callback


def _page(
    platform: Platform,
    who: LoggedIn,
    callback_id: int,
    *,
    fault: str | None = None,
    form: dict[str, str] | None = None,
    phone: str | None = None,
) -> Response:
    callback = _find(platform, who, callback_id)
    now, units = platform.clock.now(), platform.reference.current().units
    with platform.database.read() as session:
        order = orders.find(session, callback.order_number)
        appeal = callbacks.appeal_against(session, callback_id)
        linked = order is not None and orders.may_see(session, order, Actor(who.username, who.role, who.unit_code))
    names = {code: unit.name for code in (callback.unit_code, *callback.co_units) if (unit := units.find(code))}
    is_open, counted = callbacks.is_open(callback, now), callback.counted_at is not None
    return pages.render(
        "callback.html",
        who,
        status=422 if fault else 200,
        callback=callback,
        order=order,
        linked=linked,
        names=names,
        appeal=appeal,
        answers=words.ANSWERS,
        questions=words.QUESTIONS,
        states=words.STATES,
        decisions=words.DECISIONS,
        rings=is_open and who.role in RINGERS,
        excludes=counted and callback.excluded is None and who.role in REVIEWERS,
        appeals=counted and appeal is None and who.role is Role.HANDLER and who.unit_code == callback.unit_code,
        decides=appeal is not None and appeal.state == "pending" and who.role in REVIEWERS,
        phone=phone,
        fault=fault,
        form=form or {"contacted": "", "resolved": "", "satisfied": "", "reason": callback.reason or ""},
    )
