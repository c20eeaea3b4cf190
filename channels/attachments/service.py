"""From a reference that a provider gave to a file of our own: a job in the outbox fetches it, ``dispatch.media`` checks and keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from channels import registry
from channels.conversations import service as conversations
from channels.conversations.service import Message
from dispatch.core.live import LiveEvent
from dispatch.media import service as media
from dispatch.media.errors import FetchError, MediaError
from dispatch.outbox import service as outbox
from dispatch.outbox.delivering import Parcel, Refused, RetryLater
from dispatch.platform import Platform

KIND = "attachment"
OURS = "media:"
"""Begins the reference of an attachment that lies in our own storage."""


def queue(session: Session, message: Message, now: datetime) -> None:
    """Have what came with ``message`` fetched, each file once; an album's further pieces are queued as they come."""
    for place, attachment in enumerate(_attachments(message)):
        if str(attachment["ref"]).startswith(OURS):
            continue
        outbox.put(
            session,
            kind=KIND,
            target=message.channel,
            subject=message.conversation_id,
            payload={"message": message.id, "place": place},
            now=now,
            key=f"attachment:{message.id}:{place}",
        )


def fetch(platform: Platform, parcel: Parcel) -> str | None:
    """Fetch one attachment and keep it with the conversation; return our id of it.

    Raises:
        RetryLater: the provider doesn't give it now.
        Refused: it never will, or it isn't a file that we keep; the message then says why.
    """
    message_id, place = int(parcel.payload["message"]), int(parcel.payload["place"])
    with platform.database.read() as session:
        message = conversations.message(session, message_id)
        attachment = _attachments(message)[place] if message and place < len(_attachments(message)) else None
    if attachment is None:
        raise Refused("消息不在了")
    channel, ref = registry.find(parcel.target), str(attachment["ref"])
    if ref.startswith(OURS):
        return ref.removeprefix(OURS)
    if channel is None:
        raise Refused("没有这个渠道")
    now = platform.clock.now()
    try:
        data = channel.fetch(platform, ref)
        owner = f"conversation:{parcel.subject}"
        kept = media.store(
            platform, data, owner=owner, now=now, claimed_type=attachment.get("content_type"), filename=attachment.get("name")
        )
    except FetchError as error:
        raise RetryLater(None, str(error)) from error
    except MediaError as error:
        _note(platform, message_id, place, {"refused": str(error)})
        raise Refused(str(error)) from error
    except Refused as error:
        _note(platform, message_id, place, {"refused": error.reason})
        raise
    _note(platform, message_id, place, {"ref": f"{OURS}{kept.id}", "size": kept.size, "content_type": kept.content_type})
    platform.live.publish(LiveEvent(f"conversation:{parcel.subject}", "media", {"id": kept.id}))
    return kept.id


def shown(platform: Platform, session: Session, content: dict[str, Any] | None) -> list[dict[str, object]]:
    """Return the stored files of a message with links that work for a while."""
    refs = [str(each["ref"]) for each in (content or {}).get("attachments", [])]
    ids = [ref.removeprefix(OURS) for ref in refs if ref.startswith(OURS)]
    now = platform.clock.now()
    return [media.as_json(platform, file, now=now) for file in media.get_all(session, ids)]


def missing(content: dict[str, Any] | None) -> list[str]:
    """Return, in words, what of a message's attachments isn't there: not fetched yet, or refused and why."""
    rest = [each for each in (content or {}).get("attachments", []) if not str(each["ref"]).startswith(OURS)]
    return [str(each.get("refused") or "正在取回") for each in rest]


def _attachments(message: Message) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = (message.content or {}).get("attachments", [])
    return found


def _note(platform: Platform, message_id: int, place: int, news: dict[str, Any]) -> None:
    with platform.database.write() as session:
        message = conversations.message(session, message_id, lock=True)
        if message is None or place >= len(_attachments(message)):
            return
        changed = [{**each, **news} if number == place else each for number, each in enumerate(_attachments(message))]
        message.content = {**(message.content or {}), "attachments": changed}
