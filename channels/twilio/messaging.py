"""SMS, MMS and WhatsApp: the two channels, and the webhooks of both."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response

from channels import wording
from channels.channel import Channel, Limits, Outgoing
from channels.conversations import service as conversations
from channels.delivery import optouts, reports
from channels.inbox.service import Inbox
from channels.message import Attachment, AttachmentKind, InboundMessage, Location
from channels.twilio.client import OPTED_OUT, NotConfiguredError, RefusedByTwilio, call, client
from channels.twilio.signature import SignedFields
from dispatch.core.problems import Problem
from dispatch.media import service as media
from dispatch.outbox.delivering import Refused, RetryLater
from dispatch.platform import Platform, PlatformDep

router = APIRouter(tags=["twilio"])

MESSAGES_PATH = "/channels/twilio/messages"
STATUS_PATH = "/channels/twilio/status"

STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "td", "退订", "tuiding"})
START_WORDS = frozenset({"start", "unstop", "恢复", "开通"})

_WHATSAPP = "whatsapp:"
_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "undelivered": "failed"}
_MOST_MEDIA = 10
_LOOK_BACK = timedelta(minutes=1)


class TwilioMessages(Channel):
    """Residents' phones, by SMS or WhatsApp."""

    def __init__(self, name: str, prefix: str, limits: Limits, webhooks: APIRouter | None) -> None:
        """Make the channel ``name``, whose numbers are written with ``prefix``."""
        self.name, self._prefix, self.limits, self.router = name, prefix, limits, webhooks

    def send(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Send one message; what becomes of it is reported to an address with its id in it."""
        settings = platform.settings
        sender = settings.twilio_whatsapp_from if self._prefix else settings.twilio_from
        service = None if self._prefix else settings.twilio_messaging_service_sid
        if not (sender or service):
            raise RetryLater(None, f"没有配置 {self.name} 的发送号码")
        try:
            twilio = client(settings)
            sent = call(
                lambda: twilio.messages.create(
                    to=f"{self._prefix}{outgoing.address}",
                    body=outgoing.text,
                    status_callback=f"{settings.resolved_public_url()}{STATUS_PATH}/{outgoing.id}",
                    **({"messaging_service_sid": service} if service else {"from_": f"{self._prefix}{sender}"}),
                )
            )
        except NotConfiguredError:
            raise RetryLater(None, "没有配置 Twilio 账号") from None
        except RefusedByTwilio as refusal:
            if refusal.code == OPTED_OUT:
                _remember_opt_out(platform, self.name, outgoing.address)
            raise
        return str(sent.sid)

    def fetch(self, platform: Platform, ref: str) -> bytes:
        """Return the bytes behind a MediaUrl. Our credentials go to Twilio alone, not to where it redirects."""
        settings = platform.settings
        if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
            raise RetryLater(None, "没有配置 Twilio 账号")
        api = urlsplit(settings.twilio_api_url)
        named = urlsplit(ref)
        if named.netloc != api.netloc and not f".{named.hostname}".endswith(".twilio.com"):
            raise Refused("附件的地址不是 Twilio 的")
        secret = f"{settings.twilio_account_sid}:{settings.twilio_auth_token.get_secret_value()}"
        headers = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
        # Twilio's own address is where we were configured to speak; a double of it may lie on this machine.
        return media.fetch(platform, ref, headers=headers, private=[api.netloc])

    def already_sent(self, platform: Platform, outgoing: Outgoing) -> str | None:
        """Look whether Twilio has this very text to this number since it was put in."""
        twilio = client(platform.settings)
        found = call(
            lambda: twilio.messages.list(to=f"{self._prefix}{outgoing.address}", date_sent_after=outgoing.created_at - _LOOK_BACK, limit=20)
        )
        return next((str(each.sid) for each in found if each.body == outgoing.text and str(each.direction) != "inbound"), None)


SMS = TwilioMessages("sms", "", Limits(characters=320), router)
WHATSAPP = TwilioMessages("whatsapp", _WHATSAPP, Limits(characters=1600), None)


@router.post(MESSAGES_PATH)
async def take_message(request: Request, platform: PlatformDep, fields: SignedFields) -> Response:
    """Take one message: stored before it is acknowledged, thought about afterwards."""
    inbound = read(fields)
    if not inbound.address or not inbound.provider_id:
        raise Problem(400, "内容有误", "MessageSid、From: 缺少", kind="invalid-input")
    word = inbound.text.strip().lower()
    wish = fields.get("OptOutType", "").upper()
    if wish == "STOP" or word in STOP_WORDS:
        await to_thread.run_sync(_heed, platform, inbound, True, not wish)
    elif wish == "START" or word in START_WORDS:
        await to_thread.run_sync(_heed, platform, inbound, False, not wish)
    else:
        inbox: Inbox = request.app.state.inbox
        await inbox.accept(inbound)
    return Response("<Response/>", media_type="text/xml")


@router.post(STATUS_PATH + "/{part_id}")
def take_status(platform: PlatformDep, fields: SignedFields, part_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> Response:
    """Take in what became of a message; reports in any order never move it backwards."""
    state = _STATES.get(fields.get("MessageStatus", ""))
    if state is not None:
        code = fields.get("ErrorCode", "")
        error = f"Twilio 错误 {code}" if state == "failed" and code.isdecimal() else None
        reports.take(platform, part_id, state, provider_id=fields.get("MessageSid", "")[:64] or None, error=error)
    return Response(status_code=204)


def read(fields: dict[str, str]) -> InboundMessage:
    """Return the message that Twilio's fields describe."""
    sender = fields.get("From", "")
    count = fields.get("NumMedia", "0")
    files = [
        Attachment(_kind(content_type), url, content_type)
        for number in range(min(int(count), _MOST_MEDIA) if count.isdecimal() else 0)
        if (url := fields.get(f"MediaUrl{number}")) and (content_type := fields.get(f"MediaContentType{number}", "")) is not None
    ]
    point = _location(fields)
    text = fields.get("ButtonPayload") or fields.get("Body", "")
    if not text and point is not None:
        text = wording.location_words(point.latitude, point.longitude, point.name)
    return InboundMessage(
        "whatsapp" if sender.startswith(_WHATSAPP) else "sms",
        sender.removeprefix(_WHATSAPP),
        fields.get("MessageSid", "")[:64],
        text,
        attachments=tuple(files),
        location=point,
        reply_to=fields.get("OriginalRepliedMessageSid"),
        choosing=True,
    )


def _kind(content_type: str) -> AttachmentKind:
    kinds: dict[str, AttachmentKind] = {"image": "photo", "video": "video", "audio": "voice"}
    return kinds.get(content_type.partition("/")[0], "document")


def _location(fields: dict[str, str]) -> Location | None:
    try:
        return Location(float(fields["Latitude"]), float(fields["Longitude"]), fields.get("Label") or fields.get("Address"))
    except (KeyError, ValueError):
        return None


def _heed(platform: Platform, inbound: InboundMessage, stop: bool, answer: bool) -> None:
    """Keep the wish to be left alone, or to be written to again, and confirm it once where Twilio hasn't."""
    now = platform.clock.now()
    with platform.database.write() as session:
        received = conversations.store(session, inbound, now=now, cipher=platform.cipher)
        message = conversations.message(session, received.message_id)
        conversation = conversations.find(session, received.conversation_id)
        if received.repeated or message is None or conversation is None:
            return
        message.handled = True
        if stop:
            optouts.opt_out(session, inbound.channel, conversation.address_lookup, now)
        else:
            optouts.opt_in(session, inbound.channel, conversation.address_lookup)
        if answer:
            reply = wording.OPTED_OUT if stop else wording.OPTED_IN
            conversations.say(session, conversation, [reply], now=now, author="system", reply_to=message.id)


def _remember_opt_out(platform: Platform, channel: str, address: str) -> None:
    with platform.database.write() as session:
        optouts.opt_out(session, channel, platform.cipher.lookup(f"{channel}:{address}"), platform.clock.now())
