"""Queries on subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.webhooks.models import Subscription


def by_id(session: Session, subscription_id: str) -> Subscription | None:
    """Return the subscription with ``subscription_id``."""
    return session.get(Subscription, subscription_id)


def of_units(session: Session, unit_codes: Iterable[str] | None, *, active_only: bool) -> Sequence[Subscription]:
    """Return the subscriptions of ``unit_codes`` (None: all units)."""
    query = select(Subscription)
    if unit_codes is not None:
        query = query.where(Subscription.unit_code.in_(list(unit_codes)))
    if active_only:
        query = query.where(Subscription.active)
    return session.scalars(query.order_by(Subscription.created_at, Subscription.id)).all()
