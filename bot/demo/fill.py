"""Fills a fresh system with the demo's day: a clock is moved from a week ago to now, and whatever is due by then happens."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.demo import content as demo
from bot.demo import talks
from bot.demo.lives import Agenda, Lives, handler_name
from bot.jobs import HANDLERS
from dispatch.accounts import service as accounts
from dispatch.callbacks import service as callbacks
from dispatch.core.clock import FixedClock
from dispatch.insight import jobs as insight
from dispatch.orders import service as orders
from dispatch.orders import timers
from dispatch.orders.workflow import Role
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from dispatch.statistics import service as statistics

TODAY, EARLIER = 270, 50
"""Orders of the last 24 hours, and of the week before: answered, overdue or closed by now."""

_MARKER = "demo"
_WEEK = timedelta(days=8)
_DAY = timedelta(hours=24)
_SLOT = timedelta(minutes=30)
_SEED = 12345
_MOST_ACCOUNTS = 8
_BUSY = (1, 1, 1, 1, 1, 2, 4, 7, 11, 13, 12, 10, 8, 8, 9, 10, 9, 8, 8, 7, 6, 4, 3, 2)
"""How many report something in each hour of a Beijing day, in proportion."""


class NotEmptyError(Exception):
    """The system holds orders that aren't the demo's."""


def is_demo(data_dir: Path) -> bool:
    """Say whether a data directory holds a demo."""
    return (data_dir / _MARKER).is_file()


def fill(platform: Platform, say: Callable[[str], None]) -> None:
    """Make the demo's day in a fresh system.

    Raises:
        NotEmptyError: there are orders already; nothing is changed.
    """
    end = platform.clock.now()
    with platform.database.read() as session:
        if orders.inbox(session, None, include_finished=True, limit=1):
            raise NotEmptyError
    clock = FixedClock(end - _WEEK)
    past = replace(platform, clock=clock)
    content, agenda, chance = demo.load(), Agenda(), random.Random(_SEED)  # noqa: S311 - a story, no secret
    lives = Lives(past, content, agenda, chance)
    for index, moment in enumerate(sorted(_moments(end, chance))):
        lives.begin(index, moment, end)
    talks.plan(past, content, agenda, end)
    while clock.moment < end:
        before, clock.moment = clock.moment, min(clock.moment + _SLOT, end)
        _slot(past, agenda, clock.moment)
        talks.take_calls(past, content, clock.moment, before, end)
    say("演示数据：工单、会话、通话已生成")
    talks.ask_questions(past, content, end)
    with platform.database.write() as session:
        talks.keep_replies(session, content, end)
    _staff(platform)
    statistics.refresh(platform.database, end)
    insight.analyse(platform)
    (platform.settings.data_dir / _MARKER).write_text("演示数据，由 jsjb up --demo 生成\n", encoding="utf-8")


def _slot(platform: Platform, agenda: Agenda, until: datetime) -> None:
    """Let happen what is on the agenda up to ``until``, then what the system does by itself."""
    while due := agenda.until(until):
        with platform.database.write() as session:
            for at, happening in due:
                happening(session, at)
    timers.sweep(platform)
    with platform.database.write() as session:
        callbacks.sweep(session, now=until, reference=platform.reference.current(), limit=1000)
    deliver_due(platform, HANDLERS)


def _moments(end: datetime, chance: random.Random) -> list[datetime]:
    """Return when the demo's residents report something."""
    recent = [end - timedelta(minutes=minute) for minute in range(int(_DAY.total_seconds() // 60))]
    weights = [_BUSY[(moment + timedelta(hours=8)).hour] for moment in recent]
    today = chance.choices(recent, weights, k=TODAY)
    return [*today, *(end - _DAY - chance.random() * (_WEEK - _DAY - _SLOT) for _ in range(EARLIER))]


def _staff(platform: Platform) -> None:
    """Make log-ins for some more units of the demo, and keep their passwords with the others."""
    units = list({unit.code: unit for unit in demo.streets(platform.reference.current())}.values())[:_MOST_ACCOUNTS]
    file = platform.settings.data_dir / "demo-logins.json"
    logins = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    with platform.database.write() as session:
        for unit in units:
            name = handler_name(unit.code)
            if name in logins:
                continue
            logins[name] = secrets.token_urlsafe(9)
            accounts.create(session, name, logins[name], display_name=f"{unit.short[0]}演示员", role=Role.HANDLER, unit_code=unit.code)
    file.touch(mode=0o600)
    file.write_text(json.dumps(logins), encoding="utf-8")
