"""When something happens to an order by itself (Art. 15, 29): warnings, overdue, the ladder, the end of a hold.

``plan`` writes the moment of the next timer into the order, in an indexed column, so that a sweep (``dispatch.orders.timers``) touches
only what is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.orders import deadlines, repository
from dispatch.orders.helpers import Outstanding, outstanding
from dispatch.orders.models import Order
from dispatch.orders.rules import OrderRules
from dispatch.orders.terms import WORKING_STATES, State
from dispatch.units.service import HOTLINE_DESK

_RUNNING = frozenset({State.DISPATCHED, State.OBJECTED, State.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Timer:
    """Goes off at ``at``, once for ``deadline``: transition ``event`` of the table; ``tell`` gets a notice.

    ``name`` tells it from the order's other timers. ``helper`` is the helping unit that it is about, if it is about one.
    """

    name: str
    event: str
    at: datetime
    deadline: datetime
    tell: tuple[str, ...] = ()
    helper: Outstanding | None = None

    def stale(self, now: datetime) -> bool:
        """Say whether it is a warning whose deadline has passed: the system was down when it should have gone off."""
        return self.event in ("warn", "helper_warn") and self.deadline <= now


def phase(state: str) -> str:
    """Return which timers run in ``state``: it changes only where they do."""
    value = State(state)
    if value in _RUNNING:
        return "running" if value not in WORKING_STATES else "working"
    return value.value if value in (State.REGISTERED, State.HELD) else "none"


def timers_of(session: Session, order: Order, rules: OrderRules) -> list[Timer]:
    """Return every timer that runs for ``order`` now, whether it has gone off or not."""
    state = State(order.state)
    found: list[Timer] = []
    if state is State.REGISTERED:
        due = order.created_at + timedelta(minutes=rules.dispatch_minutes)
        found.append(Timer("dispatch_late", "dispatch_late", due, due, (HOTLINE_DESK, "supervisor")))
    if state is State.HELD and order.hold_until:
        found.append(Timer("resume", "resume", order.hold_until, order.hold_until))
    if state in _RUNNING and order.deadline_at and order.unit_code:
        found += _of_order(order, order.clock_started_at or order.created_at, order.deadline_at, order.unit_code, rules)
    if state in WORKING_STATES:
        for each in outstanding(session, order.id):
            found += _of_helper(order, each, rules)
    return found


def _of_order(order: Order, start: datetime, deadline: datetime, unit: str, rules: OrderRules) -> Iterator[Timer]:
    hours = order.deadline_hours or 0
    for share, at in _warnings(start, deadline, hours, rules):
        yield Timer(f"warn:{share}", "warn", at, deadline, (unit,))
    yield Timer("overdue", "overdue", deadline, deadline, (unit,))
    for step in rules.ladder:
        at = deadline + timedelta(hours=hours) * step.after
        if hours > rules.any_hour_up_to:
            at = deadlines.next_opening(at)
        yield Timer(f"overdue:{step.tell}:{step.after}", f"overdue_{step.tell}", at, deadline, (step.tell,))


def _of_helper(order: Order, helper: Outstanding, rules: OrderRules) -> Iterator[Timer]:
    label = f"{helper.party.value}:{helper.unit_code}"
    hours = (helper.due_at - helper.since).total_seconds() / 3600
    for share, at in _warnings(helper.since, helper.due_at, hours, rules):
        yield Timer(f"{label}:warn:{share}", "helper_warn", at, helper.due_at, (helper.unit_code,), helper)
    tell = (helper.unit_code, order.unit_code or "")
    yield Timer(f"{label}:overdue", "helper_overdue", helper.due_at, helper.due_at, tell, helper)


def _warnings(start: datetime, deadline: datetime, hours: float, rules: OrderRules) -> Iterator[tuple[float, datetime]]:
    """Yield shares of the time limit with the moments to warn at.

    Short limits warn day and night (Art. 21); others when people are at their desks: at the next opening if that is still in time, else
    in the last hour before, else not at all.
    """
    for share in rules.warn_at:
        at = start + (deadline - start) * share
        if hours > rules.any_hour_up_to:
            at = deadlines.next_opening(at)
            if at >= deadline:
                at = deadlines.previous_working_hour(start + (deadline - start) * share)
            if at < start:
                continue
        yield share, at


def plan(session: Session, order: Order, rules: OrderRules, *, new: bool = False) -> None:
    """Write into ``order`` when its next timer is due; for one just made (``new``) nothing has gone off yet."""
    fired = frozenset() if new else repository.fired_timers(session, order.id)
    coming = [timer.at for timer in timers_of(session, order, rules) if (timer.name, timer.deadline) not in fired]
    order.next_timer_at = min(coming, default=None)


def due(session: Session, order: Order, rules: OrderRules, now: datetime) -> list[Timer]:
    """Return the timers of ``order`` that are due and haven't gone off, the earliest first."""
    fired = repository.fired_timers(session, order.id)
    waiting = [timer for timer in timers_of(session, order, rules) if timer.at <= now and (timer.name, timer.deadline) not in fired]
    return sorted(waiting, key=lambda timer: (timer.at, timer.name))
