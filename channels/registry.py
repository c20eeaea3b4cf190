"""The channels there are, in one list. Adding one is a folder and a line here."""

from __future__ import annotations

from channels.channel import Channel
from channels.telegram import channel as telegram
from channels.twilio import messaging, voice

CHANNELS: list[Channel] = [telegram.CHANNEL, messaging.SMS, messaging.WHATSAPP, voice.CHANNEL]


def find(name: str) -> Channel | None:
    """Return the channel called ``name``, or None for those that need no delivery (a page fetches its messages)."""
    return next((channel for channel in CHANNELS if channel.name == name), None)
