"""Doing one step to many orders: asked for once, worked off in the background a few orders a transaction, with a result for each.

A process killed in between goes on where it stopped: an order's step and its result are written together.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.bulk import repository
from dispatch.bulk.models import BulkItem as BulkItem
from dispatch.bulk.models import BulkJob as BulkJob
from dispatch.orders import service as orders
from dispatch.orders.refusals import REFUSED, in_words
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role, State
from dispatch.outbox import service as outbox
from dispatch.outbox.delivering import Parcel
from dispatch.platform import Platform
from dispatch.understanding.service import Reference

KIND = "bulk"
"""Kind of the deliveries that work off a job (``bot.jobs``)."""

LARGEST = 50_000
"""Orders of one job, at most."""

ACTIONS = {"assign": "派给（改派给）指定单位", "by_catalogue": "按派单目录派单", "refuse_objection": "驳回派单异议", "urge": "催办"}
NEEDS_UNIT = frozenset({"assign"})
NEEDS_REASON = frozenset({"assign", "refuse_objection", "urge"})

_AT_ONCE = 10
"""Orders of one transaction: SQLite's one writer is held for a tenth of a second at most."""

_BREATH_SECONDS = 0.02
"""Between transactions, so that whoever waits for the writer gets it first."""

_ASSIGN = {State.REGISTERED: "dispatch", State.OBJECTED: "uphold_objection"}


class BadRequestError(ValueError):
    """The job can't be taken on; the message names the field."""


class UnknownOrderError(Exception):
    """There is no such order."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A job and how far it is."""

    job: BulkJob
    done: int
    failed: int

    @property
    def waiting(self) -> int:
        """Orders that are still to come."""
        return self.job.total - self.done - self.failed


def start(
    session: Session, *, key: str, action: str, unit: str | None, reason: str | None, numbers: Collection[str], actor: Actor, now: datetime
) -> BulkJob:
    """Take on ``action`` for ``numbers`` and return the job; under a ``key`` that was used before, the job of then.

    Raises BadRequestError.
    """
    if existing := repository.by_key(session, key):
        return existing
    if action not in ACTIONS:
        raise BadRequestError("办理方式: 请选择")
    if action in NEEDS_UNIT and unit is None:
        raise BadRequestError("单位: 请从列表中选择")
    if action in NEEDS_REASON and not reason:
        raise BadRequestError("说明: 请填写，会记入每张工单的办理经过")
    chosen = sorted(set(numbers))  # in one order for all jobs: two of them never wait for each other
    if not chosen:
        raise BadRequestError("工单: 没有选中工单")
    if len(chosen) > LARGEST:
        raise BadRequestError(f"工单: 一次最多 {LARGEST:,} 件，请缩小范围")
    job = BulkJob(
        key=key,
        action=action,
        given={"unit": unit if action in NEEDS_UNIT else None, "reason": reason or None},
        by=actor.name,
        role=actor.role.value,
        total=len(chosen),
        created_at=now,
    )
    session.add(job)
    session.flush()
    repository.add_items(session, job.id, chosen)
    outbox.put(session, kind=KIND, target="orders", subject=str(job.id), payload={}, now=now, key=f"bulk:{key}")
    return job


def work_off(platform: Platform, parcel: Parcel) -> str | None:
    """Handler of deliveries: do what is left of a job."""
    job_id = int(parcel.subject)
    while _some(platform, job_id):
        time.sleep(_BREATH_SECONDS)
    return None


def progress(session: Session, job_id: int) -> Progress | None:
    """Return a job and how far it is, or None."""
    job = repository.by_id(session, job_id)
    return _progress(session, [job])[0] if job else None


def latest(session: Session, by: str, *, limit: int = 5) -> list[Progress]:
    """Return the last jobs that ``by`` asked for, the newest first."""
    return _progress(session, repository.latest(session, by, limit))


def failures(session: Session, job_id: int, *, after: int = -1, limit: int = 100) -> Sequence[BulkItem]:
    """Return the orders of a job that couldn't be done, each with why, from position ``after`` on."""
    return repository.failed(session, job_id, after=after, limit=limit)


def _progress(session: Session, jobs: Sequence[BulkJob]) -> list[Progress]:
    counts = repository.counts(session, [job.id for job in jobs]) if jobs else {}
    return [Progress(job, counts.get((job.id, "done"), 0), counts.get((job.id, "failed"), 0)) for job in jobs]


def _some(platform: Platform, job_id: int) -> bool:
    """Do the next few orders of a job in one transaction; return whether there were any."""
    reference, now = platform.reference.current(), platform.clock.now()
    with platform.database.write() as session:
        job = repository.by_id(session, job_id)
        if job is None:
            return False
        items = repository.waiting(session, job_id, _AT_ONCE)
        for item in items:
            _one(session, job, item, reference, now)
        if not items and job.finished_at is None:
            job.finished_at = now
        return bool(items)


def _one(session: Session, job: BulkJob, item: BulkItem, reference: Reference, now: datetime) -> None:
    actor = Actor(job.by, Role(job.role))
    try:
        with session.begin_nested():
            order = _order(session, item.number)
            name, unit = _step(job, order, reference)
            given = TransitionIn(unit=unit, reason=job.given["reason"])
            orders.apply(session, item.number, name, given, actor=actor, now=now, reference=reference)
    except UnknownOrderError:
        item.state, item.said = "failed", "没有这张工单"
    except REFUSED as error:
        item.state, item.said = "failed", in_words(error, reference.units)[:300]
    else:
        item.state = "done"


def _order(session: Session, number: str) -> orders.Order:
    order = orders.find(session, number)
    if order is None:
        raise UnknownOrderError(number)
    return order


def _step(job: BulkJob, order: orders.Order, reference: Reference) -> tuple[str, str | None]:
    """Return the step that ``job`` means for ``order``, and the unit that it names."""
    if job.action == "assign":
        return _ASSIGN.get(State(order.state), "redispatch"), job.given["unit"]
    if job.action == "by_catalogue":
        return "dispatch", orders.suggested_unit(order, reference).code
    return job.action, None
