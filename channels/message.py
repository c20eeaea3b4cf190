"""One message in, one message out, whatever the channel (Art. 9(2): 语音、文字、图片、视频)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

AttachmentKind = Literal["photo", "video", "voice", "document"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along, still with the provider: ``ref`` is how the channel fetches it (a file id, a link without secrets)."""

    kind: AttachmentKind
    ref: str
    content_type: str | None = None
    size: int | None = None
    """In bytes, as the provider says."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A point that a resident sent, in degrees (WGS 84)."""

    latitude: float
    longitude: float
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a channel hands to the inbox once it has verified where it came from.

    ``channel`` is the channel's name, ``address`` who wrote there (chat id, phone, browser token), ``provider_id`` the provider's
    id of this message, by which a repeated delivery is recognised; it must not tell the address.
    """

    channel: str
    address: str
    provider_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    reply_to: str | None = None
    """The provider's id of the message that this one answers."""
    edits: str | None = None
    """The provider's id of an earlier message that this one corrects."""
    group: str | None = None
    """An album's id: messages of the same group are pieces of one message."""
    choosing: bool = False
    """A bare number means that choice of those last offered (channels without buttons)."""

    def content(self) -> dict[str, Any] | None:
        """Return what the message has beyond its words, as it is stored; None where there is nothing."""
        content: dict[str, Any] = {}
        if self.attachments:
            content["attachments"] = [asdict(attachment) for attachment in self.attachments]
        if self.location:
            content["location"] = asdict(self.location)
        if self.reply_to:
            content["reply_to"] = self.reply_to
        return content or None


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
