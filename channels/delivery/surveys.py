"""Asking a resident how it went (Art. 24): on their own channel, else by SMS, and with the link where it can be followed."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from sqlalchemy.orm import Session

from channels import registry, wording
from channels.conversations import service as conversations
from channels.conversations.service import Conversation
from channels.delivery import optouts
from channels.delivery.quiet import waking_time
from channels.message import Button, OutboundMessage
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.service import Callback
from dispatch.citizens import service as citizens
from dispatch.core.live import LiveEvent
from dispatch.orders import service as orders
from dispatch.orders.service import Order
from dispatch.outbox.delivering import Parcel
from dispatch.platform import Platform

_SMS, _WEB = "sms", "web"
_MOBILES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def ask(platform: Platform, parcel: Parcel) -> None:
    """Handler of the outbox: ask once. Who has answered, refused or been overtaken meanwhile isn't asked; whom nothing reaches is rung."""
    now, given = platform.clock.now(), parcel.payload
    with platform.database.write() as session:
        callback = callbacks.find(session, int(given["callback"]))
        order = orders.find(session, parcel.subject)
        if callback is None or callback.state != "asked" or order is None:
            return
        conversation = _way(session, platform, callback, order, reminding=given["step"] == "remind")
        if conversation is None:
            callbacks.nowhere_to_ask(session, callback.id)
            return
        if conversation.id != callback.conversation_id:
            callbacks.asked_by_sms(session, callback.id, conversation.id)
        page = citizens.survey_address(platform, callback.id, conversation.channel)
        message = OutboundMessage(
            wording.with_survey_page(given["text"], page),
            tuple(Button(title, title) for title in given["buttons"]),
            {"kind": "order", "order": order.number},
        )
        conversations.say_once(session, conversation, message, key=f"out:{parcel.id}", now=now, not_before=waking_time(now))
        conversation_id = conversation.id
    platform.live.publish(LiveEvent(f"conversation:{conversation_id}", "message", {"id": conversation_id}))


def _way(session: Session, platform: Platform, callback: Callback, order: Order, *, reminding: bool) -> Conversation | None:
    """Return the conversation to ask in; a page that hasn't been looked at since the first time is left for SMS."""
    own = conversations.find(session, callback.conversation_id) if callback.conversation_id else None
    if own is not None and not _reaches(session, own):
        own = None
    if own is not None and not (reminding and own.channel == _WEB):
        return own
    return _by_sms(session, platform, order) or own


def _reaches(session: Session, conversation: Conversation) -> bool:
    channel = registry.find(conversation.channel)
    if channel is None or not channel.pushes:
        return conversation.channel == _WEB
    return not optouts.is_out(session, conversation.channel, conversation.address_lookup)


def _by_sms(session: Session, platform: Platform, order: Order) -> Conversation | None:
    """Return the conversation of short messages with the phone that the resident left; None for a landline, or without an SMS service."""
    settings = platform.settings
    number = platform.cipher.decrypt(order.contact_phone)
    if number is None or not settings.twilio_account_sid or not (settings.twilio_from or settings.twilio_messaging_service_sid):
        return None
    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(parsed) not in _MOBILES:
        return None
    address = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    conversation = conversations.open_conversation(session, _SMS, address, now=platform.clock.now(), cipher=platform.cipher)
    return conversation if _reaches(session, conversation) else None
