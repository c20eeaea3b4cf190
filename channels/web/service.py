"""The web channel's own decisions: whose browser this is, and what it has not been shown yet."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, cast

from channels import wording
from channels.attachments import service as attachments
from channels.conversations import service as conversations
from channels.message import Attachment, AttachmentKind, InboundMessage, Location
from channels.web.schemas import WebMessageIn
from dispatch.media import service as media
from dispatch.platform import Platform

CHANNEL = "web"
COOKIE = "jsjb_chat"
COOKIE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class News:
    """What a page hasn't shown yet, and who holds the conversation."""

    messages: list[dict[str, Any]]
    holder: str

    @property
    def last_id(self) -> int:
        """The newest message's id, 0 if there is none."""
        return int(self.messages[-1]["id"]) if self.messages else 0


def new_token() -> str:
    """Return a token for a browser seen for the first time."""
    return secrets.token_urlsafe(24)


def open_chat(platform: Platform, token: str) -> str:
    """Return the id of the conversation of a browser; a new one is greeted."""
    now = platform.clock.now()
    with platform.database.write() as session:
        conversation = conversations.open_conversation(session, CHANNEL, token, now=now, cipher=platform.cipher)
        conversations.greet(session, conversation, now)
        return conversation.id


def inbound(platform: Platform, token: str, message: WebMessageIn) -> InboundMessage:
    """Return ``message`` in the form of every channel; links in it are kept as evidence, files that aren't this browser's left out."""
    browser = hashlib.sha256(token.encode()).hexdigest()[:24]
    sent: tuple[Attachment, ...] = ()
    if message.files or media.find_links(message.text):
        owner = f"conversation:{open_chat(platform, token)}"
        with platform.database.write() as session:
            media.keep_links(session, owner, message.text, now=platform.clock.now(), cipher=platform.cipher)
            files = [file for file in media.get_all(session, message.files) if file.owner == owner]
        sent = tuple(
            Attachment(cast(AttachmentKind, file.kind), f"{attachments.OURS}{file.id}", file.content_type, file.size, file.filename)
            for file in files
        )
    location = Location(message.location.latitude, message.location.longitude) if message.location else None
    text = message.text
    if location and not text.strip():
        text = wording.location_words(location.latitude, location.longitude, None)
    return InboundMessage(CHANNEL, token, f"{browser}:{message.client_id}", text, sent, location)


def take_file(platform: Platform, token: str, data: bytes, filename: str | None, claimed_type: str | None) -> dict[str, object]:
    """Store a file of a browser's conversation and return it as pages show it. Raises MediaError."""
    owner = f"conversation:{open_chat(platform, token)}"
    now = platform.clock.now()
    file = media.store(platform, data, owner=owner, now=now, claimed_type=claimed_type, filename=filename)
    return media.as_json(platform, file, now=now)


def news(platform: Platform, conversation_id: str, after: int) -> News:
    """Return the messages with ids above ``after``; residents see their own words unmasked."""
    with platform.database.read() as session:
        conversation = conversations.find(session, conversation_id)
        shown = [
            {
                **conversations.as_json(message),
                "text": conversations.full_text(message, platform.cipher),
                "files": attachments.shown(platform, session, message.content),
            }
            for message in conversations.messages(session, conversation_id, after=after)
        ]
        return News(shown, conversation.holder if conversation else "bot")
