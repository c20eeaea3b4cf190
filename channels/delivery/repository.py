"""Queries on what is sent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from channels.delivery.models import MessagePart, OptOut


def part(session: Session, part_id: str, *, lock: bool = False) -> MessagePart | None:
    """Return one piece, locked for change where the database can."""
    statement = select(MessagePart).where(MessagePart.id == part_id)
    return session.scalar(statement.with_for_update() if lock else statement)


def parts(session: Session, message_ids: Sequence[int]) -> Sequence[MessagePart]:
    """Return the pieces of messages, in the order of sending."""
    statement = select(MessagePart).where(MessagePart.message_id.in_(message_ids))
    return session.scalars(statement.order_by(MessagePart.message_id, MessagePart.number)).all()


def erase_words(session: Session, message_ids: Sequence[int]) -> None:
    """Empty the pieces of messages."""
    session.execute(update(MessagePart).where(MessagePart.message_id.in_(message_ids)).values(text="", buttons=[]))


def dead(session: Session, *, limit: int) -> Sequence[MessagePart]:
    """Return the pieces that were given up or that the provider couldn't deliver, the latest first."""
    statement = select(MessagePart).where(MessagePart.state.in_(("dead", "failed")))
    return session.scalars(statement.order_by(MessagePart.updated_at.desc()).limit(limit)).all()


def opt_out(session: Session, channel: str, address_lookup: str) -> OptOut | None:
    """Return the wish of an address to be left alone, or None."""
    return session.get(OptOut, (channel, address_lookup))
