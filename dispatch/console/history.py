"""The history of an order as its page tells it: who, when, what and why, in plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.console.pages import ROLE_NAMES
from dispatch.core.clock import beijing_text
from dispatch.orders.schemas import EventOut
from dispatch.orders.terms import CommunityList, CommunityPart, Ending, HoldGround
from dispatch.orders.workflow import Role
from dispatch.units.service import Directory

_NAMELESS = frozenset({Role.BOT.value, Role.SYSTEM.value, Role.RESIDENT.value})


@dataclass(frozen=True, slots=True)
class Line:
    """One event: ``said`` are people's own words (reason, answer), ``facts`` what changed."""

    sequence: int
    at: datetime
    label: str
    by: str
    article: str
    facts: list[str]
    said: list[str]


def lines(events: list[EventOut], units: Directory) -> list[Line]:
    """Return ``events`` as lines, in their order."""
    return [
        Line(
            event.sequence,
            event.at,
            event.label,
            ROLE_NAMES[Role(event.role)] if event.role in _NAMELESS else f"{event.actor}（{ROLE_NAMES[Role(event.role)]}）",
            event.article,
            list(_facts(event.detail, units)),
            [str(said) for key in ("reason", "answer", "no_contact_reason", "no_report_reason") if (said := event.detail.get(key))],
        )
        for event in events
    ]


def _facts(detail: dict[str, Any], units: Directory) -> Iterator[str]:
    def name(code: str | None) -> str:
        unit = units.find(code) if code else None
        return unit.name if unit else code or "—"

    unit, deadline = detail.get("unit"), detail.get("deadline_at")
    if isinstance(unit, dict):
        yield f"{name(unit.get('from'))} → {name(unit.get('to'))}"
    elif unit:
        yield f"单位：{name(unit)}"
    for key in ("co_unit", "called_unit", "asked_unit", "helper"):
        if code := detail.get(key):
            yield name(code)
    if copied := detail.get("copied_to"):
        yield f"同时推送 {'、'.join(name(code) for code in copied)}"
    if why := detail.get("why"):
        yield str(why)
    if isinstance(deadline, dict) and deadline.get("to"):
        yield f"时限改为 {_when(deadline['to'])}"
    elif isinstance(deadline, str):
        yield f"时限 {_when(deadline)}"
    if until := detail.get("until"):
        yield f"暂停到 {_when(until)}"
    if due := detail.get("due_at"):
        yield f"请在 {_when(due)} 前"
    if coming := detail.get("coming_at"):
        yield f"将于 {_when(coming)} 到"
    if ground := detail.get("ground"):
        yield HoldGround(ground).label
    if ending := detail.get("ending"):
        yield Ending(ending).label
    if community := detail.get("community"):
        yield f"{community}，{CommunityList(detail['list']).label}，{CommunityPart(detail['part']).label}"
    if parent := detail.get("parent"):
        yield f"工单 {parent}"
    if parts := detail.get("parts"):
        yield f"拆出 {'、'.join(parts)}"
    if released := detail.get("released"):
        yield f"不再需要：{'、'.join(name(code) for code in released)}"


def _when(text: str) -> str:
    return beijing_text(datetime.fromisoformat(text))
