"""Making and reading links to one order, and looking an order up, with guessing stopped early."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from dispatch.accounts import lookups
from dispatch.core.crypto import FieldCipher
from dispatch.core.keys import Keys
from dispatch.orders import service as orders
from dispatch.orders.service import Order

LINK_LIFETIME = timedelta(days=90)
PER_ORDER, PER_ADDRESS = 5, 30
"""Tries an hour."""

_SALT = "order-link"


class TooManyTriesError(Exception):
    """Somebody tried too often; the hour has to pass."""


def make_link(keys: Keys, order_number: str) -> str:
    """Return a signed token that opens order ``order_number``, and nothing else, for ``LINK_LIFETIME``."""
    return URLSafeTimedSerializer(keys.signing, salt=_SALT).dumps(order_number)


def read_link(keys: Keys, token: str) -> str | None:
    """Return the order number that ``token`` opens, or None if it was forged or has run out."""
    try:
        number = URLSafeTimedSerializer(keys.signing, salt=_SALT).loads(token, max_age=int(LINK_LIFETIME.total_seconds()))
    except BadSignature:
        return None
    return number if isinstance(number, str) else None


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
