"""Keeping conversations: storing messages, and deciding who holds a conversation (the database decides, never Rasa)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from channels import wording
from channels.conversations import repository
from channels.conversations.models import Conversation as Conversation
from channels.conversations.models import Message as Message
from channels.delivery.renderer import chosen
from channels.message import InboundMessage, OutboundMessage
from dispatch.core.crypto import FieldCipher
from nlu import contact as contact_reader

REASONS = ("emergency", "stability_risk", "asked_for_person", "assistant_down", "bot_unsure", "abuse", "transferred", "returned")
"""Why a conversation needs a person, the gravest first."""

_URGENCY = {"emergency": 0, "stability_risk": 1}
_ORDINARY = 2
_LAST_WORDS = 80
_CHOICES_AMONG = 5

ON_FILES: list[Callable[[Session, Message, datetime], None]] = []
"""Called in the same transaction when a resident's message brought files; wired by ``bot``."""

ON_SAID: list[Callable[[Session, Conversation, Sequence[Message], datetime, datetime | None], None]] = []
"""Called in the same transaction with what was just said to a resident, the time, and the moment to wait for; wired by ``bot``."""


@dataclass(frozen=True, slots=True)
class Received:
    """A stored inbound message; ``repeated`` if the provider had delivered it before, ``operator`` holds the conversation."""

    message_id: int
    conversation_id: str
    repeated: bool
    handled: bool
    operator: str | None = None
    queued: bool = False


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
        further = gather(existing, inbound, cipher)
        if further:
            _tell_of_files(session, existing, now)
        if existing.handled and _says_more(existing, inbound, cipher):
            # A caption that comes after its album was answered is a message of its own.
            own_id = f"{inbound.provider_id}:{cipher.lookup(inbound.text)[:16]}"
            late = replace(inbound, provider_id=own_id, attachments=(), group=None)
            return store(session, late, now=now, cipher=cipher)
        return Received(existing.id, existing.conversation_id, repeated=not further, handled=existing.handled)
    content = inbound.content()
    if inbound.edits is not None and (original := repository.by_provider_id(session, inbound.channel, inbound.edits)):
        if full_text(original, cipher) == inbound.text:
            return Received(original.id, original.conversation_id, repeated=True, handled=original.handled)
        handled = original.handled
        _correct(original, inbound.text, cipher)
        if not handled:
            return Received(original.id, original.conversation_id, repeated=False, handled=False)
        content = {**(content or {}), "edits": original.id}
        inbound = replace(inbound, text=wording.correction(inbound.text))
    conversation = open_conversation(session, inbound.channel, inbound.address, now=now, cipher=cipher)
    if inbound.choosing and (choice := _choice(session, conversation.id, inbound.text)):
        content = {**(content or {}), "typed": inbound.text}
        inbound = replace(inbound, text=choice)
    masked = contact_reader.mask(inbound.text)
    message = Message(
        conversation_id=conversation.id,
        author="resident",
        channel=inbound.channel,
        provider_id=inbound.provider_id,
        text=masked,
        original=cipher.encrypt(inbound.text) if masked != inbound.text else None,
        content=content,
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
    conversation.last_words = masked[:_LAST_WORDS]
    if conversation.holder == "operator":
        conversation.unanswered_since = conversation.unanswered_since or now
    session.flush()
    if inbound.attachments:
        _tell_of_files(session, message, now)
    queued = conversation.urgency is not None
    return Received(message.id, conversation.id, repeated=False, handled=False, operator=conversation.operator, queued=queued)


def _tell_of_files(session: Session, message: Message, now: datetime) -> None:
    for listener in ON_FILES:
        listener(session, message, now)


def say(
    session: Session,
    conversation: Conversation,
    outbound: Iterable[OutboundMessage],
    *,
    now: datetime,
    author: str | None = None,
    operator: str | None = None,
    reply_to: int | None = None,
    key: str | None = None,
    not_before: datetime | None = None,
) -> list[Message]:
    """Add messages to the resident; where the channel pushes, they go out, not before ``not_before`` if it is given."""
    rows = [
        Message(
            conversation_id=conversation.id,
            author=author or message.author,
            operator=operator,
            channel=conversation.channel,
            provider_id=key,
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
    for listener in ON_SAID:
        listener(session, conversation, rows, now, not_before)
    return rows


def say_once(
    session: Session, conversation: Conversation, outbound: OutboundMessage, *, key: str, now: datetime, not_before: datetime | None = None
) -> Message:
    """Add one message of the system's own, unless that was done under the same ``key`` before."""
    existing = repository.by_provider_id(session, conversation.channel, key)
    return existing or say(session, conversation, [outbound], now=now, author="system", key=key, not_before=not_before)[0]


def gather(message: Message, inbound: InboundMessage, cipher: FieldCipher) -> bool:
    """Add a further piece of an album to the message that has the first; return whether it brought any file that is new.

    Words are added to those of the other pieces as long as nothing was answered.
    """
    if inbound.group is None:
        return False
    content = message.content or {}
    known = content.get("attachments", [])
    new = [each for each in (inbound.content() or {}).get("attachments", []) if each["ref"] not in {old["ref"] for old in known}]
    if new:
        message.content = {**content, "attachments": [*known, *new]}
    if not message.handled and _says_more(message, inbound, cipher):
        _set_text(message, "\n".join(filter(None, [full_text(message, cipher), inbound.text])), cipher)
    return bool(new)


def _says_more(message: Message, inbound: InboundMessage, cipher: FieldCipher) -> bool:
    """Return whether a piece of an album has words that the message with the first piece doesn't say."""
    return inbound.group is not None and inbound.text not in full_text(message, cipher)


def _choice(session: Session, conversation_id: str, text: str) -> str | None:
    """Return what a bare number means: that choice of the last message that offered any, if nothing else was asked since."""
    for message in reversed(repository.messages(session, conversation_id, limit=_CHOICES_AMONG)):
        if message.author == "resident":
            return None
        if message.buttons:
            return chosen(message.buttons, text)
    return None


def _correct(message: Message, text: str, cipher: FieldCipher) -> None:
    """Let a message say what its author has made of it; what it said before stays with it, masked."""
    content = message.content or {}
    message.content = {**content, "before": [*content.get("before", []), message.text]}
    _set_text(message, text, cipher)


def _set_text(message: Message, text: str, cipher: FieldCipher) -> None:
    message.text = contact_reader.mask(text)
    message.original = cipher.encrypt(text) if message.text != text else None


def find(session: Session, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """Return a conversation, locked for change where the database can; None if there is none."""
    return repository.by_id(session, conversation_id, lock=lock)


def message(session: Session, message_id: int, *, lock: bool = False) -> Message | None:
    """Return one message, locked for change where the database can; None if there is none."""
    return repository.message(session, message_id, lock=lock)


def by_provider_id(session: Session, channel: str, provider_id: str) -> Message | None:
    """Return the message that the provider (or ``say_once``) calls ``provider_id``, or None."""
    return repository.by_provider_id(session, channel, provider_id)


def messages(session: Session, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 500) -> Sequence[Message]:
    """Return the newest ``limit`` messages with ids above ``after`` and below ``before``, oldest first."""
    return repository.messages(session, conversation_id, after=after, before=before, limit=limit)


def last_message_on(session: Session, channel: str) -> datetime | None:
    """Return when something was last said in a conversation on ``channel``."""
    return repository.last_message_on(session, channel)


def unanswered(session: Session) -> list[Received]:
    """Return the inbound messages that have no reply yet, oldest first."""
    return [Received(m.id, m.conversation_id, repeated=False, handled=False) for m in repository.unhandled(session)]


def last_notice(session: Session, conversation_id: str, kind: str) -> Message | None:
    """Return the newest of the gateway's own messages of ``kind``, or None."""
    return repository.last_system_reply(session, conversation_id, kind)


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
    if conversation.holder != "operator":
        enter_queue(conversation)


def enter_queue(conversation: Conversation) -> None:
    """Let a conversation that needs a person stand in the queue, where its reason puts it."""
    conversation.urgency = _URGENCY.get(conversation.attention_reason or "", _ORDINARY)


def leave_queue(conversation: Conversation) -> None:
    """Take a conversation out of the queue, and back whatever offer was made of it."""
    conversation.urgency = conversation.attention_since = None
    conversation.offered_to = conversation.offered_at = None
    conversation.passed_by = []


def back_to_bot(conversation: Conversation) -> None:
    """Let the bot go on; the conversation leaves the queue, and nothing that an operator was needed for is left."""
    leave_queue(conversation)
    conversation.holder, conversation.operator = "bot", None
    conversation.attention_reason = conversation.attention_note = conversation.group_code = None
    conversation.held_since = conversation.unanswered_since = None


def as_json(message: Message) -> dict[str, Any]:
    """Return a message as pages show it (masked)."""
    return {
        "id": message.id,
        "author": message.author,
        "text": message.text,
        "buttons": message.buttons or [],
        "custom": message.custom,
        "content": message.content,
        "delivery": message.delivery,
        "at": message.created_at.isoformat(),
    }
