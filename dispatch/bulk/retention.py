"""Bulk work of long ago goes, with its reason and what became of each order; the orders' own history says what was done to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from dispatch.bulk.models import BulkItem, BulkJob
from dispatch.core.retention import Erasure
from dispatch.platform import Platform


def _count(session: Session, before: datetime) -> int:
    query = select(func.count()).select_from(BulkItem).join(BulkJob, BulkJob.id == BulkItem.job_id).where(BulkJob.created_at < before)
    return session.scalar(query) or 0


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    """Erase up to ``limit`` orders of old jobs, and with the last of them the jobs: one of 50,000 isn't one transaction."""
    old = select(BulkJob.id).where(BulkJob.created_at < before)
    key = (BulkItem.job_id, BulkItem.position)
    items = session.execute(select(*key).where(BulkItem.job_id.in_(old)).order_by(*key).limit(limit)).all()
    if items:
        session.execute(delete(BulkItem).where(tuple_(*key).in_([tuple(item) for item in items])))
    if len(items) < limit:
        session.execute(delete(BulkJob).where(BulkJob.created_at < before))
    return len(items)


BULK = Erasure("批量办理", _count, _erase)
