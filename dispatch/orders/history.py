"""The chained history of an order (Art. 29: 监督) and its verification."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderEvent

GENESIS = "0" * 64
"""What the first event of an order carries as the hash before it."""

_FACTS = frozenset(
    {
        *("asked_unit", "called_unit", "catalogue_version", "channel", "co_unit", "coming_at", "copied_to", "deadline_at", "due", "due_at"),
        *("ending", "ground", "helper", "in_time", "list", "matter", "objections", "parent", "part", "parts", "party", "request_type"),
        *("reworks", "timer", "unit", "until"),
    }
)
"""What an event's detail says in codes, numbers and times. Everything else in it is words, which may be about people."""

ANONYMISE = "anonymise"
"""The event after which an order's words are erased."""

_ERASED = "erased"
ERASED_TEXT = "（已超过保存期限，匿名处理）"


def event_hash(event: OrderEvent, number: str) -> str:
    """Return the SHA-256 over everything the event says, the order's number and the hash before it, as 64 hex digits.

    Words go in by their salted digest, so that they can be erased one day (``erase_words``) and the chain still proves the rest.
    """
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
        {name: _committed(event, name) for name in event.detail},
        event.previous_hash,
    ]
    return hashlib.sha256(_bytes(facts)).hexdigest()


def _committed(event: OrderEvent, name: str) -> Any:
    value = event.detail[name]
    if _is_erased(value):
        return value[_ERASED]
    salt = event.salts.get(name)
    return hashlib.sha256(_bytes([salt, value])).hexdigest() if salt else value


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _is_erased(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {_ERASED}


def erase_words(event: OrderEvent) -> None:
    """Put digests in the place of the words of ``event``; without their salt nobody can try what they were (Art. 29(4))."""
    event.detail = {name: {_ERASED: _committed(event, name)} if name in event.salts else value for name, value in event.detail.items()}
    event.salts = {}


def readable(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of an event as it is shown: where words were erased it says so."""
    return {name: ERASED_TEXT if _is_erased(value) else value for name, value in detail.items()}


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
    event = next_event(
        order, at=at, name=name, actor=actor, role=role, from_state=from_state, article=article, sequence=sequence, detail=detail
    )
    session.add(event)
    return event


def next_event(
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
    """Make the next event of ``order`` and move the order's head to it; the caller adds it to the session."""
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
        salts={name: secrets.token_hex(16) for name in detail if name not in _FACTS},
        previous_hash=order.history_head or GENESIS,
    )
    event.hash = event_hash(event, order.number)
    order.history_head = event.hash
    return event


def faults(order: Order, events: Iterable[OrderEvent]) -> list[str]:
    """Return what is wrong with the history of ``order``, in words; an empty list if it is whole.

    Finds events that were changed, removed, added or put in another order, words erased without that being on record, and an order
    whose state, unit, deadline or ending isn't what its events say.
    """
    found: list[str] = []
    erased, anonymised = False, False
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
        erased |= any(map(_is_erased, event.detail.values()))
        anonymised |= event.name == ANONYMISE
        said["state"] = event.to_state
        said |= {name: _now(event.detail[name]) for name in ("unit", "deadline_at", "ending") if name in event.detail}
    if count == 0:
        return [f"{order.number}: 没有任何记录"]
    if erased and not anonymised:
        found.append(f"{order.number}: 记录中的文字被抹去，却没有匿名处理的记录")
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
