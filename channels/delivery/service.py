"""Sending what was said in a conversation: put into the outbox when it is said, sent by the outbox's jobs, followed until it arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from channels import registry, wording
from channels.channel import Outgoing
from channels.conversations import service as conversations
from channels.conversations.service import Conversation, Message
from channels.delivery import optouts, reports, repository, states
from channels.delivery.models import MessagePart
from channels.delivery.quiet import waking_time
from channels.delivery.renderer import render
from channels.message import Button, OutboundMessage
from dispatch.citizens import service as citizens
from dispatch.core.live import LiveEvent
from dispatch.outbox import service as outbox
from dispatch.outbox.delivering import BACK_OFF, Parcel, Refused, RetryLater
from dispatch.platform import Platform

KIND = "message"
_MOST_COUNTED = 500
_NEEDED = ("emergency", "opted_out", "opted_in")
"""What somebody who has opted out is told all the same: danger (Art. 12(1)), and that the wish was heard."""


def queue(session: Session, conversation: Conversation, messages: Sequence[Message], now: datetime, not_before: datetime | None) -> None:
    """Put what was just said into the outbox, where the channel is one that pushes; in the transaction that stores it.

    What waits (``not_before``) has a lane of its own, so that an answer meanwhile isn't held up by it.
    """
    channel = registry.find(conversation.channel)
    if channel is None or not channel.pushes:
        return
    silent = optouts.is_out(session, conversation.channel, conversation.address_lookup)
    lane = f"{conversation.id}:later" if not_before else conversation.id
    for message in messages:
        if silent and not _needed(message):
            message.delivery = "withheld"
            continue
        buttons = [Button(button["title"], button["payload"]) for button in message.buttons]
        for number, piece in enumerate(render(message.text, buttons, channel.limits), 1):
            payload = {"message": message.id, "part": number}
            row = outbox.put(
                session, kind=KIND, target=channel.name, subject=conversation.id, payload=payload, now=now, not_before=not_before, lane=lane
            )
            shown = [{"title": button.title, "payload": button.payload} for button in piece.buttons]
            session.add(
                MessagePart(id=row.id, message_id=message.id, number=number, text=piece.text, buttons=shown, state="queued", updated_at=now)
            )
            message.delivery = "queued"
    session.flush()


def deliver(platform: Platform, parcel: Parcel) -> str | None:
    """Handler of the outbox: send one piece. What went out already, as far as the provider tells, isn't sent again."""
    channel = registry.find(parcel.target)
    if channel is None:
        raise Refused(f"没有“{parcel.target}”这个渠道")
    with platform.database.read() as session:
        part = repository.part(session, parcel.id)
        conversation = conversations.find(session, parcel.subject)
        message = conversations.message(session, part.message_id) if part else None
        if part is None or conversation is None or message is None:
            raise Refused("要发送的消息已不存在")
        withheld = optouts.is_out(session, conversation.channel, conversation.address_lookup) and not _needed(message)
    if states.is_out(part):
        return part.provider_id
    if withheld:
        _put(platform, parcel.id, "withheld")
        return None
    outgoing = Outgoing(
        part.id,
        part.message_id,
        platform.cipher.decrypt(conversation.address) or "",
        part.text,
        tuple(Button(button["title"], button["payload"]) for button in part.buttons),
        parcel.created_at,
    )
    try:
        provider_id = channel.already_sent(platform, outgoing) if parcel.uncertain else None
        provider_id = provider_id or channel.send(platform, outgoing)
    except RetryLater as later:
        if parcel.failures >= len(BACK_OFF):
            _put(platform, parcel.id, "dead", later.reason)
        raise
    except Refused as refusal:
        _put(platform, parcel.id, "dead", refusal.reason)
        raise
    reports.take(platform, parcel.id, "sent", provider_id=provider_id)
    return provider_id


def tell(platform: Platform, parcel: Parcel) -> None:
    """Handler of the outbox: say in a conversation what another part of the system wants its resident told, once.

    A page shows it at once; what is pushed and not urgent waits for the end of the quiet hours.
    """
    now = platform.clock.now()
    given = parcel.payload
    with platform.database.write() as session:
        conversation = conversations.find(session, parcel.subject, lock=True)
        if conversation is None:
            raise Refused("会话已不存在")
        page = citizens.order_address(platform, given["order"], conversation.channel)
        message = OutboundMessage(
            wording.with_order_page(given["text"], page),
            tuple(Button(title, title) for title in given["buttons"]),
            {"kind": "order", "order": given["order"]},
        )
        conversations.say_once(
            session,
            conversation,
            message,
            key=f"out:{parcel.id}",
            now=now,
            not_before=None if given["urgent"] else waking_time(now),
        )
    platform.live.publish(LiveEvent(f"conversation:{parcel.subject}", "message", {"id": parcel.subject}))


def parts_by_message(session: Session, message_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return what became of messages, piece by piece, by the message's id; messages that nobody had to send are left out."""
    found: dict[int, list[dict[str, Any]]] = {}
    for part in repository.parts(session, message_ids):
        found.setdefault(part.message_id, []).append(_part_json(part))
    return found


def dead_letters(session: Session, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the pieces that were given up or couldn't be delivered, the latest first; without what they said."""
    return [{**_part_json(part), "message_id": part.message_id} for part in repository.dead(session, limit=limit)]


def waiting_by_channel(session: Session) -> dict[str, int]:
    """Return how many pieces wait to be sent, by channel."""
    return outbox.waiting_by_target(session, "message")


def failed_since(session: Session, since: datetime) -> dict[str, int]:
    """Return how many pieces were given up or couldn't be delivered since ``since``, by channel."""
    channels: dict[str, int] = {}
    for part in repository.dead(session, limit=_MOST_COUNTED):
        message = conversations.message(session, part.message_id) if part.updated_at >= since else None
        if message is not None:
            channels[message.channel] = channels.get(message.channel, 0) + 1
    return channels


def retry(session: Session, part_id: str, now: datetime) -> None:
    """Send once more what was given up. Raises UnknownDeliveryError or NotDeadError of ``dispatch.outbox.service``."""
    outbox.retry(session, part_id, now=now)
    part = repository.part(session, part_id, lock=True)
    if part is not None:
        states.put(session, part, "queued", now=now)


def _needed(message: Message) -> bool:
    return (message.custom or {}).get("kind") in _NEEDED


def _part_json(part: MessagePart) -> dict[str, Any]:
    return {
        "id": part.id,
        "number": part.number,
        "state": part.state,
        "state_text": states.STATES[part.state],
        "error": part.error,
        "at": part.updated_at.isoformat(),
    }


def _put(platform: Platform, part_id: str, state: str, error: str | None = None) -> None:
    with platform.database.write() as session:
        part = repository.part(session, part_id, lock=True)
        open_still = part is not None and not states.is_out(part)
        conversation_id = states.put(session, part, state, now=platform.clock.now(), error=error) if part and open_still else None
    reports.announce(platform, conversation_id)
