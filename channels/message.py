"""One message in, one message out, whatever the channel (Art. 9(2): 语音、文字、图片、视频)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a channel hands to the inbox once it has verified where it came from.

    ``channel`` is the channel's name, ``address`` who wrote there (chat id, phone, browser token), ``provider_id`` the provider's
    id of this message, by which a repeated delivery is recognised.
    """

    channel: str
    address: str
    provider_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Button:
    """A suggested reply; pressing it sends ``payload`` as the resident's own words."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What a resident is told; ``custom`` is structured content (``kind`` says which) for channels that can show it."""

    text: str
    buttons: tuple[Button, ...] = ()
    custom: dict[str, Any] | None = field(default=None)
    author: str = "bot"
