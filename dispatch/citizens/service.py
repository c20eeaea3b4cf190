"""Making and reading links to one order and to one callback, and looking an order up, with guessing stopped early."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from dispatch.accounts import lookups
from dispatch.core.crypto import FieldCipher
from dispatch.core.keys import Keys
from dispatch.orders import service as orders
from dispatch.orders.service import Order
from dispatch.platform import Platform

LINK_LIFETIME = timedelta(days=90)
PER_ORDER, PER_ADDRESS = 5, 30
"""Tries an hour."""

_ORDER, _SURVEY = "order-link", "survey-link"
_WITHOUT_LINKS = frozenset({"voice"})
"""Channels on which an address can't be followed."""
_OWN_PAGE = "web"
"""The channel whose pages lie at this system's own address, whatever it is."""


class TooManyTriesError(Exception):
    """Somebody tried too often; the hour has to pass."""


class BadLinkError(Exception):
    """A link was forged or cut off, or, where ``expired``, has run out."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("expired" if expired else "bad")
        self.expired = expired


def make_link(keys: Keys, order_number: str, now: datetime) -> str:
    """Return a signed token that opens order ``order_number``, and nothing else, for ``LINK_LIFETIME`` from ``now`` on."""
    return _signed(keys, _ORDER, order_number, now)


def read_link(keys: Keys, token: str, now: datetime) -> str:
    """Return the order number that ``token`` opens. Raises BadLinkError."""
    return str(_read(keys, _ORDER, token, now))


def make_survey_link(keys: Keys, callback_id: int, now: datetime) -> str:
    """Return a signed token that opens the questions of one callback; what may still be answered is the callback's own business."""
    return _signed(keys, _SURVEY, callback_id, now)


def read_survey_link(keys: Keys, token: str, now: datetime) -> int:
    """Return the id of the callback that ``token`` opens. Raises BadLinkError."""
    return int(_read(keys, _SURVEY, token, now))


def order_address(platform: Platform, order_number: str, channel: str) -> str | None:
    """Return the address of a citizen's page on an order, for a message on ``channel``; None where none can be followed there.

    Without a public address only the chat page, which lies at the same address itself, carries links.
    """
    if not _carries_links(platform, channel):
        return None
    return f"{platform.settings.resolved_public_url()}/my/{make_link(platform.keys, order_number, platform.clock.now())}"


def survey_address(platform: Platform, callback_id: int, channel: str) -> str | None:
    """Return the address of the questions of a callback, for a message on ``channel``; None where none can be followed there."""
    if not _carries_links(platform, channel):
        return None
    return f"{platform.settings.resolved_public_url()}/survey/{make_survey_link(platform.keys, callback_id, platform.clock.now())}"


def look_up(session: Session, order_number: str, phone_tail: str, *, address: str, now: datetime, cipher: FieldCipher) -> Order | None:
    """Return the order with this number whose contact's phone ends in ``phone_tail``; None for an unknown number as for wrong digits.

    Every try counts in the caller's transaction. Raises TooManyTriesError after five tries an hour at one order, thirty from one
    network address.
    """
    for subject, most in ((f"order:{order_number}", PER_ORDER), (f"address:{address}", PER_ADDRESS)):
        if lookups.count(session, hashlib.sha256(subject.encode()).hexdigest(), now) > most:
            raise TooManyTriesError
    order = orders.find(session, order_number)
    phone = cipher.decrypt(order.contact_phone) if order else None
    digits = "".join(filter(str.isdigit, phone or ""))[-4:]
    matches = hmac.compare_digest(digits.encode(), phone_tail.encode())
    return order if order is not None and len(digits) == 4 and matches else None


def _carries_links(platform: Platform, channel: str) -> bool:
    return channel not in _WITHOUT_LINKS and (channel == _OWN_PAGE or platform.settings.public_url is not None)


def _signed(keys: Keys, salt: str, subject: str | int, now: datetime) -> str:
    return str(URLSafeSerializer(keys.signing, salt=salt).dumps([subject, int((now + LINK_LIFETIME).timestamp())]))


def _read(keys: Keys, salt: str, token: str, now: datetime) -> str | int:
    try:
        subject, until = URLSafeSerializer(keys.signing, salt=salt).loads(token)
    except (BadSignature, ValueError, TypeError) as error:
        raise BadLinkError(expired=False) from error
    if now.timestamp() >= until:
        raise BadLinkError(expired=True)
    return subject  # type: ignore[no-any-return]
