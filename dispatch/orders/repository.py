"""Queries on orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.orders.models import Order, OrderEvent, OrderNumber, OrderUnit
from dispatch.orders.workflow import OPEN_STATES


def next_in_day(session: Session, day: str) -> int:
    """Return the next running number of a Beijing day (``yyyymmdd``), starting at 1; safe among writers on both databases."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(OrderNumber).values(day=day, last=1)
    upsert = first.on_conflict_do_update(index_elements=["day"], set_={"last": OrderNumber.last + 1}).returning(OrderNumber.last)
    return session.execute(upsert).scalar_one()


def by_number(session: Session, number: str, *, lock: bool = False) -> Order | None:
    """Return an order by its number, locked for change where the database can."""
    statement = select(Order).where(Order.number == number)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def by_idempotency_key(session: Session, key: str) -> Order | None:
    """Return the order that was filed under ``key``, or None."""
    return session.scalars(select(Order).where(Order.idempotency_key == key)).first()


def of_conversation(session: Session, conversation_id: str) -> Sequence[Order]:
    """Return the orders filed in a conversation, newest first."""
    return session.scalars(select(Order).where(Order.conversation_id == conversation_id).order_by(Order.id.desc()).limit(50)).all()


def of_units(session: Session, unit_codes: Sequence[str] | None, *, include_finished: bool, limit: int) -> Sequence[Order]:
    """Return the orders that ``unit_codes`` lead (None: all units), the most urgent first."""
    statement = select(Order).order_by(Order.deadline_at, Order.id).limit(limit)
    if unit_codes is not None:
        statement = statement.where(Order.unit_code.in_(unit_codes))
    if not include_finished:
        statement = statement.where(Order.state.in_([state.value for state in OPEN_STATES]))
    return session.scalars(statement).all()


def copied_to(session: Session, unit_code: str, *, limit: int) -> Sequence[Order]:
    """Return the orders that ``unit_code`` has a copy of, newest first."""
    statement = (
        select(Order)
        .join(OrderUnit, OrderUnit.order_id == Order.id)
        .where(OrderUnit.unit_code == unit_code, OrderUnit.relation == "copied")
    )
    return session.scalars(statement.order_by(Order.id.desc()).limit(limit)).all()


def units_of(session: Session, order_id: int, relation: str) -> Sequence[str]:
    """Return the codes of the units that stand in ``relation`` (``copied``, ``co``) to an order."""
    statement = (
        select(OrderUnit.unit_code).where(OrderUnit.order_id == order_id, OrderUnit.relation == relation).order_by(OrderUnit.unit_code)
    )
    return session.scalars(statement).all()


def events(session: Session, order_id: int) -> Sequence[OrderEvent]:
    """Return the history of an order, oldest first."""
    return session.scalars(select(OrderEvent).where(OrderEvent.order_id == order_id).order_by(OrderEvent.sequence)).all()


def count_events(session: Session, order_id: int) -> int:
    """Return how many events an order has."""
    return session.scalar(select(func.count()).select_from(OrderEvent).where(OrderEvent.order_id == order_id)) or 0


def every_order(session: Session) -> Iterator[Order]:
    """Yield every order by id without holding all in memory."""
    yield from session.scalars(select(Order).order_by(Order.id).execution_options(yield_per=500))
