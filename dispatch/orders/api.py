"""Routes on orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from dispatch.accounts.callers import StaffOrService
from dispatch.accounts.service_token import ServiceCaller
from dispatch.core.problems import Problem, not_found
from dispatch.orders import listing, service
from dispatch.orders.listing import BadCursorError, OrderFilter
from dispatch.orders.models import Order
from dispatch.orders.schemas import ContactOut, EventOut, LinkOut, ListIn, OrderIn, OrderOut, ProgressOut, StepOut, TransitionIn, UnmaskIn
from dispatch.orders.service import Actor, BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError, VersionConflictError
from dispatch.orders.workflow import OPEN_STATES, IllegalTransitionError, MissingNeedError
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])

Answer = TypeVar("Answer")
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=100)]


def _out(platform: Platform, session: Session, order: Order) -> OrderOut:
    return service.order_out(session, order, platform.reference.current(), platform.cipher, platform.clock.now())


@router.post("", status_code=201)
def create_order(
    platform: PlatformDep, actor: StaffOrService, body: OrderIn, response: Response, idempotency_key: IdempotencyKey = None
) -> OrderOut:
    """Register an order and dispatch it by catalogue (Art. 11, 12, 14)."""
    reference = platform.reference.current()
    now, key = platform.clock.now(), f"api:{actor.name}:{idempotency_key}" if idempotency_key else None
    with platform.database.write() as session:
        if key and (before := service.by_idempotency_key(session, key)):
            response.headers["ETag"] = f'"{before.version}"'
            return _out(platform, session, before)
        new = service.register_new(session, body, actor=actor, now=now, reference=reference, cipher=platform.cipher, idempotency_key=key)
    # Shown after the transaction: until it ends, everybody else who files an order waits for the day's next number.
    response.headers["ETag"] = f'"{new.order.version}"'
    return service.registration_out(new, reference, platform.cipher, now)


@router.get("")
def list_orders(
    platform: PlatformDep,
    actor: StaffOrService,
    request: Request,
    response: Response,
    wanted: Annotated[ListIn, Query()],
) -> list[OrderOut]:
    """Return orders page by page: the last registered first, or with ``updated_after`` in the order of their changes (pull, Art. 7).

    A unit's people get their own unit's whatever ``unit`` says. Where there is more, the header ``Link`` leads to the next page.
    """
    now = platform.clock.now()
    unit = actor.unit if actor.unit else wanted.unit
    chosen = OrderFilter(
        states=tuple(wanted.state or (() if wanted.finished else OPEN_STATES)),
        unit=unit,
        part=wanted.part,
        matter=wanted.matter,
        district=wanted.district,
        street=wanted.street,
        request_type=wanted.request_type,
        channel=wanted.channel,
        overdue_at=now if wanted.overdue else None,
        created_from=wanted.created_from,
        created_to=wanted.created_to,
        updated_after=wanted.updated_after,
    )
    try:
        with platform.database.read() as session:
            found, cursor = listing.page(session, chosen, cursor=wanted.cursor, limit=wanted.limit)
            page = service.orders_out(session, found, platform.reference.current(), platform.cipher, now)
    except BadCursorError as error:
        raise Problem(422, "游标有误", str(error), kind="bad-cursor", field="cursor") from None
    if cursor:
        response.headers["X-Next-Cursor"] = cursor
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
    return page


@router.get("/{number}", response_model=OrderOut)
def get_order(
    platform: PlatformDep,
    actor: StaffOrService,
    number: str,
    response: Response,
    if_none_match: Annotated[str | None, Header(max_length=100)] = None,
) -> OrderOut | Response:
    """Return one order, the contact masked; 304 where the caller has this version."""
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None or not service.may_see(session, order, actor):
            raise not_found("工单", number)
        tag = f'"{order.version}"'
        if if_none_match and tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
            return Response(status_code=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return _out(platform, session, order)


@router.post("/{number}/unmask")
def unmask(platform: PlatformDep, actor: StaffOrService, number: str, body: UnmaskIn, response: Response) -> ContactOut:
    """Return the resident's contact in full, for a reason that goes on record (Art. 29: 不得泄露个人隐私)."""
    contact = _moved(platform, actor, number, "unmask", TransitionIn(reason=body.reason), None, _contact)
    response.headers["Cache-Control"] = "no-store"
    return contact


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

    def changed(platform: Platform, session: Session, order: Order) -> OrderOut:
        response.headers["ETag"] = f'"{order.version}"'
        return _out(platform, session, order)

    return _moved(platform, actor, number, name, body, _version(if_match), changed)


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


def _contact(platform: Platform, _session: Session, order: Order) -> ContactOut:
    return service.contact_in_full(order, platform.cipher)


def _moved(
    platform: Platform,
    actor: Actor,
    number: str,
    name: str,
    given: TransitionIn,
    version: int | None,
    answer: Callable[[Platform, Session, Order], Answer],
) -> Answer:
    """Do a transition and return what ``answer`` makes of the order in the same transaction; what can't be done is a problem."""
    try:
        with platform.database.write() as session:
            order = service.find(session, number)
            if order is None or not service.may_see(session, order, actor):
                raise not_found("工单", number)
            reference, now = platform.reference.current(), platform.clock.now()
            order = service.apply(session, number, name, given, actor=actor, now=now, reference=reference, version=version)
            if order is None:
                raise not_found("工单", number)
            return answer(platform, session, order)
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
