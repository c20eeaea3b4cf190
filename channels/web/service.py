"""The web channel's own decisions: whose browser this is, and what it has not been shown yet."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from channels.conversations import service as conversations
from channels.message import InboundMessage
from channels.web.schemas import WebMessageIn
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


def inbound(token: str, message: WebMessageIn) -> InboundMessage:
    """Return ``message`` in the form of every channel."""
    browser = hashlib.sha256(token.encode()).hexdigest()[:24]
    return InboundMessage(CHANNEL, token, f"{browser}:{message.client_id}", message.text)


def news(platform: Platform, conversation_id: str, after: int) -> News:
    """Return the messages with ids above ``after``; residents see their own words unmasked."""
    with platform.database.read() as session:
        conversation = conversations.find(session, conversation_id)
        shown = [
            {**conversations.as_json(message), "text": conversations.full_text(message, platform.cipher)}
            for message in conversations.messages(session, conversation_id, after=after)
        ]
        return News(shown, conversation.holder if conversation else "bot")
