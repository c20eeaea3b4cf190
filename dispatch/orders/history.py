"""The chained history of an order (Art. 29: 监督) and its verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderEvent

GENESIS = "0" * 64
"""What the first event of an order carries as the hash before it."""


def event_hash(event: OrderEvent, number: str) -> str:
    """Return the SHA-256 over everything the event says, the order's number and the hash before it, as 64 hex digits."""
    facts = [
        number,
        event.sequence,
        event.at.astimezone(timezone.utc).isoformat(timespec="microseconds"),
        event.name,
        event.actor,
        event.role,
        event.from_state,
        event.to_state,
        event.article,
        event.detail,
        event.previous_hash,
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def append(
    session: Session,
    order: Order,
    *,
    at: datetime,
    name: str,
    actor: str,
    role: str,
    from_state: str | None,
    article: str,
    sequence: int,
    detail: dict[str, Any],
) -> OrderEvent:
    """Add the next event to ``order`` and move the order's head to it."""
    event = OrderEvent(
        order_id=order.id,
        sequence=sequence,
        at=at,
        name=name,
        actor=actor,
        role=role,
        from_state=from_state,
        to_state=order.state,
        article=article,
        detail=detail,
        previous_hash=order.history_head or GENESIS,
    )
    event.hash = event_hash(event, order.number)
    order.history_head = event.hash
    session.add(event)
    return event


def faults(order: Order, events: Iterable[OrderEvent]) -> list[str]:
    """Return what is wrong with the history of ``order``, in words; an empty list if it is whole.

    Finds events that were changed, removed, added or put in another order, and an order whose state, unit, deadline or ending isn't
    what its events say.
    """
    found: list[str] = []
    previous, count = GENESIS, 0
    said: dict[str, Any] = {"state": None, "unit": None, "deadline_at": None, "ending": None}
    for expected, event in enumerate(sorted(events, key=lambda e: e.sequence), start=1):
        count = expected
        if event.sequence != expected:
            return [*found, f"{order.number}: 第{expected}条记录缺失（下一条是第{event.sequence}条）"]
        if event.previous_hash != previous:
            found.append(f"{order.number}: 第{event.sequence}条记录与前一条不衔接")
        if event.hash != event_hash(event, order.number):
            found.append(f"{order.number}: 第{event.sequence}条记录内容被改动")
        if event.from_state != said["state"]:
            found.append(f"{order.number}: 第{event.sequence}条记录的起始状态与前一条不符")
        previous = event.hash
        said["state"] = event.to_state
        said |= {name: _now(event.detail[name]) for name in ("unit", "deadline_at", "ending") if name in event.detail}
    if count == 0:
        return [f"{order.number}: 没有任何记录"]
    if previous != order.history_head:
        found.append(f"{order.number}: 最后的记录缺失或被替换")
    deadline = datetime.fromisoformat(said["deadline_at"]) if said["deadline_at"] else None
    for label, stands, recorded in (
        ("状态", order.state, said["state"]),
        ("承办单位", order.unit_code, said["unit"]),
        ("办理时限", order.deadline_at, deadline),
        ("办结方式", order.ending, said["ending"]),
    ):
        if stands != recorded:
            found.append(f"{order.number}: 工单上的{label}与记录不符（{stands}，记录为 {recorded}）")
    return found


def _now(value: Any) -> Any:
    """Return what an event set: events that changed something say ``from`` and ``to``."""
    return value["to"] if isinstance(value, dict) else value
