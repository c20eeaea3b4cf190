"""Who holds a conversation: operators take it over, pass it on and give it back; the database decides, so that there is one at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from channels import wording
from channels.conversations import repository
from channels.conversations.models import Conversation, Message, Note
from channels.conversations.service import back_to_bot, enter_queue, leave_queue, say
from channels.message import OutboundMessage
from dispatch.core.crypto import FieldCipher
from nlu import contact as contact_reader

QUEUE_SHOWN = 100
QUEUE_COUNTED = 1000


class HeldByAnotherError(Exception):
    """Another operator holds the conversation; ``holder`` is that operator's account name."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class NotHeldError(Exception):
    """The operator doesn't hold the conversation."""


def queue(session: Session, *, limit: int = QUEUE_SHOWN) -> Sequence[Conversation]:
    """Return the conversations that wait for an operator: emergencies first, then the longest waiting."""
    return repository.queue(session, limit)


def queue_to_assign(session: Session) -> Sequence[Conversation]:
    """Return the first of the queue that nobody was assigned yet, locked for change."""
    return repository.queue_to_assign(session, QUEUE_SHOWN)


def queue_length(session: Session) -> int:
    """Return how many conversations wait, counting no further than ``QUEUE_COUNTED``."""
    return repository.queue_length(session, QUEUE_COUNTED)


def held_by(session: Session, operator: str, *, lock: bool = False) -> Sequence[Conversation]:
    """Return the conversations that ``operator`` holds, the latest first; locked for change where the database can."""
    return repository.held_by(session, operator, lock=lock)


def held(session: Session) -> Sequence[Conversation]:
    """Return every conversation that some operator holds."""
    return repository.held(session)


def offered_to(session: Session, operator: str) -> Sequence[Conversation]:
    """Return the conversations that were assigned to ``operator`` and not taken over yet, the earliest first."""
    return repository.offered_to(session, operator)


def offered_before(session: Session, moment: datetime) -> Sequence[Conversation]:
    """Return the conversations that somebody was assigned before ``moment`` and hasn't taken over yet."""
    return repository.offered_before(session, moment)


def loads(session: Session) -> dict[str, int]:
    """Return by operator how many conversations they hold or were assigned."""
    return repository.loads(session)


def latest(session: Session, *, holder: str | None, before: tuple[datetime, str] | None, limit: int) -> Sequence[Conversation]:
    """Return conversations, the latest message first; ``before`` is the time and id of the last one of the page before."""
    return repository.latest(session, holder=holder, before=before, limit=limit)


def starting_with(session: Session, prefix: str, limit: int) -> Sequence[Conversation]:
    """Return the conversations whose id starts with ``prefix``."""
    return repository.starting_with(session, prefix, limit)


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
    leave_queue(conversation)
    conversation.holder, conversation.operator = "operator", operator
    conversation.held_since = conversation.unanswered_since = now
    _tell(session, conversation, wording.TAKEN_OVER, "taken_over", now, operator=operator)
    return conversation


def operator_says(
    session: Session, conversation_id: str, operator: str, text: str, now: datetime, *, custom: dict[str, Any] | None = None
) -> Message:
    """Send an operator's words. Raises NotHeldError unless the operator holds the conversation."""
    conversation = _mine(session, conversation_id, operator)
    conversation.unanswered_since = None
    return say(session, conversation, [OutboundMessage(text, custom=custom)], now=now, author="operator", operator=operator)[0]


def hand_back(session: Session, conversation_id: str, operator: str, now: datetime) -> Conversation:
    """Give a conversation back to the bot. Raises NotHeldError unless the operator holds it."""
    conversation = _mine(session, conversation_id, operator)
    back_to_bot(conversation)
    _tell(session, conversation, wording.HANDED_BACK, "handed_back", now)
    return conversation


def close(session: Session, conversation_id: str, operator: str, now: datetime) -> Conversation:
    """End the talk with an operator; the bot answers whatever comes next. Raises NotHeldError unless the operator holds it."""
    conversation = _mine(session, conversation_id, operator)
    end(session, conversation, now)
    return conversation


def end(session: Session, conversation: Conversation, now: datetime) -> None:
    """End the talk in a conversation that some operator holds."""
    back_to_bot(conversation)
    _tell(session, conversation, wording.CLOSED, "closed", now)


def transfer(
    session: Session, conversation_id: str, operator: str, now: datetime, *, to_operator: str | None = None, to_group: str | None = None
) -> Conversation:
    """Pass a conversation on to another operator or a group; until one of them takes it over it waits, and the bot stays silent.

    Raises NotHeldError unless ``operator`` holds it.
    """
    conversation = _mine(session, conversation_id, operator)
    _back_to_queue(conversation, "transferred", now)
    conversation.passed_by = [operator]
    conversation.group_code = to_group
    if to_operator:
        offer(conversation, to_operator, now)
    _tell(session, conversation, wording.TRANSFERRED, "transferred", now)
    return conversation


def give_up(session: Session, conversation: Conversation, now: datetime) -> None:
    """Let a conversation wait again because the operator who holds it has gone or doesn't answer."""
    gone = conversation.operator
    _back_to_queue(conversation, "returned", now)
    conversation.passed_by = [gone] if gone else []
    _tell(session, conversation, wording.TRANSFERRED, "returned", now)


def offer(conversation: Conversation, operator: str, now: datetime) -> None:
    """Assign a waiting conversation to ``operator``, who is expected to take it over soon."""
    conversation.offered_to, conversation.offered_at = operator, now


def withdraw_offer(conversation: Conversation) -> None:
    """Take the assignment back from an operator who didn't react; somebody else is next."""
    if conversation.offered_to:
        conversation.passed_by = [*conversation.passed_by, conversation.offered_to]
    conversation.offered_to = conversation.offered_at = None


def dismiss(conversation: Conversation) -> None:
    """Take a conversation out of the queue without taking it over: an operator has looked and nothing is needed."""
    if conversation.holder != "operator":
        back_to_bot(conversation)


def add_note(session: Session, conversation_id: str, author: str, text: str, *, now: datetime, cipher: FieldCipher) -> Note:
    """Keep what operators should know of a conversation among themselves."""
    masked = contact_reader.mask(text)
    note = Note(
        conversation_id=conversation_id,
        author=author,
        text=masked,
        original=cipher.encrypt(text) if masked != text else None,
        created_at=now,
    )
    session.add(note)
    session.flush()
    return note


def notes(session: Session, conversation_id: str, cipher: FieldCipher) -> list[tuple[Note, str]]:
    """Return the notes on a conversation with what was really written, oldest first."""
    return [(note, cipher.decrypt(note.original) or note.text) for note in repository.notes(session, conversation_id)]


def _mine(session: Session, conversation_id: str, operator: str) -> Conversation:
    conversation = repository.by_id(session, conversation_id, lock=True)
    if conversation is None or conversation.holder != "operator" or conversation.operator != operator:
        raise NotHeldError(conversation_id)
    return conversation


def _back_to_queue(conversation: Conversation, why: str, now: datetime) -> None:
    conversation.attention_reason = conversation.attention_reason or why
    conversation.attention_since = conversation.unanswered_since or now
    conversation.holder, conversation.operator = "waiting", None
    conversation.held_since = conversation.unanswered_since = None
    enter_queue(conversation)


def _tell(session: Session, conversation: Conversation, text: str, kind: str, now: datetime, *, operator: str | None = None) -> None:
    say(session, conversation, [OutboundMessage(text, custom={"kind": kind})], now=now, author="system", operator=operator)
