"""Queries on orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.orders.models import (
    Order,
    OrderCoHandling,
    OrderEscalation,
    OrderEvent,
    OrderLink,
    OrderNumber,
    OrderTimer,
    OrderUnit,
    OrderWhistle,
)
from dispatch.orders.workflow import OPEN_STATES, State


def next_in_day(session: Session, day: str) -> int:
    """Return the next running number of a Beijing day (``yyyymmdd``), starting at 1; safe among writers on both databases."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(OrderNumber).values(day=day, last=1)
    upsert = first.on_conflict_do_update(index_elements=["day"], set_={"last": OrderNumber.last + 1}).returning(OrderNumber.last)
    return session.execute(upsert).scalar_one()


def by_number(session: Session, number: str, *, lock: bool = False) -> Order | None:
    """Return an order by its number, locked for change where the database can."""
    statement = select(Order).where(Order.number == number)
    if lock:  # what this session read before the lock may be outdated: read it again
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).first()


def by_numbers(session: Session, numbers: Collection[str]) -> Sequence[Order]:
    """Return the orders with these numbers."""
    return session.scalars(select(Order).where(Order.number.in_(numbers))).all()


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


def last_events(session: Session, order_ids: Sequence[int]) -> Sequence[OrderEvent]:
    """Return the newest event of each of these orders."""
    newest = select(func.max(OrderEvent.id)).where(OrderEvent.order_id.in_(order_ids)).group_by(OrderEvent.order_id)
    return session.scalars(select(OrderEvent).where(OrderEvent.id.in_(newest))).all()


def count_events(session: Session, order_id: int) -> int:
    """Return how many events an order has."""
    return session.scalar(select(func.count()).select_from(OrderEvent).where(OrderEvent.order_id == order_id)) or 0


def has_event(session: Session, order_id: int, name: str) -> bool:
    """Say whether an order has an event called ``name``."""
    statement = select(OrderEvent.id).where(OrderEvent.order_id == order_id, OrderEvent.name == name)
    return session.scalar(statement.limit(1)) is not None


def co_handlings(session: Session, order_id: int) -> Sequence[OrderCoHandling]:
    """Return the co-units of an order, by code."""
    return session.scalars(select(OrderCoHandling).where(OrderCoHandling.order_id == order_id).order_by(OrderCoHandling.unit_code)).all()


def co_handling(session: Session, order_id: int, unit_code: str) -> OrderCoHandling | None:
    """Return what ``unit_code`` is as a co-unit of an order, or None."""
    return session.get(OrderCoHandling, (order_id, unit_code))


def whistles(session: Session, order_id: int) -> Sequence[OrderWhistle]:
    """Return the whistles on an order, oldest first."""
    return session.scalars(select(OrderWhistle).where(OrderWhistle.order_id == order_id).order_by(OrderWhistle.id)).all()


def open_whistle(session: Session, order_id: int, unit_code: str) -> OrderWhistle | None:
    """Return the whistle that ``unit_code`` hasn't arrived on yet, or None."""
    waiting = [row for row in whistles(session, order_id) if row.unit_code == unit_code and row.state in ("called", "coming")]
    return waiting[0] if waiting else None


def escalations(session: Session, order_id: int) -> Sequence[OrderEscalation]:
    """Return the escalations of an order, oldest first."""
    return session.scalars(select(OrderEscalation).where(OrderEscalation.order_id == order_id).order_by(OrderEscalation.id)).all()


def open_escalation(session: Session, order_id: int, unit_code: str) -> OrderEscalation | None:
    """Return the escalation that waits for the opinion of ``unit_code``, or None."""
    waiting = [row for row in escalations(session, order_id) if row.unit_code == unit_code and row.state == "raised"]
    return waiting[0] if waiting else None


def co_units(session: Session, order_id: int) -> list[str]:
    """Return the codes of the units that were asked to co-handle an order, whether they have reported or not."""
    asked = OrderCoHandling.state != "suggested"
    return list(session.scalars(select(OrderCoHandling.unit_code).where(OrderCoHandling.order_id == order_id, asked)))


