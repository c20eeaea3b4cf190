"""Keeping conversations: storing messages, and deciding who holds a conversation (the database decides, never Rasa)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from channels import wording
from channels.conversations import repository
from channels.conversations.models import Conversation as Conversation
from channels.conversations.models import Message as Message
from channels.message import InboundMessage, OutboundMessage
from dispatch.core.crypto import FieldCipher
from nlu import contact as contact_reader

REASONS = ("emergency", "stability_risk", "asked_for_person", "assistant_down", "bot_unsure", "abuse")
"""Why a conversation needs a person."""


class HeldByAnotherError(Exception):
    """Another operator holds the conversation; ``holder`` is that operator's account name."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class NotHeldError(Exception):
    """The operator doesn't hold the conversation."""


@dataclass(frozen=True, slots=True)
class Received:
    """A stored inbound message; ``repeated`` if the provider had delivered it before."""

    message_id: int
    conversation_id: str
    repeated: bool
    handled: bool


def open_conversation(session: Session, channel: str, address: str, *, now: datetime, cipher: FieldCipher) -> Conversation:
    """Return the conversation of ``address`` on ``channel``; a new one is greeted where the channel shows greetings."""
    lookup = cipher.lookup(f"{channel}:{address}")
    conversation = repository.by_address(session, channel, lookup)
    if conversation is None:
        conversation = Conversation(
            id=f"c{secrets.token_hex(12)}",
            channel=channel,
            address_lookup=lookup,
            address=cipher.encrypt(address) or "",
            holder="bot",
            created_at=now,
            last_message_at=now,
        )
        try:
            with session.begin_nested():
                session.add(conversation)
        except IntegrityError:
            # Two first messages at once: the other one opened the conversation.
            conversation = repository.by_address(session, channel, lookup)
            if conversation is None:
                raise
    return conversation


def greet(session: Session, conversation: Conversation, now: datetime) -> None:
    """Say hello in a conversation in which nothing was said yet."""
    if not repository.messages(session, conversation.id, limit=1):
        say(session, conversation, [wording.GREETING], now=now, author="system")


