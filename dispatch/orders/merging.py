"""并单、拆单 (Art. 12(2)(3), Art. 11): a repeat hangs on the earlier order and ends with it; further matters become orders of their own."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dispatch.orders import intake, repository
from dispatch.orders.assignment import place_of, restart_clock
from dispatch.orders.errors import RuleError
from dispatch.orders.helpers import release_helpers
from dispatch.orders.models import Order, OrderLink
from dispatch.orders.step import Effect, Step
from dispatch.orders.terms import Ending
from dispatch.orders.workflow import State
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import understand
from dispatch.units.service import HOTLINE_DESK

MERGED_INTO, PART_OF = "merged_into", "part_of"
_ARTICLE = "第十二条第二款第三项"


def _merge(step: Step) -> None:
    order = step.order
    parent = repository.by_number(step.session, step.given.parent or "")
    if parent is None:
        raise RuleError("parent", f"没有工单 {step.given.parent}", _ARTICLE)
    if parent.id >= order.id:
        raise RuleError("parent", "只能并入更早登记的工单", _ARTICLE)
    if parent.state in (State.MERGED.value, State.WITHDRAWN.value):
        raise RuleError("parent", f"工单 {parent.number} {State(parent.state).label}，不能再并入", _ARTICLE)
    if repository.children(step.session, order.id, MERGED_INTO):
        raise RuleError("parent", "已有工单并入本单，请先解除并单", _ARTICLE)
    release_helpers(step)
    order.held_at = order.hold_until = None
    step.session.add(OrderLink(order_id=order.id, relation=MERGED_INTO, parent_id=parent.id))
    step.detail["parent"] = parent.number
    if order.unit_code:
        step.notify.append(order.unit_code)


def _unmerge(step: Step) -> None:
    """Back to the unit that had it, with a time limit of its own."""
    step.detail["parent"] = drop_link(step.session, step.order)
    step.order.unit_code = step.order.unit_code or HOTLINE_DESK
    step.notify.append(step.order.unit_code)
    restart_clock(step)


def _close_merged(step: Step) -> None:
    parent = repository.parent(step.session, step.order.id, MERGED_INTO)
    assert parent is not None  # a merged order hangs on one
    step.order.answer, step.order.ending, step.order.closed_at = parent.answer, Ending.MERGED.value, step.now
    step.detail |= {"parent": parent.number, "ending": Ending.MERGED.value}


def _split(step: Step) -> None:
    """Each part becomes an order by catalogue, for the same resident; the order keeps its own matter."""
    order, numbers = step.order, []
    for part in step.given.parts or ():
        read = understand(part.description, step.reference, near=place_of(order))
        matter = part.matter_code or (read.matter.code if read.matter else None)
        if part.matter_code and step.reference.catalogue.find(part.matter_code) is None:
            raise RuleError("parts", f"派单目录里没有事项 {part.matter_code}", "第十二条")
        place = (
            read.place
            if read.place.district
            else PlaceOut(district=order.district, street=order.street, community=order.community, detail=order.place_detail)
        )
        child = intake.part_of(
            step.session,
            order,
            part.description,
            matter,
            place,
            read.request_type,
            actor=step.actor,
            now=step.now,
            reference=step.reference,
            rules=step.rules,
        )
        step.session.add(OrderLink(order_id=child.id, relation=PART_OF, parent_id=order.id))
        numbers.append(child.number)
    step.detail["parts"] = numbers


def drop_link(session: Session, order: Order) -> str | None:
    """Unhang a merged order and return the number of the one it hung on."""
    parent = repository.parent(session, order.id, MERGED_INTO)
    repository.drop_link(session, order.id, MERGED_INTO)
    return parent.number if parent else None


EFFECTS: dict[str, Effect] = {"merge": _merge, "unmerge": _unmerge, "close_merged": _close_merged, "split": _split}
