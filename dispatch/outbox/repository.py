"""Queries on the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.outbox.models import Delivery

UNSETTLED = ("pending", "sending")


def by_id(session: Session, delivery_id: str, *, lock: bool = False) -> Delivery | None:
    """Return the delivery with ``delivery_id``; ``lock`` keeps other processes from it until the transaction ends."""
    query = select(Delivery).where(Delivery.id == delivery_id)
    return session.scalar(query.with_for_update() if lock else query)


def by_key(session: Session, key: str) -> Delivery | None:
    """Return the delivery that was put in under ``key``."""
    return session.scalar(select(Delivery).where(Delivery.key == key))


def earlier_in_lane(session: Session, delivery: Delivery) -> bool:
    """Say whether something of the same lane has to go out before ``delivery``."""
    if delivery.lane is None:
        return False
    query = select(Delivery.sequence).where(
        Delivery.lane == delivery.lane, Delivery.state.in_(UNSETTLED), Delivery.sequence < delivery.sequence
    )
    return session.scalar(query.limit(1)) is not None


def next_in_lane(session: Session, lane: str) -> Delivery | None:
    """Return what goes out next in ``lane``."""
    query = select(Delivery).where(Delivery.lane == lane, Delivery.state.in_(UNSETTLED)).order_by(Delivery.sequence)
    return session.scalar(query.limit(1))


def unsettled(session: Session, *, until: datetime | None = None, limit: int = 1000, after: int = 0) -> Sequence[Delivery]:
    """Return what still has to go out (``until``: what is due by then), in the order it was put in, from ``after`` on."""
    query = select(Delivery).where(Delivery.state.in_(UNSETTLED), Delivery.sequence > after)
    if until is not None:
        query = query.where(Delivery.not_before <= until)
    return session.scalars(query.order_by(Delivery.sequence).limit(limit)).all()


def listing(
    session: Session, *, states: Sequence[str], kind: str | None, target: str | None, before: int | None, limit: int
) -> Sequence[Delivery]:
    """Return deliveries in any of ``states``, newest first, ``before`` a sequence number."""
    query = select(Delivery).where(Delivery.state.in_(states))
    if kind is not None:
        query = query.where(Delivery.kind == kind)
    if target is not None:
        query = query.where(Delivery.target == target)
    if before is not None:
        query = query.where(Delivery.sequence < before)
    return session.scalars(query.order_by(Delivery.sequence.desc()).limit(limit)).all()


def of_target_since(session: Session, *, kind: str, target: str, since: datetime) -> Sequence[Delivery]:
    """Return what was put in for ``target`` from ``since`` on, oldest first."""
    query = select(Delivery).where(Delivery.kind == kind, Delivery.target == target, Delivery.created_at >= since)
    return session.scalars(query.order_by(Delivery.sequence)).all()


def of_targets(session: Session, *, kind: str, targets: Sequence[str], before: int | None, limit: int) -> Sequence[Delivery]:
    """Return deliveries of ``kind`` to any of ``targets``, in whatever state, newest first, ``before`` a sequence number."""
    query = select(Delivery).where(Delivery.kind == kind, Delivery.target.in_(targets))
    if before is not None:
        query = query.where(Delivery.sequence < before)
    return session.scalars(query.order_by(Delivery.sequence.desc()).limit(limit)).all()


def counts(session: Session) -> dict[tuple[str, str], int]:
    """Return how many deliveries are in each kind and unsettled or dead state."""
    query = select(Delivery.kind, Delivery.state, func.count()).where(Delivery.state.in_((*UNSETTLED, "dead")))
    return {(kind, state): count for kind, state, count in session.execute(query.group_by(Delivery.kind, Delivery.state))}


def waiting_by_target(session: Session, kind: str) -> dict[str, int]:
    """Return how many deliveries of ``kind`` haven't gone out, by target."""
    statement = select(Delivery.target, func.count()).where(Delivery.kind == kind, Delivery.state.in_(UNSETTLED))
    return dict(session.execute(statement.group_by(Delivery.target)).all())


def cancel(session: Session, *, kind: str, subject: str, now: datetime) -> int:
    """Cancel what of ``kind`` about ``subject`` hasn't gone out; return how many."""
    statement = (
        update(Delivery)
        .where(Delivery.kind == kind, Delivery.subject == subject, Delivery.state == "pending")
        .values(state="cancelled", settled_at=now)
    )
    return session.execute(statement).rowcount  # type: ignore[attr-defined, no-any-return]
