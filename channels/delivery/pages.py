"""The page of messages to residents that couldn't be delivered: why, to which conversation, and trying anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from channels.conversations import service as conversations
from channels.delivery import service
from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.outbox.service import NotDeadError, UnknownDeliveryError
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/undelivered", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_MOST = 100


def _check(who: LoggedIn) -> None:
    if who.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise Problem(403, "没有权限", "没有送达的消息由督办员和管理员处理", kind="forbidden")


@router.get("")
def list_page(platform: PlatformDep, who: Visitor) -> Response:
    """What was given up or couldn't be delivered, the latest first; without what it said."""
    _check(who)
    with platform.database.read() as session:
        parts = service.dead_letters(session, limit=_MOST)
        messages = {each["message_id"]: conversations.message(session, each["message_id"]) for each in parts}
    rows = [(part, message) for part in parts if (message := messages[part["message_id"]])]
    return pages.render("undelivered.html", who, rows=rows)


@router.post("/{part_id}/retry")
def retry(platform: PlatformDep, who: FormSender, part_id: Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]) -> Response:
    """Send once more what was given up; pressed twice, it is sent once."""
    _check(who)
    try:
        with platform.database.write() as session:
            service.retry(session, part_id, platform.clock.now())
    except UnknownDeliveryError:
        raise not_found("消息", part_id) from None
    except NotDeadError:
        pass  # somebody was quicker: the list shows where it stands
    return RedirectResponse("/console/undelivered", 303)
