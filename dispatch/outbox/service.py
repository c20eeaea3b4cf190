"""Putting something into the outbox, and what became of it.

Whoever causes something outside writes a row here in the same transaction: a rollback leaves nothing to deliver, a crash loses nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.outbox import repository
from dispatch.outbox.models import Delivery as Delivery

NEW = "outbox.new"
"""Under this name ``session.info`` lists the rows put in, for the job engine to take up before the commit."""


class UnknownDeliveryError(Exception):
    """There is no such delivery."""


class NotDeadError(Exception):
    """Only a delivery that was given up can be tried anew."""


def put(
    session: Session,
    *,
    kind: str,
    target: str,
    subject: str,
    payload: dict[str, Any],
    now: datetime,
    key: str | None = None,
    not_before: datetime | None = None,
    lane: str | None = None,
) -> Delivery:
    """Have something delivered once the transaction of ``session`` is committed.

    Args:
        kind: which handler delivers it (``bot.deliveries``).
        target: where to (channel, unit, subscription), at most 64 characters.
        subject: what it is about (order number, conversation), at most 64 characters.
        payload: what the handler needs, JSON.
        key: under a key that was used before, the earlier row is returned and nothing is written.
        not_before: earliest moment (quiet hours); at once when None.
        lane: deliveries of one lane go out one after the other, in the order they were put in.
    """
    if key is not None and (existing := repository.by_key(session, key)):
        return existing
    delivery = Delivery(
        id=uuid.uuid4().hex,
        kind=kind,
        target=target,
        subject=subject,
        payload=payload,
        key=key,
        lane=lane,
        state="pending",
        attempts=0,
        failures=0,
        not_before=max(not_before, now) if not_before else now,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    due_again(session, delivery, delivery.not_before - now)
    return delivery


def notify_resident(
    session: Session,
    *,
    conversation_id: str | None,
    order_number: str,
    text: str,
    now: datetime,
    key: str | None = None,
    urgent: bool = False,
    buttons: Sequence[str] = (),
) -> Delivery | None:
    """Tell the resident of an order something on the channel that they used; None where there is no conversation to tell it in.

    ``channels.delivery`` puts ``text`` into the conversation, where a page shows it, and sends it where the channel is one that pushes;
    anything not ``urgent`` waits for the morning during quiet hours.
    """
    if conversation_id is None:
        return None
    return put(
        session,
        kind="resident",
        target="conversation",
        subject=conversation_id,
        payload={"order": order_number, "text": text, "urgent": urgent, "buttons": list(buttons)},
        now=now,
        key=key,
        lane=conversation_id,
    )


def notice(session: Session, *, unit_code: str, order_number: str, name: str, now: datetime, key: str | None = None) -> Delivery:
    """Tell a unit's people (or ``supervisor``) that ``name`` happened to an order: live on their pages, kept in their list of notices."""
    return put(session, kind="notice", target=unit_code, subject=order_number, payload={"name": name}, now=now, key=key)


def due_again(session: Session, delivery: Delivery, delay: timedelta) -> None:
    """Have the job engine make the next attempt at ``delivery`` after ``delay``."""
    session.info.setdefault(NEW, []).append((delivery.id, delivery.attempts, max(delay, timedelta(0))))


def listing(
    session: Session, state: str, *, kind: str | None = None, target: str | None = None, before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """Return deliveries that are ``waiting``, ``delivered``, ``dead`` or ``cancelled``, newest first, those with sequence below ``before``.

    With ``kind`` and ``target``: what one unit was told, what one subscription got.
    """
    states = repository.UNSETTLED if state == "waiting" else (state,)
    return list(repository.listing(session, states=states, kind=kind, target=target, before=before, limit=limit))


def of_target_since(session: Session, *, kind: str, target: str, since: datetime) -> list[Delivery]:
    """Return what was put in for ``target`` from ``since`` on, oldest first."""
    return list(repository.of_target_since(session, kind=kind, target=target, since=since))


def counts(session: Session) -> dict[tuple[str, str], int]:
    """Return how many deliveries wait or were given up, by kind and state."""
    return repository.counts(session)


def waiting_by_target(session: Session, kind: str) -> dict[str, int]:
    """Return how many deliveries of ``kind`` haven't gone out, by target."""
    return repository.waiting_by_target(session, kind)


def cancel(session: Session, *, kind: str, subject: str, now: datetime) -> int:
    """Take back what of ``kind`` about ``subject`` hasn't gone out; return how many."""
    return repository.cancel(session, kind=kind, subject=subject, now=now)


def retry(session: Session, delivery_id: str, *, now: datetime) -> Delivery:
    """Try a delivery anew that was given up.

    Raises:
        UnknownDeliveryError, NotDeadError: there is none, or it wasn't given up.
    """
    delivery = repository.by_id(session, delivery_id, lock=True)
    if delivery is None:
        raise UnknownDeliveryError(delivery_id)
    if delivery.state != "dead":
        raise NotDeadError(delivery.state)
    delivery.state, delivery.not_before, delivery.settled_at, delivery.failures = "pending", now, None, 0
    delivery.attempts += 1
    due_again(session, delivery, timedelta(0))
    return delivery


def notices(session: Session, targets: Sequence[str], *, before: int | None = None, limit: int = 50) -> list[Delivery]:
    """Return what the people of ``targets`` (unit codes, ``supervisor``) were told, newest first, those with sequence below ``before``."""
    return list(repository.of_targets(session, kind="notice", targets=targets, before=before, limit=limit))
