"""The supervisor's wall (督办大屏): the city's day at a glance, live, with a way down to the orders behind each figure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from channels.conversations import holding
from channels.desk.view import REASON_NAMES
from dispatch.accounts.service import LoggedIn
from dispatch.console.due import SOON
from dispatch.console.pages import Pages, Visitor
from dispatch.core.clock import BEIJING, beijing
from dispatch.core.live import RELOAD
from dispatch.core.problems import Problem
from dispatch.emergencies import service as emergencies
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.rates import rates, total
from dispatch.orders import board, worklist
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/wall", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_ROLES = frozenset({Role.SUPERVISOR, Role.DISPATCHER, Role.ADMINISTRATOR})
_UNITS, _ORDERS, _WAITING = 8, 6, 6
_ANEW_SECONDS = 15
"""Orders move without telling the wall: it looks again this often, whatever else happens."""

_CALM_SECONDS = 1.0
"""A burst of events is one look."""


def watcher(who: Visitor) -> LoggedIn:
    """FastAPI dependency: somebody who watches over the whole city, or problem 403."""
    if who.role not in _ROLES:
        raise Problem(403, "没有权限", "督办大屏只对督办员、派单员和管理员开放", kind="forbidden")
    return who


Watcher = Annotated[LoggedIn, Depends(watcher)]


@router.get("")
def wall_page(platform: PlatformDep, who: Watcher) -> Response:
    """The wall."""
    return pages.render("wall.html", who, **_figures(platform))


@router.get("/figures")
def figures_fragment(platform: PlatformDep, who: Watcher) -> Response:
    """The figures alone, fetched again whenever something happens."""
    return pages.render("wall_figures.html", who, **_figures(platform))


@router.get("/events")
async def events(platform: PlatformDep, _who: Watcher) -> EventSourceResponse:
    """Says ``look`` whenever the queue or an emergency changes, and every so often besides; never what happened."""

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async with platform.live.subscribe("desk") as changes:
            yield ServerSentEvent("", event=RELOAD)
            while True:
                try:
                    name = (await asyncio.wait_for(changes.get(), _ANEW_SECONDS)).name
                except asyncio.TimeoutError:
                    name = "look"
                while not changes.empty():
                    name = max(name, changes.get_nowait().name, key=lambda each: each == "emergency")
                yield ServerSentEvent("", event="emergency" if name == "emergency" else "look")
                await asyncio.sleep(_CALM_SECONDS)

    return EventSourceResponse(stream(), ping=20)


def _figures(platform: Platform) -> dict[str, Any]:
    now, reference = platform.clock.now(), platform.reference.current()
    today = beijing(now).date()
    midnight = datetime.combine(today, time(), BEIJING)
    with platform.database.read() as session:
        waiting = [(each, REASON_NAMES.get(each.attention_reason or "", "")) for each in holding.queue(session, limit=_WAITING)]
        day = evaluation.day_of(session, now)
        _, rules = evaluation.rules_on(session, day)
        first, last = rules.month(*rules.month_of(day))
        _, _, counts = evaluation.figures(session, first=first, last=last)
        found = total(counts.values())
        late = board.most_overdue(session, now, limit=_ORDERS)
        units = board.overdue_by_unit(session, now, limit=_UNITS)
        return {
            "now": now,
            "today": f"{today:%Y%m%d}",
            "filed": board.filed_since(session, midnight),
            "done": board.closed_of(session, midnight),
            "standing": worklist.standing(session, None, now=now, soon=SOON),
            "waiting": waiting,
            "waiting_count": holding.queue_length(session),
            "emergencies": emergencies.count_by_line(session, today, today),
            "rates": rates(found, rules),
            "callbacks": found.valid,
            "month": (first, last),
            "late": [(order, (now - order.deadline_at).total_seconds() / 3600) for order in late if order.deadline_at],
            "units": [(code, unit.name if (unit := reference.units.find(code)) else code, count) for code, count in units],
        }