def store(session: Session, inbound: InboundMessage, *, now: datetime, cipher: FieldCipher) -> Received:
    """Keep an inbound message before anybody thinks about it; a provider's repeat is recognised and stored once."""
    existing = repository.by_provider_id(session, inbound.channel, inbound.provider_id)
    if existing is not None:
        return Received(existing.id, existing.conversation_id, repeated=True, handled=existing.handled)
    conversation = open_conversation(session, inbound.channel, inbound.address, now=now, cipher=cipher)
    masked = contact_reader.mask(inbound.text)
    message = Message(
        conversation_id=conversation.id,
        author="resident",
        channel=inbound.channel,
        provider_id=inbound.provider_id,
        text=masked,
        original=cipher.encrypt(inbound.text) if masked != inbound.text else None,
        handled=False,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(message)
    except IntegrityError:
        # The provider delivered it twice at the same moment.
        first = repository.by_provider_id(session, inbound.channel, inbound.provider_id)
        if first is None:
            raise
        return Received(first.id, first.conversation_id, repeated=True, handled=first.handled)
    conversation.last_message_at = now
    session.flush()
    return Received(message.id, conversation.id, repeated=False, handled=False)


def say(
    session: Session,
    conversation: Conversation,
    outbound: Iterable[OutboundMessage],
    *,
    now: datetime,
    author: str | None = None,
    operator: str | None = None,
    reply_to: int | None = None,
) -> list[Message]:
    """Add messages to the resident; delivery follows from the rows."""
    rows = [
        Message(
            conversation_id=conversation.id,
            author=author or message.author,
            operator=operator,
            channel=conversation.channel,
            reply_to=reply_to,
            text=message.text,
            buttons=[{"title": button.title, "payload": button.payload} for button in message.buttons],
            custom=message.custom,
            handled=True,
            created_at=now,
        )
        for message in outbound
    ]
    session.add_all(rows)
    conversation.last_message_at = now
    session.flush()
    return rows


def find(session: Session, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """Return a conversation, locked for change where the database can; None if there is none."""
    return repository.by_id(session, conversation_id, lock=lock)


def message(session: Session, message_id: int) -> Message | None:
    """Return one message, or None."""
    return repository.message(session, message_id)


def messages(session: Session, conversation_id: str, *, after: int = 0, limit: int = 500) -> Sequence[Message]:
    """Return the newest ``limit`` messages with ids above ``after``, oldest first."""
    return repository.messages(session, conversation_id, after=after, limit=limit)


def unanswered(session: Session) -> list[Received]:
    """Return the inbound messages that have no reply yet, oldest first."""
    return [Received(m.id, m.conversation_id, repeated=False, handled=False) for m in repository.unhandled(session)]


def last_notice(session: Session, conversation_id: str, kind: str) -> Message | None:
    """Return the newest of the gateway's own messages of ``kind``, or None."""
    return repository.last_system_reply(session, conversation_id, kind)


def queue(session: Session) -> Sequence[Conversation]:
    """Return the conversations that wait for an operator: emergencies first, then the longest waiting."""
    return repository.queue(session)


def held_by(session: Session, operator: str) -> Sequence[Conversation]:
    """Return the conversations that ``operator`` holds, the latest first."""
    return repository.held_by(session, operator)


def full_text(message: Message, cipher: FieldCipher) -> str:
    """Return what was really written, personal data included."""
    return cipher.decrypt(message.original) or message.text


def ask_attention(conversation: Conversation, reason: str, *, now: datetime, note: str | None = None, promise_person: bool = False) -> None:
    """Put a conversation into the operators' queue; a graver reason replaces a lesser one, the waiting time stays.

    Args:
        reason: one of ``REASONS``.
        note: what an operator should know, without personal data.
        promise_person: from now on the bot is silent until an operator has been there.
    """
    current = conversation.attention_reason
    if current is None or REASONS.index(reason) < REASONS.index(current):
        conversation.attention_reason = reason
        conversation.attention_note = note
    conversation.attention_since = conversation.attention_since or now
    if promise_person and conversation.holder == "bot":
        conversation.holder = "waiting"


def back_to_bot(conversation: Conversation) -> None:
    """Let the bot go on after the resident chose not to wait; the conversation leaves the queue."""
    conversation.holder = "bot"
    conversation.attention_reason = conversation.attention_since = conversation.attention_note = None


def take_over(session: Session, conversation_id: str, operator: str, now: datetime) -> Conversation | None:
    """Give a conversation to ``operator`` (人工接管); None if there is no such conversation.

    Raises:
        HeldByAnotherError: another operator was faster.
    """
    conversation = repository.by_id(session, conversation_id, lock=True)
    if conversation is None:
        return None
    if conversation.holder == "operator":
        if conversation.operator != operator:
            raise HeldByAnotherError(conversation.operator or "")
        return conversation
    conversation.holder, conversation.operator = "operator", operator
    conversation.attention_reason = conversation.attention_since = conversation.attention_note = None
    say(
        session,
        conversation,
        [OutboundMessage(wording.TAKEN_OVER, custom={"kind": "taken_over"})],
        now=now,
        author="system",
        operator=operator,
    )
    return conversation


def operator_says(session: Session, conversation_id: str, operator: str, text: str, now: datetime) -> Message:
    """Send an operator's words. Raises NotHeldError unless the operator holds the conversation."""
    conversation = repository.by_id(session, conversation_id, lock=True)
    if conversation is None or conversation.holder != "operator" or conversation.operator != operator:
        raise NotHeldError(conversation_id)
    return say(session, conversation, [OutboundMessage(text)], now=now, author="operator", operator=operator)[0]


def hand_back(session: Session, conversation_id: str, operator: str, now: datetime) -> Conversation:
    """Give a conversation back to the bot. Raises NotHeldError unless the operator holds it."""
    conversation = repository.by_id(session, conversation_id, lock=True)
    if conversation is None or conversation.holder != "operator" or conversation.operator != operator:
        raise NotHeldError(conversation_id)
    conversation.holder, conversation.operator = "bot", None
    say(session, conversation, [OutboundMessage(wording.HANDED_BACK, custom={"kind": "handed_back"})], now=now, author="system")
    return conversation


def dismiss(conversation: Conversation) -> None:
    """Take a conversation out of the queue without taking it over: an operator has looked and nothing is needed."""
    conversation.attention_reason = conversation.attention_since = conversation.attention_note = None
    if conversation.holder == "waiting":
        conversation.holder = "bot"


def as_json(message: Message) -> dict[str, Any]:
    """Return a message as pages show it (masked)."""
    return {
        "id": message.id,
        "author": message.author,
        "text": message.text,
        "buttons": message.buttons or [],
        "custom": message.custom,
        "at": message.created_at.isoformat(),
    }
