"""Reading updates of the Bot API: what a resident said, as one of our messages."""

from __future__ import annotations

from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatType

from channels import wording
from channels.message import Attachment, InboundMessage, Location
from dispatch.core.crypto import FieldCipher

NAME = "telegram"


def read(update: Update, cipher: FieldCipher) -> InboundMessage | None:
    """Return what ``update`` says, or None for what isn't a resident's own message in a chat with the bot alone."""
    message = update.message or update.edited_message
    if message is None or message.chat.type != ChatType.PRIVATE or (message.from_user is not None and message.from_user.is_bot):
        return None
    chat = str(message.chat.id)
    own_id = message_id(cipher, chat, message.message_id)
    group = cipher.lookup(f"telegram-album:{chat}:{message.media_group_id}")[:40] if message.media_group_id else None
    edited = update.edited_message is not None
    point = _location(message)
    if edited and point is not None:
        return None  # a live location moves all the time; where the matter is was said when it was first sent
    return InboundMessage(
        NAME,
        chat,
        f"{own_id}:{int(message.edit_date.timestamp())}" if edited and message.edit_date else group or own_id,
        _text(message, point),
        attachments=_attachments(message),
        location=point,
        reply_to=message_id(cipher, chat, message.reply_to_message.message_id) if message.reply_to_message else None,
        edits=(group or own_id) if edited else None,
        group=None if edited else group,
    )


def pressed(query: CallbackQuery, payload: str) -> InboundMessage | None:
    """Return the press of a button as the words it stands for."""
    if query.message is None or query.message.chat.type != ChatType.PRIVATE:
        return None
    return InboundMessage(NAME, str(query.message.chat.id), f"cb:{query.id}", payload)


def message_id(cipher: FieldCipher, chat: str, number: int) -> str:
    """Return the id under which we keep a message: Telegram counts in each chat, and who the chat is with stays secret."""
    return cipher.lookup(f"telegram:{chat}:{number}")[:40]


def _text(message: Message, point: Location | None) -> str:
    text = message.text or message.caption or ""
    if text.strip() == "/start":
        return wording.HELLO
    if text:
        return text
    if message.contact is not None:
        return wording.contact_words(message.contact.phone_number, _name(message))
    if point is not None:
        return wording.location_words(point.latitude, point.longitude, point.name)
    return ""


def _name(message: Message) -> str | None:
    contact = message.contact
    return f"{contact.last_name or ''}{contact.first_name}".strip() or None if contact else None


def _location(message: Message) -> Location | None:
    if message.venue is not None:
        place = message.venue.location
        return Location(place.latitude, place.longitude, message.venue.title)
    if message.location is not None:
        return Location(message.location.latitude, message.location.longitude)
    return None


def _attachments(message: Message) -> tuple[Attachment, ...]:
    if message.photo:
        largest = message.photo[-1]
        return (Attachment("photo", largest.file_id, "image/jpeg", largest.file_size),)
    if message.video:
        return (Attachment("video", message.video.file_id, message.video.mime_type, message.video.file_size, message.video.file_name),)
    if message.video_note:
        return (Attachment("video", message.video_note.file_id, "video/mp4", message.video_note.file_size),)
    if message.voice:
        return (Attachment("voice", message.voice.file_id, message.voice.mime_type, message.voice.file_size),)
    if message.audio:
        return (Attachment("voice", message.audio.file_id, message.audio.mime_type, message.audio.file_size, message.audio.file_name),)
    if message.document:
        file = message.document
        return (Attachment("document", file.file_id, file.mime_type, file.file_size, file.file_name),)
    return ()
