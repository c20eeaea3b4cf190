"""Queries on conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from channels.conversations.models import Conversation, Message, Note
from dispatch.core.database import UTCDateTime
from dispatch.orders import service as orders


def by_id(session: Session, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """Return a conversation, locked for change where the database can."""
    statement = select(Conversation).where(Conversation.id == conversation_id)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def by_address(session: Session, channel: str, address_lookup: str) -> Conversation | None:
    """Return the conversation of an address on a channel, or None."""
    return session.scalars(
        select(Conversation).where(Conversation.channel == channel, Conversation.address_lookup == address_lookup)
    ).first()


def message(session: Session, message_id: int, *, lock: bool = False) -> Message | None:
    """Return one message, locked for change where the database can; None if there is none."""
    return session.get(Message, message_id, with_for_update=lock, populate_existing=lock)


def by_provider_id(session: Session, channel: str, provider_id: str) -> Message | None:
    """Return the message that the provider calls ``provider_id``, or None."""
    return session.scalars(select(Message).where(Message.channel == channel, Message.provider_id == provider_id)).first()


def messages(session: Session, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 500) -> Sequence[Message]:
    """Return the newest ``limit`` messages with ids above ``after`` and below ``before``, oldest first."""
    statement = select(Message).where(Message.conversation_id == conversation_id, Message.id > after)
    if before is not None:
        statement = statement.where(Message.id < before)
    return list(reversed(session.scalars(statement.order_by(Message.id.desc()).limit(limit)).all()))


def last_message_on(session: Session, channel: str) -> datetime | None:
    """Return when something was last said on a channel."""
    statement = select(Conversation.last_message_at).where(Conversation.channel == channel)
    return session.scalar(statement.order_by(Conversation.last_message_at.desc()).limit(1))


def unhandled(session: Session) -> Sequence[Message]:
    """Return inbound messages without a reply, oldest first."""
    return session.scalars(select(Message).where(Message.handled.is_(False)).order_by(Message.id)).all()


def last_system_reply(session: Session, conversation_id: str, kind: str) -> Message | None:
    """Return the newest message of the gateway's own with ``custom.kind`` = ``kind``."""
    statement = (
        select(Message).where(Message.conversation_id == conversation_id, Message.author == "system").order_by(Message.id.desc()).limit(5)
    )
    return next((m for m in session.scalars(statement) if (m.custom or {}).get("kind") == kind), None)


def queue(session: Session, limit: int) -> Sequence[Conversation]:
    """Return the conversations that wait for an operator: emergencies first, then the longest waiting."""
    return session.scalars(_queue().limit(limit)).all()


def queue_to_assign(session: Session, limit: int) -> Sequence[Conversation]:
    """Return the first of the queue that nobody was offered, locked for change; whatever somebody is changing is left out."""
    statement = _queue().where(Conversation.offered_to.is_(None)).limit(limit)
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def _queue() -> Select[Conversation]:
    statement = select(Conversation).where(Conversation.urgency.is_not(None))
    return statement.order_by(Conversation.urgency, Conversation.attention_since, Conversation.id)


def queue_length(session: Session, cap: int) -> int:
    """Return how many conversations wait, counting up to ``cap``."""
    some = select(Conversation.id).where(Conversation.urgency.is_not(None)).limit(cap).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def held_by(session: Session, operator: str, *, lock: bool = False) -> Sequence[Conversation]:
    """Return the conversations that an operator holds, locked for change where the database can."""
    statement = select(Conversation).where(Conversation.operator == operator, Conversation.holder == "operator")
    statement = statement.order_by(Conversation.last_message_at.desc())
    return session.scalars(statement.with_for_update() if lock else statement).all()


def offered_to(session: Session, operator: str) -> Sequence[Conversation]:
    """Return the conversations that are offered to an operator, the earliest first."""
    return session.scalars(select(Conversation).where(Conversation.offered_to == operator).order_by(Conversation.offered_at)).all()


def offered_before(session: Session, moment: datetime) -> Sequence[Conversation]:
    """Return the conversations that were offered to somebody before ``moment``."""
    statement = select(Conversation).where(Conversation.offered_to.is_not(None), Conversation.offered_at < moment)
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def held(session: Session) -> Sequence[Conversation]:
    """Return every conversation that an operator holds, locked for change: some hundreds, however many conversations there are."""
    statement = select(Conversation).where(Conversation.operator.is_not(None), Conversation.holder == "operator")
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def loads(session: Session) -> dict[str, int]:
    """Return how many conversations each operator holds or is offered."""
    counts: dict[str, int] = {}
    for column in (Conversation.operator, Conversation.offered_to):
        rows = session.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
        for name, count in rows:
            counts[str(name)] = counts.get(str(name), 0) + count
    return counts


def latest(session: Session, *, holder: str | None, before: tuple[datetime, str] | None, limit: int) -> Sequence[Conversation]:
    """Return conversations, the latest message first; ``before`` is the time and id of the last one of the page before."""
    statement = select(Conversation)
    if holder:
        statement = statement.where(Conversation.holder == holder)
    if before:
        key = tuple_(Conversation.last_message_at, Conversation.id)
        statement = statement.where(key < tuple_(literal(before[0], UTCDateTime), literal(before[1])))
    return session.scalars(statement.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(limit)).all()


def starting_with(session: Session, prefix: str, limit: int) -> Sequence[Conversation]:
    """Return the conversations whose id starts with ``prefix``."""
    statement = select(Conversation).where(Conversation.id >= prefix, Conversation.id < f"{prefix}~")
    return session.scalars(statement.order_by(Conversation.id).limit(limit)).all()


def notes(session: Session, conversation_id: str) -> Sequence[Note]:
    """Return the operators' notes on a conversation, oldest first."""
    return session.scalars(select(Note).where(Note.conversation_id == conversation_id).order_by(Note.id)).all()


def position(session: Session, conversation: Conversation) -> int:
    """Return the place of a conversation in the queue, from 1; 1 if it doesn't stand in it."""
    if conversation.urgency is None:
        return 1
    same = and_(Conversation.urgency == conversation.urgency, Conversation.attention_since <= conversation.attention_since)
    statement = select(func.count()).select_from(Conversation).where(or_(Conversation.urgency < conversation.urgency, same))
    return session.scalar(statement) or 1


def _quiet_since(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Conversation.last_message_at < before, Conversation.erased_at.is_(None), ~orders.filed_in(Conversation.id)


def count_forgettable(session: Session, before: datetime) -> int:
    """Return how many conversations have been quiet since ``before``, have no order that is still kept, and aren't erased."""
    return session.scalar(select(func.count()).select_from(Conversation).where(*_quiet_since(before))) or 0


def forgettable(session: Session, before: datetime, limit: int) -> Sequence[Conversation]:
    """Return those conversations, the longest quiet first, locked; those that another process has locked are left to it."""
    statement = select(Conversation).where(*_quiet_since(before)).order_by(Conversation.last_message_at, Conversation.id).limit(limit)
    return session.scalars(statement.with_for_update(skip_locked=True)).all()


def erase_words(session: Session, conversation_id: str) -> Sequence[int]:
    """Empty the messages of a conversation, remove its notes, and return the messages' ids."""
    nothing: dict[str, Any] = {"text": "", "original": None, "buttons": [], "custom": None, "content": None, "understanding": None}
    session.execute(update(Message).where(Message.conversation_id == conversation_id).values(nothing))
    session.execute(delete(Note).where(Note.conversation_id == conversation_id))
    return session.scalars(select(Message.id).where(Message.conversation_id == conversation_id)).all()
