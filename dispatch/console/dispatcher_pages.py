"""The dispatchers' desk: what the system left undecided, objections to review, what went back and forth, bulk work under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from dispatch.accounts.service import LoggedIn
from dispatch.bulk import service as bulk
from dispatch.bulk.service import ACTIONS
from dispatch.console.bulk_pages import reviewer
from dispatch.console.due import Due, due, span
from dispatch.console.pages import Pages
from dispatch.orders import service as orders
from dispatch.orders import worklist
from dispatch.orders.listing import BadCursorError, OrderFilter
from dispatch.orders.rules import current_rules
from dispatch.orders.schemas import EventOut, OrderOut
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import State
from dispatch.platform import Platform, PlatformDep
from dispatch.units.service import HOTLINE_DESK

router = APIRouter(prefix="/console/dispatch", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

TABS = {"registered": "待派单", "unsure": "去向待研判", "objected": "异议待审", "disputed": "督办裁定"}
_PAGE = 25
_NOTHING = timedelta(0)

Found = tuple[list[Order], str | None]


@dataclass(frozen=True, slots=True)
class Card:
    """An order to decide on: who would take it by catalogue, what was objected and by whom, which steps are open to the visitor."""

    order: OrderOut
    due: Due
    waited: str
    suggested: str
    said: tuple[str, str] | None
    steps: frozenset[str]
    last: EventOut


@router.get("")
def desk_page(
    platform: PlatformDep,
    who: Annotated[LoggedIn, Depends(reviewer)],
    tab: Literal["registered", "unsure", "objected", "disputed"] = "registered",
    cursor: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """One list of what waits for a decision, each with the forms to decide it."""
    reference = platform.reference.current()
    with platform.database.read() as session:
        try:
            found, more = _found(session, tab, cursor or None)
        except BadCursorError:
            return RedirectResponse(f"/console/dispatch?tab={tab}", 303)
        cards = _cards(session, platform, who, found)
        standing = worklist.standing(session, None, now=platform.clock.now(), soon=_NOTHING)
        unsure = worklist.standing(session, HOTLINE_DESK, now=platform.clock.now(), soon=_NOTHING)
        jobs = bulk.latest(session, who.username)
    counts = {
        "registered": standing.by_state["registered"],
        "objected": standing.by_state["objected"],
        "unsure": unsure.by_state["dispatched"] + unsure.by_state["accepted"],
    }
    return pages.render(
        "dispatch.html",
        who,
        tabs=[(name, label, counts.get(name)) for name, label in TABS.items()],
        tab=tab,
        cards=cards,
        more=more,
        first=not cursor,
        jobs=jobs,
        actions=ACTIONS,
        units=reference.units.all(),
        counted_up_to=worklist.COUNTED_UP_TO,
    )


def _found(session: Session, tab: str, cursor: str | None) -> Found:
    if tab == "registered":
        return worklist.undispatched(session, OrderFilter(), cursor=cursor, limit=_PAGE)
    if tab == "unsure":
        wanted = OrderFilter(states=(State.DISPATCHED, State.ACCEPTED), unit=HOTLINE_DESK)
        return worklist.by_deadline(session, wanted, cursor=cursor, limit=_PAGE)
    if tab == "objected":
        return worklist.by_deadline(session, OrderFilter(states=(State.OBJECTED,)), cursor=cursor, limit=_PAGE)
    most = current_rules().objections
    disputed, _ = worklist.by_deadline(session, OrderFilter(states=(State.OBJECTED,), objections=most), cursor=None, limit=_PAGE)
    again = [order for order in worklist.flagged(session, limit=_PAGE) if order not in disputed]
    return [*disputed, *again], None


def _cards(session: Session, platform: Platform, who: LoggedIn, found: list[Order]) -> list[Card]:
    reference, now, actor = platform.reference.current(), platform.clock.now(), Actor(who.username, who.role)
    said = worklist.last_said(session, found, "object")
    last = orders.last_events(session, found)
    shown = orders.orders_out(session, found, reference, platform.cipher, now)
    return [
        Card(
            order=out,
            due=due(out, now),
            waited=span(now - order.created_at),
            suggested=_label(platform, orders.suggested_unit(order, reference).code),
            said=said.get(order.number),
            steps=frozenset(step.name for step in orders.steps(session, order, actor, now=now, reference=reference)),
            last=last[order.number],
        )
        for order, out in zip(found, shown, strict=True)
    ]


def _label(platform: Platform, code: str) -> str:
    return f"{platform.reference.current().units.get(code).name}（{code}）"