def helping_units(session: Session, order_id: int) -> set[str]:
    """Return the codes of the units that were asked to help with an order."""
    asked = select(OrderCoHandling.unit_code).where(OrderCoHandling.order_id == order_id, OrderCoHandling.state == "asked")
    called = select(OrderWhistle.unit_code).where(OrderWhistle.order_id == order_id, OrderWhistle.state.in_(("called", "coming")))
    above = select(OrderEscalation.unit_code).where(OrderEscalation.order_id == order_id, OrderEscalation.state == "raised")
    return set(session.scalars(asked.union_all(called, above)))


def helped_by(session: Session, unit_code: str, *, limit: int) -> Sequence[Order]:
    """Return the orders that wait for ``unit_code`` as a co-unit, called by whistle or asked to coordinate, the most urgent first."""
    asked = select(OrderCoHandling.order_id).where(OrderCoHandling.unit_code == unit_code, OrderCoHandling.state == "asked")
    called = select(OrderWhistle.order_id).where(OrderWhistle.unit_code == unit_code, OrderWhistle.state.in_(("called", "coming")))
    above = select(OrderEscalation.order_id).where(OrderEscalation.unit_code == unit_code, OrderEscalation.state == "raised")
    statement = select(Order).where(Order.id.in_(asked.union_all(called, above)))
    return session.scalars(statement.order_by(Order.deadline_at, Order.id).limit(limit)).all()


def parent(session: Session, order_id: int, relation: str) -> Order | None:
    """Return the order that another hangs on by ``relation`` (``merged_into``, ``part_of``), or None."""
    statement = select(Order).join(OrderLink, OrderLink.parent_id == Order.id)
    return session.scalars(statement.where(OrderLink.order_id == order_id, OrderLink.relation == relation)).first()


def children(session: Session, order_id: int, relation: str, *, lock: bool = False) -> Sequence[Order]:
    """Return the orders that hang on an order by ``relation``, oldest first, locked for change where asked."""
    linked = select(OrderLink.order_id).where(OrderLink.parent_id == order_id, OrderLink.relation == relation)
    statement = select(Order).where(Order.id.in_(linked)).order_by(Order.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).all()


def linked(session: Session, order_id: int) -> list[tuple[str, bool, Order]]:
    """Return the orders linked to an order: the relation, whether the other is the one it hangs on, and the other."""
    found: list[tuple[str, bool, Order]] = []
    for up, own, other in ((True, OrderLink.order_id, OrderLink.parent_id), (False, OrderLink.parent_id, OrderLink.order_id)):
        statement = select(OrderLink.relation, Order).join(Order, Order.id == other).where(own == order_id).order_by(Order.id)
        found += [(relation, up, order) for relation, order in session.execute(statement)]
    return found


def drop_link(session: Session, order_id: int, relation: str) -> None:
    """Unhang an order."""
    session.execute(delete(OrderLink).where(OrderLink.order_id == order_id, OrderLink.relation == relation))


def fired_timers(session: Session, order_id: int) -> frozenset[tuple[str, datetime]]:
    """Return names and deadlines of the timers that have gone off for an order."""
    rows = session.execute(select(OrderTimer.name, OrderTimer.deadline).where(OrderTimer.order_id == order_id))
    return frozenset((name, deadline) for name, deadline in rows)


def mark_fired(session: Session, order_id: int, name: str, deadline: datetime, now: datetime) -> bool:
    """Put on record that a timer goes off now; False if it had gone off already."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(OrderTimer).values(order_id=order_id, name=name, deadline=deadline, fired_at=now).on_conflict_do_nothing()
    return session.scalar(row.returning(OrderTimer.order_id)) is not None


def due_orders(session: Session, now: datetime, limit: int) -> Sequence[Order]:
    """Return orders with a timer that is due, the longest due first, locked; those that another process has locked are left to it."""
    statement = select(Order).where(Order.next_timer_at <= now).order_by(Order.next_timer_at, Order.id).limit(limit)
    return session.scalars(statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()


def _over_since(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Order.updated_at < before, Order.anonymised_at.is_(None), Order.state.in_([State.CLOSED.value, State.WITHDRAWN.value])


def count_forgettable(session: Session, before: datetime) -> int:
    """Return how many orders have been over since ``before`` and aren't anonymised."""
    return session.scalar(select(func.count()).select_from(Order).where(*_over_since(before))) or 0


