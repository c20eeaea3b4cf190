"""What a unit's people, the dispatch desk and the supervisor were told about orders, and live word of it on their open pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from dispatch.accounts.service import LoggedIn
from dispatch.console.due import due
from dispatch.console.pages import Pages, Visitor
from dispatch.insight import risk
from dispatch.orders import service as orders
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role, row_named
from dispatch.outbox import service as outbox
from dispatch.platform import PlatformDep
from dispatch.units.service import HOTLINE_DESK

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_PAGE = 50


@router.get("/notices")
def notices_page(platform: PlatformDep, who: Visitor, before: Annotated[int | None, Query(ge=1, le=2**62)] = None) -> Response:
    """Notices, newest first, each with where its order stands now."""
    reference, now, actor = platform.reference.current(), platform.clock.now(), Actor(who.username, who.role, who.unit_code)
    with platform.database.read() as session:
        found = outbox.notices(session, _targets(who), before=before, limit=_PAGE)
        known = orders.find_all(session, {notice.subject for notice in found})
        visible = [order for order in known.values() if orders.may_see(session, order, actor)]
        shown = {row.number: (row, due(row, now)) for row in orders.orders_out(session, visible, reference, platform.cipher, now)}
    return pages.render(
        "notices.html",
        who,
        notices=[(notice, _label(str(notice.payload["name"])), shown.get(notice.subject)) for notice in found],
        older=found[-1].sequence if len(found) == _PAGE else None,
        first=before is None,
    )


@router.get("/events")
async def events(platform: PlatformDep, who: Visitor) -> EventSourceResponse:
    """Live word that there is a new notice: which order, never what was said."""

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async with platform.live.subscribe(*[f"unit:{target}" for target in _targets(who)]) as changes:
            while True:
                event = await changes.get()
                yield ServerSentEvent(event.data.get("order", ""), event=event.name)

    return EventSourceResponse(stream(), ping=20)


def _label(name: str) -> str:
    """Return what happened, in words: a step of the order's life, or a risk seen in its words (Art. 11)."""
    return "涉及社会稳定风险" if name == risk.NOTICE else row_named(name).label


def _targets(who: LoggedIn) -> list[str]:
    """Return under which names notices reach ``who``."""
    if who.role is Role.SUPERVISOR:
        return ["supervisor"]
    return [who.unit_code or HOTLINE_DESK]
