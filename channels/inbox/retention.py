"""How much somebody wrote is of use for a day; afterwards it goes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from channels.inbox.models import Sender
from dispatch.core.retention import Erasure
from dispatch.platform import Platform


def _count(session: Session, before: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Sender).where(Sender.window_started_at < before)) or 0


def _erase(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    senders = session.execute(select(Sender.channel, Sender.address_lookup).where(Sender.window_started_at < before).limit(limit)).all()
    for channel, address_lookup in senders:
        session.execute(delete(Sender).where(Sender.channel == channel, Sender.address_lookup == address_lookup))
    return len(senders)


SENDERS = Erasure("发送频次记录", _count, _erase)
