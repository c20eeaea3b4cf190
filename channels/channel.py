"""What a channel is. A new one is a folder with a subclass of ``Channel``, listed in ``channels/registry.py``; nothing else changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter

from channels.message import Button
from dispatch.outbox.delivering import Refused
from dispatch.platform import Platform

if TYPE_CHECKING:
    from channels.inbox.service import Inbox


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message on a channel can hold."""

    characters: int
    """The longest text, in UTF-16 units, which is how providers count."""
    buttons: int = 0
    """The most buttons; where there are more, or none can be shown, choices are numbered in the text."""
    button_characters: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One piece of a message, ready to send. ``id`` stays the same however often it is tried."""

    id: str
    message_id: int
    address: str
    text: str
    buttons: tuple[Button, ...]
    created_at: datetime


class Channel(ABC):
    """A way to residents. ``name`` has at most 16 characters; ``pushes`` says that replies must be sent, not fetched by a page."""

    name: str
    limits: Limits
    pushes: bool = True
    router: APIRouter | None = None
    """Its webhooks, under ``/channels/...``."""

    @abstractmethod
    def send(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Hand one piece to the provider and return the provider's id of it.

        Raises:
            dispatch.outbox.delivering.RetryLater: the provider can't take it now.
            dispatch.outbox.delivering.Refused: it never will.
        """

    def fetch(self, platform: Platform, ref: str) -> bytes:
        """Return the bytes of an attachment by the reference that its ``channels.message.Attachment`` has.

        Raises:
            dispatch.outbox.delivering.RetryLater: the provider can't give it now.
            dispatch.outbox.delivering.Refused: it never will.
            dispatch.media.errors.MediaError: it isn't fetched, because of its size or where it lies.
        """
        raise Refused("这个渠道的文件取不回来")

    def already_sent(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Return the provider's id of ``outgoing`` if an attempt that was cut off did reach it, as far as the provider tells."""
        return None

    async def run(self, platform: Platform, inbox: Inbox) -> None:
        """Do what the channel needs done while the system runs (register a webhook, poll); return when there is nothing."""
        return


def numbered(limits: Limits, buttons: tuple[Button, ...]) -> bool:
    """Say whether ``buttons`` have to be written as numbered choices."""
    return len(buttons) > limits.buttons or any(len(button.title) > limits.button_characters for button in buttons)
