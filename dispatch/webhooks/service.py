"""Subscriptions of units, and putting pushes to them into the outbox."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.outbox import service as outbox
from dispatch.webhooks import repository
from dispatch.webhooks.models import Subscription as Subscription

KIND = "webhook"


class UnknownSubscriptionError(Exception):
    """There is no such subscription."""


def subscribe(
    session: Session, *, unit_code: str, url: str, events: list[str], by: str, cipher: FieldCipher, now: datetime
) -> tuple[Subscription, str]:
    """Have ``events`` of ``unit_code`` pushed to ``url``; return the subscription and its secret, which is shown only now."""
    secret = _new_secret()
    encrypted = cipher.encrypt(secret)
    assert encrypted is not None
    subscription = Subscription(
        id=uuid.uuid4().hex, unit_code=unit_code, url=url, secret=encrypted, events=events, active=True, created_by=by, created_at=now
    )
    session.add(subscription)
    session.flush()
    return subscription, secret


def renew_secret(session: Session, subscription_id: str, cipher: FieldCipher) -> tuple[Subscription, str]:
    """Give a subscription a new secret and return both; pushes are signed with it from now on. Raises UnknownSubscriptionError."""
    subscription = find(session, subscription_id)
    secret = _new_secret()
    subscription.secret = cipher.encrypt(secret) or ""
    return subscription, secret


def switch(session: Session, subscription_id: str, *, active: bool) -> Subscription:
    """Turn a subscription on or off. Raises UnknownSubscriptionError."""
    subscription = find(session, subscription_id)
    subscription.active = active
    return subscription


def find(session: Session, subscription_id: str) -> Subscription:
    """Return a subscription. Raises UnknownSubscriptionError."""
    subscription = repository.by_id(session, subscription_id)
    if subscription is None:
        raise UnknownSubscriptionError(subscription_id)
    return subscription


def listing(session: Session, unit_code: str | None = None) -> list[Subscription]:
    """Return all subscriptions, or those of one unit."""
    return list(repository.of_units(session, None if unit_code is None else [unit_code], active_only=False))


def push(session: Session, *, units: Iterable[str], event: str, subject: str, sequence: int, now: datetime) -> int:
    """Push ``event`` number ``sequence`` of ``subject`` (an order's number) to every unit of ``units`` that subscribed to it.

    The row holds no data of the order: what is pushed is put together when it goes out. Pushes about one order arrive in order.
    Returns how many were put in.
    """
    count = 0
    for subscription in repository.of_units(session, sorted(set(units)), active_only=True):
        if not _wants(subscription, event):
            continue
        count += 1
        outbox.put(
            session,
            kind=KIND,
            target=subscription.id,
            subject=subject,
            payload={"event": event, "sequence": sequence},
            now=now,
            key=f"{subscription.id}:{event}:{subject}:{sequence}",
            lane=f"{subscription.id}:{subject}",
        )
    return count


def replay(session: Session, subscription_id: str, *, since: datetime, now: datetime) -> int:
    """Push once more what was put in for a subscription from ``since`` on, whatever became of it; return how many.

    Receivers tell repeats by ``type``, ``subject`` and ``sequence`` in the body. Raises UnknownSubscriptionError.
    """
    find(session, subscription_id)
    pushes = outbox.of_target_since(session, kind=KIND, target=subscription_id, since=since)
    for each in pushes:
        outbox.put(
            session,
            kind=KIND,
            target=subscription_id,
            subject=each.subject,
            payload=each.payload,
            now=now,
            lane=f"{subscription_id}:{each.subject}",
        )
    return len(pushes)


def _wants(subscription: Subscription, event: str) -> bool:
    return bool({"*", event, f"{event.split('.')[0]}.*"} & set(subscription.events))


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
