"""The one source of the present time, so that tests can set it. UTC inside, Asia/Shanghai outside."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Protocol
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC datetime."""
        return datetime.now(timezone.utc)


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone(timezone.utc)

    def now(self) -> datetime:
        """Return the moment it was set to, in UTC."""
        return self.moment


def beijing(moment: datetime) -> datetime:
    """Return ``moment`` in Beijing time, as residents and staff read it."""
    return moment.astimezone(BEIJING)


def beijing_text(moment: datetime) -> str:
    """Return ``moment`` as residents read it, e.g. ``11月24日 18:00``; the year only where it isn't the usual one to expect."""
    local = beijing(moment)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
