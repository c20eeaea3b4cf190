"""分级协调 (Art. 22): a unit asks its district government or a department, which gives an opinion or takes the order over."""

from __future__ import annotations

from datetime import timedelta

from dispatch.orders import repository
from dispatch.orders.assignment import put_in_charge
from dispatch.orders.errors import RuleError
from dispatch.orders.models import OrderCoHandling, OrderEscalation
from dispatch.orders.step import Effect, Step
from dispatch.orders.workflow import MissingNeedError, Need

_ARTICLE = "第二十二条"


def _escalate(step: Step) -> None:
    order = step.order
    own = step.reference.units.find(order.unit_code or "")
    if step.given.unit:
        unit = step.acting_unit()
    else:
        above = step.reference.units.acting(own.parent_code) if own and own.parent_code else None
        if above is None:
            raise MissingNeedError("escalate", Need.UNIT, "本单位没有登记上级政府，请写明报请哪个政府或主管部门")
        unit = above
    if unit.kind not in ("district", "department") or unit.code == order.unit_code:
        raise RuleError("unit", f"只能报请区政府或行业主管部门，{unit.name}不是", _ARTICLE)
    if repository.open_escalation(step.session, order.id, unit.code):
        raise RuleError("unit", f"已报请{unit.name}，正在等待处理意见", _ARTICLE)
    due = step.named_moment(step.now) or step.now + timedelta(hours=step.rules.opinion_hours)
    step.session.add(
        OrderEscalation(
            order_id=order.id,
            unit_code=unit.code,
            raised_by=order.unit_code or "",
            state="raised",
            reason=step.detail["reason"],
            raised_at=step.now,
            due_at=due,
        )
    )
    step.detail |= {"asked_unit": unit.code, "due_at": due.isoformat()}
    step.notify.append(unit.code)
    step.replan = True


def _coordinate(step: Step) -> None:
    row = _open(step)
    row.state, row.opinion, row.settled_at = "coordinated", step.detail["reason"], step.now
    step.detail |= {"asked_unit": row.unit_code, "in_time": step.now <= row.due_at}
    step.notify.append(step.order.unit_code or "")
    step.replan = True


def _take_over(step: Step) -> None:
    """The one that was asked leads; who raised it goes on as co-unit until the same deadline. The resident's deadline stays."""
    row, order = _open(step), step.order
    before = order.unit_code
    row.state, row.opinion, row.settled_at = "taken_over", step.detail["reason"], step.now
    step.detail |= {"asked_unit": row.unit_code, "in_time": step.now <= row.due_at}
    put_in_charge(step, step.reference.units.get(row.unit_code))
    if before and order.deadline_at:
        co_handling = repository.co_handling(step.session, order.id, before) or OrderCoHandling(order_id=order.id, unit_code=before)
        co_handling.state, co_handling.asked_at, co_handling.due_at = "asked", step.now, order.deadline_at
        step.session.add(co_handling)
    step.replan = True


def _open(step: Step) -> OrderEscalation:
    row = repository.open_escalation(step.session, step.order.id, step.actor.unit or "")
    if row is None:
        raise RuleError("unit", "没有报请本单位协调", _ARTICLE)
    return row


EFFECTS: dict[str, Effect] = {"escalate": _escalate, "coordinate": _coordinate, "take_over": _take_over}
