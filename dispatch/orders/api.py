"""Routes on orders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.orm import Session

from dispatch.accounts.callers import StaffOrService
from dispatch.accounts.service_token import ServiceCaller
from dispatch.core.problems import Problem, not_found
from dispatch.orders import service
from dispatch.orders.models import Order
from dispatch.orders.schemas import EventOut, LinkOut, OrderIn, OrderOut, ProgressOut, StepOut, TransitionIn
from dispatch.orders.service import BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError, VersionConflictError
from dispatch.orders.workflow import IllegalTransitionError, MissingNeedError
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=100)]


def _out(platform: Platform, session: Session, order: Order) -> OrderOut:
    return service.order_out(session, order, platform.reference.current(), platform.cipher, platform.clock.now())


@router.post("", status_code=201)
def create_order(
    platform: PlatformDep, actor: StaffOrService, body: OrderIn, response: Response, idempotency_key: IdempotencyKey = None
) -> OrderOut:
    """Register an order and dispatch it by catalogue (Art. 11, 12, 14)."""
    reference = platform.reference.current()
    key = f"api:{actor.name}:{idempotency_key}" if idempotency_key else None
    with platform.database.write() as session:
        order = service.register(
            session, body, actor=actor, now=platform.clock.now(), reference=reference, cipher=platform.cipher, idempotency_key=key
        )
        response.headers["ETag"] = f'"{order.version}"'
        return _out(platform, session, order)


@router.get("")
def list_orders(
    platform: PlatformDep,
    actor: StaffOrService,
    unit: str | None = None,
    finished: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[OrderOut]:
    """Return orders by deadline; a unit handler gets the own unit's whatever ``unit`` says."""
    code = actor.unit if actor.unit else unit
    with platform.database.read() as session:
        return [_out(platform, session, order) for order in service.inbox(session, code, include_finished=finished, limit=limit)]


@router.get("/{number}")
def get_order(platform: PlatformDep, actor: StaffOrService, number: str, response: Response) -> OrderOut:
    """Return one order, the contact masked."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or not service.may_see(session, order, actor):
            raise not_found("工单", number)
        response.headers["ETag"] = f'"{order.version}"'
        return _out(platform, session, order)


@router.get("/{number}/events")
def get_events(platform: PlatformDep, actor: StaffOrService, number: str) -> list[EventOut]:
    """Return an order's history, oldest first."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or not service.may_see(session, order, actor):
            raise not_found("工单", number)
        return service.events_out(session, order)


@router.post("/{number}/transitions/{name}")
def apply_transition(
    platform: PlatformDep,
    actor: StaffOrService,
    number: str,
    name: str,
    body: TransitionIn,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=20)] = None,
) -> OrderOut:
    """Move an order along its table (``dispatch.orders.workflow``); an illegal step is refused with the legal ones."""
    version = _version(if_match)
    try:
        with platform.database.write() as session:
            order = service.find(session, number)
            if order is None or not service.may_see(session, order, actor):
                raise not_found("工单", number)
            reference, now = platform.reference.current(), platform.clock.now()
            order = service.apply(session, number, name, body, actor=actor, now=now, reference=reference, version=version)
            if order is None:
                raise not_found("工单", number)
            response.headers["ETag"] = f'"{order.version}"'
            return _out(platform, session, order)
    except VersionConflictError as error:
        raise Problem(412, "工单已被他人更新", "请刷新后再操作", kind="version-conflict", version=error.version) from error
    except NotInChargeError as error:
        raise Problem(403, "不是本单位承办的工单", "本单位收到的是推送件，由承办单位办理", kind="forbidden") from error
    except IllegalTransitionError as error:
        raise Problem(409, "当前状态不能这样处理", str(error), kind="illegal-transition", legal=list(error.legal)) from error
    except MissingNeedError as error:
        raise Problem(422, "缺少必填内容", str(error), kind="missing-field", field=error.need.value) from error
    except UnknownUnitError as error:
        raise Problem(422, "没有这个单位", f"unit: 没有代码为“{error}”的单位", kind="unknown-unit", field="unit") from error
    except BadDeadlineError as error:
        detail = "deadline: 新的时限应晚于现在和现有时限，且不超过一年"
        raise Problem(422, "时限有误", detail, kind="bad-deadline", field="deadline") from error
    except RuleError as error:
        raise Problem(
            409, "条例不允许这样处理", f"{error.field}: {error}", kind="rule", field=error.field, article=error.article
        ) from error


@router.get("/{number}/transitions")
def list_transitions(platform: PlatformDep, actor: StaffOrService, number: str) -> list[StepOut]:
    """Return what the caller may do with an order now: each step with what it needs and may take, and its article."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or not service.may_see(session, order, actor):
            raise not_found("工单", number)
        rows = service.steps(session, order, actor, now=platform.clock.now(), reference=platform.reference.current())
    return [
        StepOut(
            name=row.name,
            label=row.label,
            to=row.target.value if row.target else None,
            needs=sorted(need.value for need in row.needs),
            takes=sorted(need.value for need in row.takes),
            article=row.article,
        )
        for row in rows
    ]


@router.get("/{number}/links")
def get_links(platform: PlatformDep, actor: StaffOrService, number: str) -> list[LinkOut]:
    """Return the orders that an order was merged into or split from, and those that hang on it."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or not service.may_see(session, order, actor):
            raise not_found("工单", number)
        return service.links_out(session, order)


@router.get("/{number}/progress")
def get_progress(
    platform: PlatformDep, _caller: ServiceCaller, number: str, x_conversation: Annotated[str, Header(min_length=1, max_length=40)]
) -> ProgressOut:
    """Return how an order stands, to the conversation that it was filed in (Art. 9(3))."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or order.conversation_id != x_conversation:
            raise not_found("工单", number)
        return service.progress_out(session, order, platform.reference.current())


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:
        raise Problem(412, "工单已被他人更新", "If-Match: 请填写读取工单时得到的 ETag", kind="version-conflict")
    return int(text)
