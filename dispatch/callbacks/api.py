"""Routes of callbacks: operators who ring, units that appeal, reviewers, and the callbacks behind a figure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from dispatch.accounts.callers import StaffOrService
from dispatch.callbacks import service
from dispatch.callbacks.reading import Answers
from dispatch.callbacks.schemas import AnswerIn, AppealIn, AppealOut, CallbackOut, CallbacksOut, DecisionIn, ExclusionIn
from dispatch.callbacks.service import Appeal, AppealError, Callback, CallbackOverError, UnknownCallbackError
from dispatch.core.clock import beijing
from dispatch.core.live import LiveEvent
from dispatch.core.problems import Problem, not_found
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1", tags=["回访"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
RINGERS = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR})
REVIEWERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
READERS = frozenset({*RINGERS, Role.AUDITOR})


@router.get("/callbacks/to-ring")
def to_ring(platform: PlatformDep, actor: StaffOrService, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> CallbacksOut:
    """Callbacks that have to be made by phone, those that end first on top."""
    _only(actor, RINGERS)
    with platform.database.read() as session:
        return CallbacksOut(callbacks=[_out(each) for each in service.to_ring(session, limit)], next_cursor=None)


@router.post("/callbacks/{callback_id}/answer")
def answer(platform: PlatformDep, actor: StaffOrService, callback_id: Id, given: AnswerIn) -> CallbackOut:
    """Record what the resident answered on the phone; unsolved sends the order back with their words."""
    _only(actor, RINGERS)
    answers = Answers(given.contacted, given.resolved, given.satisfied)
    try:
        with platform.database.write() as session:
            callback = service.record(
                session,
                callback_id,
                answers,
                given.reason,
                by=actor.name,
                now=platform.clock.now(),
                reference=platform.reference.current(),
            )
            answered = _out(callback)
    except (UnknownCallbackError, CallbackOverError) as error:
        raise _problem(error, callback_id) from None
    _announce(platform, callback)
    return answered


@router.post("/callbacks/{callback_id}/not-reached")
def not_reached(platform: PlatformDep, actor: StaffOrService, callback_id: Id) -> CallbackOut:
    """Note a call that nobody took."""
    _only(actor, RINGERS)
    try:
        with platform.database.write() as session:
            return _out(service.not_reached(session, callback_id, now=platform.clock.now()))
    except (UnknownCallbackError, CallbackOverError) as error:
        raise _problem(error, callback_id) from None


@router.post("/callbacks/{callback_id}/refused", status_code=204)
def refused(platform: PlatformDep, actor: StaffOrService, callback_id: Id) -> None:
    """Note that the resident doesn't want to be asked."""
    _only(actor, RINGERS)
    try:
        with platform.database.write() as session:
            service.refuse(session, callback_id, now=platform.clock.now(), reference=platform.reference.current())
    except (UnknownCallbackError, CallbackOverError) as error:
        raise _problem(error, callback_id) from None


@router.get("/callbacks")
def counted(
    platform: PlatformDep,
    actor: StaffOrService,
    first: date,
    last: date,
    unit: Annotated[str | None, Query(max_length=16)] = None,
    part: Literal["lead", "co"] = "lead",
    said: Literal["valid", "contacted", "resolved", "partial", "satisfied", "neutral", "excluded"] | None = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> CallbacksOut:
    """The callbacks behind a figure: those completed on assessment days ``first`` to ``last``, of one unit or all. Units see their own."""
    if actor.role is Role.HANDLER:
        unit = actor.unit
    else:
        _only(actor, READERS)
    if last < first or (last - first).days > 366:
        raise Problem(422, "时段不对", "last: 应不早于 first，且相距不超过一年", kind="bad-period")
    with platform.database.read() as session:
        found = service.counted(session, unit_code=unit, first=first, last=last, part=part, said=said, after=cursor, limit=limit)
    return CallbacksOut(callbacks=[_out(each) for each in found], next_cursor=found[-1].id if len(found) == limit else None)


@router.post("/callbacks/{callback_id}/exclude")
def exclude(platform: PlatformDep, actor: StaffOrService, callback_id: Id, given: ExclusionIn) -> CallbackOut:
    """Leave a callback out of the assessment, for a reason."""
    _only(actor, REVIEWERS)
    try:
        with platform.database.write() as session:
            return _out(service.exclude(session, callback_id, given.reason))
    except (UnknownCallbackError, AppealError) as error:
        raise _problem(error, callback_id) from None


@router.post("/callbacks/{callback_id}/appeal", status_code=201)
def appeal(platform: PlatformDep, actor: StaffOrService, callback_id: Id, given: AppealIn) -> AppealOut:
    """Appeal against the result of a callback, as the unit that it counts for."""
    if actor.role is not Role.HANDLER or actor.unit is None:
        raise Problem(403, "没有权限", "申诉由被考核的承办单位提出", kind="forbidden")
    try:
        with platform.database.write() as session:
            return _appeal(
                service.appeal(session, callback_id, unit_code=actor.unit, reason=given.reason, by=actor.name, now=platform.clock.now())
            )
    except (UnknownCallbackError, AppealError) as error:
        raise _problem(error, callback_id) from None


@router.post("/callbacks/{callback_id}/appeal/decision")
def decide(platform: PlatformDep, actor: StaffOrService, callback_id: Id, given: DecisionIn) -> AppealOut:
    """Uphold or refuse an appeal."""
    _only(actor, REVIEWERS)
    try:
        with platform.database.write() as session:
            return _appeal(
                service.decide_appeal(
                    session, callback_id, uphold=given.uphold, decision=given.decision, by=actor.name, now=platform.clock.now()
                )
            )
    except (UnknownCallbackError, AppealError) as error:
        raise _problem(error, callback_id) from None


@router.get("/appeals")
def appeals(platform: PlatformDep, actor: StaffOrService) -> list[AppealOut]:
    """Appeals that wait for a decision, oldest first."""
    _only(actor, READERS)
    with platform.database.read() as session:
        return [_appeal(each) for each in service.appeals(session)]


def _only(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles:
        raise Problem(403, "没有权限", "您的角色不能做这一步", kind="forbidden")


def _problem(error: Exception, callback_id: int) -> Problem:
    if isinstance(error, UnknownCallbackError):
        return not_found("回访", str(callback_id))
    if isinstance(error, CallbackOverError):
        return Problem(409, "回访已结束", "这次回访已有结果或已结束，不能再记", kind="callback-over")
    return Problem(409, "不能办理", str(error), kind="appeal")


def _announce(platform: Platform, callback: Callback) -> None:
    platform.live.publish(LiveEvent(f"unit:{callback.unit_code}", "callback", {"order": callback.order_number}))


def _out(callback: Callback) -> CallbackOut:
    return CallbackOut(
        id=callback.id,
        order_number=callback.order_number,
        round=callback.round,
        unit_code=callback.unit_code,
        state=callback.state,
        asked_at=beijing(callback.asked_at) if callback.asked_at else None,
        ends_at=beijing(callback.ends_at) if callback.ends_at else None,
        calls=callback.calls,
        contacted=callback.contacted,
        resolved=callback.resolved,
        satisfied=callback.satisfied,
        reason=callback.reason,
        counted_at=beijing(callback.counted_at) if callback.counted_at else None,
        excluded=callback.excluded,
    )


def _appeal(row: Appeal) -> AppealOut:
    return AppealOut(
        callback_id=row.callback_id,
        unit_code=row.unit_code,
        reason=row.reason,
        at=beijing(row.at),
        state=row.state,
        decided_at=beijing(row.decided_at) if row.decided_at else None,
        decision=row.decision,
    )
