"""Making attempts at deliveries: by durable jobs in a running system, inline in tests.

An attempt first marks its row as ``sending`` and commits, then calls the handler outside any transaction, then records the outcome. A
process killed in between leaves ``sending`` behind: the next attempt tells the handler that the one before may have reached its target.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from dispatch.core.jobs import Jobs, Periodic
from dispatch.outbox import repository, service
from dispatch.outbox.models import Delivery
from dispatch.platform import Platform

_log = structlog.get_logger(__name__)

BACK_OFF = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800))
"""Waits between attempts (about 16 hours in all), each lengthened by up to a fifth at random; then the delivery is given up."""

_FORGOTTEN = {"pending": timedelta(minutes=10), "sending": timedelta(hours=1)}
_ERROR_LENGTH = 300


class RetryLater(Exception):
    """The target can't take it now.

    ``seconds`` is when it asked to be tried again (None: our own back-off); ``reason`` has no personal data.
    """

    def __init__(self, seconds: float | None, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class Refused(Exception):
    """The target will never take it. ``reason`` has no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery as its handler gets it. ``uncertain``: an earlier attempt was cut off and may have reached the target."""

    id: str
    kind: str
    target: str
    subject: str
    payload: dict[str, Any]
    attempt: int
    failures: int
    uncertain: bool
    created_at: datetime


Handler = Callable[[Platform, Parcel], str | None]
"""Delivers one parcel, returns the provider's id of it if there is one; raises RetryLater, Refused, or anything else to be tried again."""


def start(platform: Platform, jobs: Jobs, handlers: Mapping[str, Handler], periodic: list[Periodic]) -> None:
    """Deliver by durable jobs from now on, beginning with what an earlier process left."""

    def deliver(delivery_id: str, attempt: int) -> None:
        make_attempt(platform, handlers, delivery_id, attempt)

    jobs.start(deliver, periodic, platform)
    platform.database.before_commit = lambda session: _put_jobs(jobs, session)
    adopt(platform)


def adopt(platform: Platform) -> int:
    """Put in a job for every row that hasn't gone out; those that have one already keep it. Return how many rows there are."""
    after = count = 0
    while True:
        with platform.database.write() as session:
            rows = repository.unsettled(session, after=after)
            for row in rows:
                service.due_again(session, row, row.not_before - platform.clock.now())
        if not rows:
            return count
        after, count = rows[-1].sequence, count + len(rows)


def rescue(platform: Platform) -> int:
    """Put in a new job for rows whose own got lost (its process slot never came back); return how many. Run every few minutes."""
    now = platform.clock.now()
    with platform.database.write() as session:
        rows = repository.unsettled(session, until=now - min(_FORGOTTEN.values()))
        lost = [row for row in rows if row.not_before < now - _FORGOTTEN[row.state] and not repository.earlier_in_lane(session, row)]
        for row in lost:
            row.attempts += 1
            service.due_again(session, row, timedelta(0))
        return len(lost)


def deliver_due(platform: Platform, handlers: Mapping[str, Handler], *, rounds: int = 100) -> int:
    """Make every attempt that is due by the platform's clock, here and now; return how many were made. What tests use instead of jobs."""
    made = 0
    for _ in range(rounds):
        with platform.database.read() as session:
            due = [(row.id, row.attempts) for row in repository.unsettled(session, until=platform.clock.now())]
        attempted = sum(make_attempt(platform, handlers, delivery_id, attempt) for delivery_id, attempt in due)
        made += attempted
        if not attempted:
            break
    return made


def make_attempt(platform: Platform, handlers: Mapping[str, Handler], delivery_id: str, attempt: int) -> bool:
    """Make attempt number ``attempt`` at a delivery, unless it was made or overtaken; return whether it was made now."""
    parcel = _take(platform, delivery_id, attempt)
    if parcel is None:
        return False
    handler = handlers.get(parcel.kind)
    if handler is None:
        _settle(platform, parcel, "dead", error=f"没有办法投递“{parcel.kind}”")
        return True
    try:
        provider_id = handler(platform, parcel)
    except RetryLater as later:
        _again(platform, parcel, later.reason, timedelta(seconds=later.seconds) if later.seconds is not None else None)
    except Refused as refusal:
        _settle(platform, parcel, "dead", error=refusal.reason)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the row says so and is tried again
        _log.warning("delivery_failed", kind=parcel.kind, delivery=parcel.id, error=type(error).__name__)
        _again(platform, parcel, type(error).__name__, None)
    else:
        _settle(platform, parcel, "delivered", provider_id=provider_id)
    return True


def _take(platform: Platform, delivery_id: str, attempt: int) -> Parcel | None:
    with platform.database.write() as session:
        row = repository.by_id(session, delivery_id, lock=True)
        if row is None or row.state not in repository.UNSETTLED or row.attempts != attempt:
            return None
        if repository.earlier_in_lane(session, row):
            return None  # whoever settles the earlier one wakes this one
        uncertain = row.state == "sending"
        row.state = "sending"
        return Parcel(row.id, row.kind, row.target, row.subject, row.payload, attempt, row.failures, uncertain, row.created_at)


def _again(platform: Platform, parcel: Parcel, reason: str, wait: timedelta | None) -> None:
    if parcel.failures >= len(BACK_OFF):
        _settle(platform, parcel, "dead", error=reason)
        return
    if wait is None:
        wait = BACK_OFF[parcel.failures] * random.uniform(1.0, 1.2)  # noqa: S311 - spreads load, guards nothing
    with platform.database.write() as session:
        row = _own(session, parcel)
        if row is not None:
            row.state, row.attempts, row.failures = "pending", parcel.attempt + 1, parcel.failures + 1
            row.error = reason[:_ERROR_LENGTH]
            row.not_before = platform.clock.now() + wait
            service.due_again(session, row, wait)


def _settle(platform: Platform, parcel: Parcel, state: str, *, provider_id: str | None = None, error: str | None = None) -> None:
    now = platform.clock.now()
    with platform.database.write() as session:
        row = _own(session, parcel)
        if row is None:
            return
        row.state, row.settled_at, row.provider_id = state, now, provider_id
        row.error = error[:_ERROR_LENGTH] if error else None
        if row.lane is not None and (following := repository.next_in_lane(session, row.lane)):
            # Its own job came while this one was under way and went home: it gets another.
            following.attempts += 1
            service.due_again(session, following, following.not_before - now)


def _own(session: Session, parcel: Parcel) -> Delivery | None:
    row = repository.by_id(session, parcel.id, lock=True)
    return row if row is not None and row.state == "sending" and row.attempts == parcel.attempt else None


def _put_jobs(jobs: Jobs, session: Session) -> None:
    for row_id, attempt, delay in session.info.pop(service.NEW, ()):
        jobs.put(session, row_id, attempt, delay)
