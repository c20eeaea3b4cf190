"""What can be done with an order: register and dispatch it, move it along its table, find it, show it, verify its history."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression
from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.orders import following, helpers, history, intake, moving, repository
from dispatch.orders.assignment import place_of
from dispatch.orders.candidates import Candidate as Candidate
from dispatch.orders.candidates import candidates as candidates
from dispatch.orders.errors import BadDeadlineError as BadDeadlineError
from dispatch.orders.errors import NotInChargeError as NotInChargeError
from dispatch.orders.errors import RuleError as RuleError
from dispatch.orders.errors import UnknownUnitError as UnknownUnitError
from dispatch.orders.errors import VersionConflictError as VersionConflictError
from dispatch.orders.intake import Registration as Registration
from dispatch.orders.models import Order as Order
from dispatch.orders.rules import OrderRules, current_rules
from dispatch.orders.schemas import OrderIn, TransitionIn
from dispatch.orders.step import Actor as Actor
from dispatch.orders.views import contact_in_full as contact_in_full
from dispatch.orders.views import events_out as events_out
from dispatch.orders.views import filed_out as filed_out
from dispatch.orders.views import last_events as last_events
from dispatch.orders.views import links_out as links_out
from dispatch.orders.views import order_out as order_out
from dispatch.orders.views import orders_out as orders_out
from dispatch.orders.views import progress_out as progress_out
from dispatch.orders.views import registration_out as registration_out
from dispatch.orders.workflow import Party, Role, State, Transition, allowed
from dispatch.understanding.service import Reference
from dispatch.units.service import UnitEntry


def register(
    session: Session,
    order_in: OrderIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
    conversation_id: str | None = None,
    idempotency_key: str | None = None,
    rules: OrderRules | None = None,
) -> Order:
    """Register an order (Art. 11) and dispatch it at once by catalogue (Art. 12, 14, 15), or end it where Art. 12 says not to dispatch.

    Under an ``idempotency_key`` that was used before, the order filed then is returned and nothing is written.
    Personal data in the description is masked; the contact's phone and name are encrypted. With ``dispatch_now`` false it stays with
    the hotline's dispatch desk.
    """
    if idempotency_key and (existing := repository.by_idempotency_key(session, idempotency_key)):
        return existing
    return register_new(
        session,
        order_in,
        actor=actor,
        now=now,
        reference=reference,
        cipher=cipher,
        conversation_id=conversation_id,
        idempotency_key=idempotency_key,
        rules=rules,
    ).order


def register_new(
    session: Session,
    order_in: OrderIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    cipher: FieldCipher,
    conversation_id: str | None = None,
    idempotency_key: str | None = None,
    rules: OrderRules | None = None,
) -> Registration:
    """Do what ``register`` does under a key that wasn't used; what it returns can be shown without reading it back."""
    return intake.register(
        session,
        order_in,
        actor=actor,
        now=now,
        reference=reference,
        cipher=cipher,
        rules=rules or current_rules(),
        conversation_id=conversation_id,
        idempotency_key=idempotency_key,
    )


def apply(
    session: Session,
    number: str,
    name: str,
    given: TransitionIn,
    *,
    actor: Actor,
    now: datetime,
    reference: Reference,
    version: int | None = None,
    rules: OrderRules | None = None,
) -> Order | None:
    """Do transition ``name`` to order ``number`` and return the order; None if there is no such order.

    Args:
        version: the version that the caller has seen, None if any will do.

    Raises:
        NotInChargeError: a unit's own people may only move the orders that it has a part in.
        IllegalTransitionError, MissingNeedError: the table doesn't allow it (``dispatch.orders.workflow``).
        UnknownUnitError, BadDeadlineError, RuleError: what was given can't be.
        VersionConflictError: somebody changed the order meanwhile.
    """
    rules = rules or current_rules()
    if given.parent is not None:  # earlier orders are locked first, so that two merges never wait for each other
        repository.by_number(session, min(given.parent, number), lock=True)
    order = repository.by_number(session, number, lock=True)
    if order is None:
        return None
    if version is not None and version != order.version:
        raise VersionConflictError(order.version)
    event = moving.move(session, order, name, given, actor=actor, now=now, reference=reference, rules=rules)
    following.follow(session, order, event, now=now, reference=reference, rules=rules)
    session.flush()
    return order


