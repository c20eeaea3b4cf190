"""Queries on bulk work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from dispatch.bulk.models import BulkItem, BulkJob


def by_key(session: Session, key: str) -> BulkJob | None:
    """Return the job that was asked for under ``key``, or None."""
    return session.scalars(select(BulkJob).where(BulkJob.key == key)).first()


def by_id(session: Session, job_id: int) -> BulkJob | None:
    """Return a job, or None."""
    return session.get(BulkJob, job_id)


def add_items(session: Session, job_id: int, numbers: Sequence[str]) -> None:
    """Add the orders of a job, in this order."""
    rows = [{"job_id": job_id, "position": at, "number": number, "state": "waiting"} for at, number in enumerate(numbers)]
    session.execute(insert(BulkItem), rows)


def waiting(session: Session, job_id: int, limit: int) -> Sequence[BulkItem]:
    """Return the next orders of a job that nobody has worked on, locked; those that another process has are left to it."""
    query = select(BulkItem).where(BulkItem.job_id == job_id, BulkItem.state == "waiting").order_by(BulkItem.position).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()


def counts(session: Session, job_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """Return how many orders of each job are in each state."""
    query = select(BulkItem.job_id, BulkItem.state, func.count()).where(BulkItem.job_id.in_(job_ids))
    return {(job, state): count for job, state, count in session.execute(query.group_by(BulkItem.job_id, BulkItem.state))}


def failed(session: Session, job_id: int, *, after: int, limit: int) -> Sequence[BulkItem]:
    """Return the orders of a job that couldn't be done, from position ``after`` on."""
    query = select(BulkItem).where(BulkItem.job_id == job_id, BulkItem.state == "failed", BulkItem.position > after)
    return session.scalars(query.order_by(BulkItem.position).limit(limit)).all()


def latest(session: Session, by: str, limit: int) -> Sequence[BulkJob]:
    """Return the last jobs that ``by`` asked for."""
    return session.scalars(select(BulkJob).where(BulkJob.by == by).order_by(BulkJob.id.desc()).limit(limit)).all()
