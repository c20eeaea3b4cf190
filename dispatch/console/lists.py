"""What a list of orders shows: which tab, which filters, and the page of orders that they come to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query
from sqlalchemy.orm import Session

from dispatch.core.clock import BEIJING, beijing
from dispatch.orders import service as orders
from dispatch.orders import worklist
from dispatch.orders.listing import OrderFilter
from dispatch.orders.service import Order
from dispatch.orders.workflow import State
from dispatch.understanding.service import Reference

PAGE = 50
LONGEST_PAGE = 100
"""Orders on one page: what a unit asks for, and what waits for its help, which isn't paged."""

_FINISHED = {"answered": (State.ANSWERED,), "closed": (State.CLOSED, State.MERGED, State.WITHDRAWN)}
_STATES = {
    **_FINISHED,
    "open": worklist.TIMED_STATES,
    "help": worklist.TIMED_STATES,
    "copied": worklist.TIMED_STATES,
    "registered": (State.REGISTERED,),
    "dispatched": (State.DISPATCHED,),
    "accepted": (State.ACCEPTED,),
    "held": (State.HELD,),
    "objected": (State.OBJECTED,),
}
TABS = {
    "open": "全部待办",
    "registered": "待派单",
    "dispatched": "待签收",
    "accepted": "办理中",
    "held": "暂停计时",
    "objected": "异议待审",
    "help": "等本单位配合",
    "copied": "推送件",
    "answered": "已答复",
    "closed": "已办结",
}
"""Tabs of a list, by the value of ``tab``; which of them are shown depends on whose list it is."""

_DAYS_BACK = 92
"""How many days back the running number of an order is looked for when nobody says the day."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list as somebody asked for it: empty where it doesn't matter."""

    tab: str = "open"
    q: str = ""
    matter: str = ""
    street: str = ""
    channel: str = ""
    unit: str = ""
    overdue: bool = False
    cursor: str = ""

    def address(self, path: str, **other: object) -> str:
        """Return the address of this list with ``other`` values, from its first page unless a cursor is among them."""
        values = {
            "tab": self.tab if self.tab != "open" else "",
            "q": self.q,
            "matter": self.matter,
            "street": self.street,
            "channel": self.channel,
            "unit": self.unit,
            "overdue": "true" if self.overdue else "",
            **other,
        }
        given = {name: value for name, value in values.items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    @property
    def filtered(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return bool(self.q or self.matter or self.street or self.channel or self.unit or self.overdue)


Short = Annotated[str, Query(max_length=80)]


def wanted(
    tab: Short = "open",
    q: Short = "",
    matter: Short = "",
    street: Short = "",
    channel: Annotated[str, Query(max_length=16)] = "",
    unit: Short = "",
    overdue: bool = False,
    cursor: Annotated[str, Query(max_length=120)] = "",
    finished: bool = False,
) -> Wanted:
    """FastAPI dependency: the list that the address asks for; a tab that there isn't is the first one."""
    chosen = tab if tab in TABS else "open"
    return Wanted(
        "closed" if finished else chosen, q.strip(), matter.strip(), street.strip(), channel.strip(), unit.strip(), overdue, cursor
    )


WantedDep = Annotated[Wanted, Depends(wanted)]


def order_filter(asked: Wanted, unit_code: str | None, reference: Reference, now: datetime) -> OrderFilter:
    """Return what ``asked`` means, among the orders that ``unit_code`` leads (None: all)."""
    item = next((each for each in reference.catalogue.items.values() if asked.matter in (each.code, each.name)), None)
    other = unit_named(asked.unit, reference) if asked.unit else None
    first, last = _day(asked.q)
    numbers = _numbers(asked.q, now) if asked.q and first is None else None
    return OrderFilter(
        states=() if numbers else _STATES[asked.tab],
        unit=unit_code or (other or asked.unit or None),
        matter=(item.code if item else asked.matter) or None,
        street=asked.street or None,
        channel=asked.channel or None,
        numbers=numbers,
        overdue_at=now if asked.overdue else None,
        created_from=first,
        created_to=last,
    )


def page(session: Session, asked: Wanted, unit_code: str | None, reference: Reference, now: datetime) -> tuple[list[Order], str | None]:
    """Return one page of the orders that ``asked`` means, and the cursor that leads on; a number is found in whatever state.

    Raises BadCursorError.
    """
    chosen, cursor = order_filter(asked, unit_code, reference, now), asked.cursor or None
    if asked.tab == "help" and unit_code:
        return orders.waiting_for(session, unit_code, limit=LONGEST_PAGE), None
    if asked.tab == "copied" and unit_code:
        return worklist.copies_by_change(session, unit_code, cursor=cursor, limit=PAGE)
    if asked.tab == "registered":
        return worklist.undispatched(session, chosen, cursor=cursor, limit=PAGE)
    if asked.tab in _FINISHED or chosen.numbers:
        return worklist.latest_changed(session, chosen, cursor=cursor, limit=PAGE)
    return worklist.by_deadline(session, chosen, cursor=cursor, limit=PAGE)


def unit_named(text: str, reference: Reference) -> str | None:
    """Return the code of the unit that somebody typed or chose (``望京街道办事处（110105026）``, a name, a code), or None."""
    chosen = re.search(r"（(\w+)）\s*$", text)
    label = chosen[1] if chosen else text.strip()
    unit = reference.units.find(label) or reference.units.by_label(label)
    return unit.code if unit else None


def _day(text: str) -> tuple[datetime | None, datetime | None]:
    """Return begin and end of the day that ``text`` names (``20261123``, ``BJ20261123``), or None twice."""
    day = re.fullmatch(r"(?:BJ)?(\d{8})-?", text.upper())
    try:
        begin = datetime.strptime(day[1], "%Y%m%d").replace(tzinfo=BEIJING) if day else None
    except ValueError:
        begin = None
    return (begin, begin + timedelta(days=1)) if begin else (None, None)


def _numbers(text: str, now: datetime) -> tuple[str, ...]:
    """Return the order numbers that ``text`` may mean: a number in full, or the last digits of one of the past weeks."""
    if re.fullmatch(r"\d{1,6}", text):
        today = beijing(now)
        return tuple(f"BJ{today - timedelta(days=back):%Y%m%d}-{int(text):06d}" for back in range(_DAYS_BACK))
    return (text.upper(),)
