"""Who is in charge of an order: dispatch, objections and their review, redispatch, the supervisor's decision (Art. 14, 15)."""

from __future__ import annotations

from dispatch.catalogue import service as catalogue
from dispatch.orders import deadlines, repository
from dispatch.orders.errors import RuleError
from dispatch.orders.helpers import release_helpers
from dispatch.orders.models import Order, OrderUnit
from dispatch.orders.step import Effect, Step
from dispatch.units.service import HOTLINE_DESK, UnitEntry
from nlu.place import Place

_ORDINARY_HOURS = 168


def restart_clock(step: Step) -> None:
    """Let the order's time limit run anew from now: what belonged to the round of handling before is over."""
    order = step.order
    order.deadline_hours = order.deadline_hours or _ORDINARY_HOURS
    order.clock_started_at = step.now
    order.contacted_at = None
    order.extensions, order.extended_seconds = 0, 0
    order.held_at = order.hold_until = None
    step.move_deadline(deadlines.due(step.now, order.deadline_hours, order.deadline_clock))


def put_in_charge(step: Step, unit: UnitEntry) -> None:
    """Make ``unit`` the one in charge; a street's or town's district gets a copy (Art. 14(1))."""
    order = step.order
    step.detail["unit"] = {"from": order.unit_code, "to": unit.code}
    if order.unit_code and order.unit_code != unit.code:
        step.notify.append(order.unit_code)
    order.unit_code = unit.code
    step.notify.append(unit.code)
    above = step.reference.units.acting(unit.parent_code) if unit.kind in ("street", "town") and unit.parent_code else None
    copied = set(repository.units_of(step.session, order.id, "copied"))
    if above and above.code not in copied:
        step.session.add(OrderUnit(order_id=order.id, unit_code=above.code, relation="copied"))
    if co_handling := repository.co_handling(step.session, order.id, unit.code):
        step.session.delete(co_handling)


def _dispatch(step: Step) -> None:
    unit, order = step.acting_unit(), step.order
    assignment = step.reference.assign(order.matter_code, place_of(order), order.description)
    order.deadline_hours, order.deadline_clock, order.deadline_basis = assignment.hours, assignment.clock, assignment.basis
    put_in_charge(step, unit)
    restart_clock(step)


def _object(step: Step) -> None:
    step.order.objections += 1
    step.detail["objections"] = step.order.objections
    step.notify.append("supervisor" if step.order.objections >= step.rules.objections else HOTLINE_DESK)


def _refuse(step: Step) -> None:
    step.notify.append(step.order.unit_code or "")


def _reassign(step: Step) -> None:
    """Another unit (or, where the reviewer sees it that way, the same) starts with a time limit of its own."""
    unit = step.acting_unit()
    release_helpers(step)
    item = catalogue.item_of(step.session, step.order.catalogue_version, step.order.matter_code)  # what it was dispatched by still counts
    step.order.deadline_clock = item.clock if item else "calendar"
    put_in_charge(step, unit)
    restart_clock(step)


def _decide(step: Step) -> None:
    _reassign(step)
    step.order.decided = True


def _assign_below(step: Step) -> None:
    unit = step.acting_unit()
    if unit.parent_code != step.order.unit_code:
        raise RuleError("unit", f"{unit.name}不是本区的街道、乡镇", "第十四条第一款第二项")
    release_helpers(step)
    put_in_charge(step, unit)  # the deadline stays: what the district spent on it is not added


def place_of(order: Order) -> Place:
    """Return where an order's matter is."""
    return Place(order.district, order.street, order.community, order.place_detail, 1.0, (), ())


EFFECTS: dict[str, Effect] = {
    "dispatch": _dispatch,
    "object": _object,
    "refuse_objection": _refuse,
    "uphold_objection": _reassign,
    "redispatch": _reassign,
    "decide": _decide,
    "assign_below": _assign_below,
}
