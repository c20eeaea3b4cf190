"""The administrators' pages of deliveries: what was given up, what waits, and trying anew; where units have their data pushed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.outbox import service as outbox
from dispatch.outbox.service import NotDeadError, UnknownDeliveryError
from dispatch.platform import PlatformDep
from dispatch.webhooks import service as webhooks

router = APIRouter(prefix="/console/deliveries", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

STATES = {"dead": "已放弃", "waiting": "等待中", "delivered": "已送达", "cancelled": "已取消"}
KINDS = {
    "webhook": "数据推送",
    "resident": "告知诉求人",
    "message": "会话消息",
    "notice": "单位提醒",
    "bulk": "批量办理",
    "survey": "回访",
    "ocr": "图片识别",
    "attachment": "取回附件",
    "media-fetch": "取回附件",
    "media-remove": "删除附件",
}
_PAGE = 50


def _administrator(who: LoggedIn) -> LoggedIn:
    if who.role is not Role.ADMINISTRATOR:
        raise Problem(403, "没有权限", "投递由管理员维护", kind="forbidden")
    return who


def visitor(who: Visitor) -> LoggedIn:
    """FastAPI dependency: an administrator, or problem 403."""
    return _administrator(who)


def sender(who: FormSender) -> LoggedIn:
    """FastAPI dependency of forms: the same, from a page of this very login."""
    return _administrator(who)


@router.get("")
def list_page(
    platform: PlatformDep,
    who: Annotated[LoggedIn, Depends(visitor)],
    state: Literal["dead", "waiting", "delivered", "cancelled"] = "dead",
    kind: Annotated[str, Query(max_length=24)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Deliveries of one state, newest first, with what is behind each failure."""
    with platform.database.read() as session:
        rows = outbox.listing(session, state, kind=kind or None, before=before, limit=_PAGE)
        counts = outbox.counts(session)
        subscriptions = webhooks.listing(session)
    units = platform.reference.current().units
    names = {each.id: unit.name if (unit := units.find(each.unit_code)) else each.unit_code for each in subscriptions}
    return pages.render(
        "deliveries.html",
        who,
        rows=rows,
        names=names,
        subscriptions=subscriptions,
        state=state,
        kind=kind,
        states=STATES,
        kinds=KINDS,
        dead=sum(count for (_, found), count in counts.items() if found == "dead"),
        waiting=sum(count for (_, found), count in counts.items() if found != "dead"),
        older=rows[-1].sequence if len(rows) == _PAGE else None,
    )


@router.post("/{delivery_id}/retry")
def retry(
    platform: PlatformDep,
    _who: Annotated[LoggedIn, Depends(sender)],
    delivery_id: Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")],
    kind: Annotated[str, Form(max_length=24)] = "",
) -> Response:
    """Try once more what was given up; pressed twice, it does it once."""
    try:
        with platform.database.write() as session:
            outbox.retry(session, delivery_id, now=platform.clock.now())
    except UnknownDeliveryError:
        raise not_found("投递", delivery_id) from None
    except NotDeadError:
        pass  # somebody was quicker: the list shows where it stands
    return RedirectResponse(f"/console/deliveries?kind={kind}" if kind in KINDS else "/console/deliveries", 303)
