"""Counting tries, by hour and in the database, so that several processes stop a guesser together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.accounts.models import LookupAttempt

_KEPT = timedelta(days=1)


def count(session: Session, subject: str, now: datetime) -> int:
    """Count one more try of ``subject`` (a hash, 64 hex digits) in this hour, and return how many there were with it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(LookupAttempt)
    statement = insert.values(subject=subject, hour=hour, count=1).on_conflict_do_update(
        index_elements=["subject", "hour"], set_={"count": LookupAttempt.count + 1}
    )
    return int(session.execute(statement.returning(LookupAttempt.count)).scalar_one())


def forget_old(session: Session, now: datetime) -> None:
    """Forget tries of more than a day ago."""
    session.execute(delete(LookupAttempt).where(LookupAttempt.hour < now - _KEPT))
