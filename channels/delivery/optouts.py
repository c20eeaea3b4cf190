"""Those who want no more messages on a channel (退订)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from channels.delivery import repository
from channels.delivery.models import OptOut


def is_out(session: Session, channel: str, address_lookup: str) -> bool:
    """Say whether an address wants to be left alone."""
    return repository.opt_out(session, channel, address_lookup) is not None


def opt_out(session: Session, channel: str, address_lookup: str, now: datetime) -> None:
    """Leave an address alone from now on (退订)."""
    if repository.opt_out(session, channel, address_lookup) is None:
        session.add(OptOut(channel=channel, address_lookup=address_lookup, since=now))
        session.flush()


def opt_in(session: Session, channel: str, address_lookup: str) -> None:
    """Write to an address again (恢复)."""
    existing = repository.opt_out(session, channel, address_lookup)
    if existing is not None:
        session.delete(existing)
        session.flush()