def forgettable(session: Session, before: datetime, limit: int) -> Sequence[Order]:
    """Return those orders, the longest over first, locked; those that another process has locked are left to it."""
    statement = select(Order).where(*_over_since(before)).order_by(Order.updated_at, Order.id).limit(limit)
    return session.scalars(statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()


def filed_in(conversation_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Return the condition that some order stands for a conversation."""
    return select(Order.id).where(Order.conversation_id == conversation_id).exists()


def erase_helpers_words(session: Session, order_id: int) -> None:
    """Empty what units wrote to each other about an order."""
    session.execute(update(OrderCoHandling).where(OrderCoHandling.order_id == order_id).values(stage_report=None, report=None))
    session.execute(update(OrderWhistle).where(OrderWhistle.order_id == order_id).values(reason="", refusal=None))
    session.execute(update(OrderEscalation).where(OrderEscalation.order_id == order_id).values(reason="", opinion=None))


def number_faults(session: Session) -> list[tuple[str, int, int]]:
    """Return the days whose orders aren't as many as numbers were given out, with both counts: an order was removed."""
    day = func.substr(Order.number, literal_column("3"), literal_column("8"))
    there: dict[str, int] = dict(session.execute(select(day, func.count()).group_by(day)).tuples().all())
    given = session.execute(select(OrderNumber.day, OrderNumber.last).order_by(OrderNumber.day))
    return [(number.day, number.last, there.get(number.day, 0)) for number in given if there.get(number.day, 0) != number.last]


def every_order(session: Session) -> Iterator[Order]:
    """Yield every order by id without holding all in memory."""
    yield from session.scalars(select(Order).order_by(Order.id).execution_options(yield_per=500))


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside orders, by their row ids: copies, helpers and links."""

    copied: dict[int, list[str]]
    co_handlings: dict[int, list[OrderCoHandling]]
    whistles: dict[int, list[OrderWhistle]]
    escalations: dict[int, list[OrderEscalation]]
    links: dict[int, list[tuple[str, bool, Order]]]


def beside(session: Session, order_ids: Sequence[int]) -> Beside:
    """Return what stands beside all of ``order_ids``, in one query a table: a page of orders costs what one does."""
    found = Beside(defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list))
    if not order_ids:
        return found
    copies = select(OrderUnit.order_id, OrderUnit.unit_code).where(OrderUnit.order_id.in_(order_ids), OrderUnit.relation == "copied")
    for order_id, code in session.execute(copies.order_by(OrderUnit.unit_code)):
        found.copied[order_id].append(code)
    co_units = select(OrderCoHandling).where(OrderCoHandling.order_id.in_(order_ids)).order_by(OrderCoHandling.unit_code)
    for co_unit in session.scalars(co_units):
        found.co_handlings[co_unit.order_id].append(co_unit)
    for whistle in session.scalars(select(OrderWhistle).where(OrderWhistle.order_id.in_(order_ids)).order_by(OrderWhistle.id)):
        found.whistles[whistle.order_id].append(whistle)
    raised = select(OrderEscalation).where(OrderEscalation.order_id.in_(order_ids)).order_by(OrderEscalation.id)
    for escalation in session.scalars(raised):
        found.escalations[escalation.order_id].append(escalation)
    up = select(OrderLink, Order).join(Order, Order.id == OrderLink.parent_id).where(OrderLink.order_id.in_(order_ids))
    for link, other in session.execute(up):
        found.links[link.order_id].append((link.relation, True, other))
    down = select(OrderLink, Order).join(Order, Order.id == OrderLink.order_id).where(OrderLink.parent_id.in_(order_ids))
    for link, other in session.execute(down.order_by(Order.id)):
        found.links[link.parent_id].append((link.relation, False, other))
    return found
