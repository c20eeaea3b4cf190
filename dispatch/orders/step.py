"""One step of an order under way: what every effect of the table gets to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.core.clock import BEIJING
from dispatch.orders.errors import BadDeadlineError, RuleError, UnknownUnitError
from dispatch.orders.models import Order
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.workflow import Role, Transition
from dispatch.understanding.service import Reference
from dispatch.units.service import UnitEntry

MAX_DEADLINE = timedelta(days=365)
_ASSIGNMENT = "第十四条"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: an account's name or ``assistant``, and in which role; ``unit`` is the account's own unit."""

    name: str
    role: Role
    unit: str | None = None


SYSTEM = Actor("system", Role.SYSTEM)
"""What happens by itself: timers, duplicates that follow their parent."""


@dataclass(slots=True)
class Step:
    """A transition of ``order`` that the table allows, about to take effect.

    ``detail`` goes into the event; its keys ``unit``, ``deadline_at`` and ``ending`` are what the audit compares the order with.
    ``notify`` are units (and ``supervisor``) whose people get a notice. ``article`` overrides the row's where the case decides it.
    ``replan`` says that deadlines changed, the order's own or a helping unit's.
    """

    session: Session
    order: Order
    row: Transition
    given: TransitionIn
    actor: Actor
    now: datetime
    reference: Reference
    rules: OrderRules
    detail: dict[str, Any] = field(default_factory=dict)
    notify: list[str] = field(default_factory=list)
    article: str | None = None
    replan: bool = False

    def named_unit(self) -> UnitEntry:
        """Return the unit that the request names. Raises UnknownUnitError."""
        unit = self.reference.units.find(self.given.unit) if self.given.unit else None
        if unit is None:
            raise UnknownUnitError(self.given.unit or "")
        return unit

    def acting_unit(self) -> UnitEntry:
        """Return the unit that the request names, to be given work. Raises UnknownUnitError, RuleError for one that takes none any more."""
        unit = self.named_unit()
        if unit.active:
            return unit
        heir = self.reference.units.acting(unit.code)
        gone = f"{unit.name}已并入{heir.name}，请改选" if heir else f"{unit.name}已停用，请改选其他单位"
        raise RuleError("unit", gone, _ASSIGNMENT)

    def named_moment(self, after: datetime) -> datetime | None:
        """Return the moment that the request names (Beijing time where it says nothing), None if it names none.

        Raises:
            BadDeadlineError: it isn't later than ``after``, or more than a year away.
        """
        moment = self.given.deadline
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=BEIJING)
        if moment <= after or moment > self.now + MAX_DEADLINE:
            raise BadDeadlineError(moment.isoformat())
        return moment

    def move_deadline(self, to: datetime) -> None:
        """Make ``to`` the order's deadline."""
        before = self.order.deadline_at
        self.detail["deadline_at"] = {"from": before.isoformat() if before else None, "to": to.isoformat()}
        self.order.deadline_at = to
        self.replan = True


Effect = Callable[[Step], None]
"""What a row of the table does beside moving the state. Raises the errors of ``dispatch.orders.errors`` and MissingNeedError."""