def steps(
    session: Session, order: Order, actor: Actor, *, now: datetime, reference: Reference, rules: OrderRules | None = None
) -> tuple[Transition, ...]:
    """Return what ``actor`` may do with ``order`` now, in the table's order."""
    parties: frozenset[Party] = helpers.parties(session, order, actor.unit) if actor.role is Role.HANDLER else frozenset()
    return allowed(State(order.state), actor.role, parties, moving.conditions(order, reference, rules or current_rules(), now))


def suggested_unit(order: Order, reference: Reference) -> UnitEntry:
    """Return the unit that ``order`` goes to by catalogue (Art. 12, 14)."""
    return reference.assign(order.matter_code, place_of(order), order.description).unit


def find(session: Session, number: str) -> Order | None:
    """Return the order with ``number``, or None."""
    return repository.by_number(session, number)


def find_all(session: Session, numbers: Collection[str]) -> dict[str, Order]:
    """Return the orders with these numbers, by number; those that don't exist are left out."""
    return {order.number: order for order in repository.by_numbers(session, numbers)} if numbers else {}


def by_idempotency_key(session: Session, key: str) -> Order | None:
    """Return the order that was filed under ``key``, or None."""
    return repository.by_idempotency_key(session, key)


def of_conversation(session: Session, conversation_id: str) -> list[Order]:
    """Return the orders filed in a conversation, newest first."""
    return list(repository.of_conversation(session, conversation_id))


def filed_in(conversation_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Return the condition that some order was filed in a conversation and isn't anonymised yet, for queries of other capabilities."""
    return repository.filed_in(conversation_id)


def inbox(session: Session, unit_code: str | None, *, include_finished: bool = False, limit: int = 100) -> list[Order]:
    """Return the orders that ``unit_code`` leads (None: all units), the most urgent first."""
    return list(repository.of_units(session, [unit_code] if unit_code else None, include_finished=include_finished, limit=limit))


def copies(session: Session, unit_code: str, *, limit: int = 100) -> list[Order]:
    """Return the orders of which ``unit_code`` got a copy (Art. 14(1)), newest first."""
    return list(repository.copied_to(session, unit_code, limit=limit))


def waiting_for(session: Session, unit_code: str, *, limit: int = 100) -> list[Order]:
    """Return the orders that wait for ``unit_code`` to help: co-handle, come when whistled for, coordinate; the most urgent first."""
    return list(repository.helped_by(session, unit_code, limit=limit))


def visible(session: Session, number: str, actor: Actor) -> Order | None:
    """Return the order with ``number`` if there is one and ``actor`` may see it, else None."""
    order = find(session, number)
    return order if order is not None and may_see(session, order, actor) else None


def may_see(session: Session, order: Order, actor: Actor) -> bool:
    """Say whether ``actor`` may see ``order``: a unit sees what it leads, helps with or has a copy of; desks see all."""
    if actor.role is not Role.HANDLER:
        return actor.role is not Role.RESIDENT
    if actor.unit is None:
        return False
    return (
        actor.unit == order.unit_code
        or actor.unit in repository.units_of(session, order.id, "copied")
        or helpers.had_part(session, order, actor.unit)
    )


def verify(session: Session) -> Iterator[tuple[Order, list[str]]]:
    """Yield every order with what is wrong with its history (an empty list where it is whole)."""
    for order in repository.every_order(session):
        yield order, history.faults(order, repository.events(session, order.id))


def faults_of(session: Session, order: Order) -> list[str]:
    """Return what is wrong with the history of one order, in words (an empty list where it is whole)."""
    return history.faults(order, repository.events(session, order.id))


def removed(session: Session) -> list[str]:
    """Return, in words, on which days orders are missing whose numbers were given out; numbers are given without gaps."""
    faults = repository.number_faults(session)
    return [f"{day}: 发出了 {given} 个工单号，只有 {there} 张工单" for day, given, there in faults]
