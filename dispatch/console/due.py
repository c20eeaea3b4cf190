"""A deadline in words, as people who work against it read it: how long there is left, or since when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.orders.schemas import OrderOut
from dispatch.orders.workflow import State

SOON = timedelta(hours=4)
_RUNNING = frozenset({State.DISPATCHED.value, State.OBJECTED.value, State.ACCEPTED.value})


@dataclass(frozen=True, slots=True)
class Due:
    """``kind`` is the row's class (``overdue``, ``soon`` or empty), ``words`` what stands beside the deadline."""

    kind: str
    words: str


def due(order: OrderOut, now: datetime) -> Due:
    """Return how ``order`` stands against its deadline at ``now``."""
    if order.state == State.HELD.value:
        return Due("", "暂停计时")
    if order.deadline_at is None or order.state not in _RUNNING:
        return Due("", "")
    left = order.deadline_at - now
    if left < timedelta(0):
        return Due("overdue", f"超时 {span(-left)}")
    return Due("soon" if left < SOON else "", f"剩 {span(left)}")


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, e.g. ``3 天 4 小时``, ``25 分钟``."""
    minutes = int(length.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes} 分" if minutes and hours < 10 else f"{hours} 小时"
    return f"{minutes} 分钟"
