"""协办 (Art. 16(2)): the unit in charge asks others, each with its own deadline, and gets their reports."""

from __future__ import annotations

from datetime import timedelta

from dispatch.orders import repository
from dispatch.orders.errors import RuleError
from dispatch.orders.models import OrderCoHandling
from dispatch.orders.step import Effect, Step

_ARTICLE = "第十六条第二款"
_LATE_ORDER = timedelta(hours=24)
"""What a co-unit gets when the order itself is already overdue and no deadline is named."""


def _invite(step: Step) -> None:
    unit, order = step.acting_unit(), step.order
    if unit.code == order.unit_code:
        raise RuleError("unit", "承办单位不必请自己协办", _ARTICLE)
    row = repository.co_handling(step.session, order.id, unit.code)
    if row is not None and row.state == "asked":
        raise RuleError("unit", f"{unit.name}已在协办", _ARTICLE)
    if row is None:
        row = OrderCoHandling(order_id=order.id, unit_code=unit.code)
        step.session.add(row)
    due = step.named_moment(step.now)
    if due is None:
        due = order.deadline_at if order.deadline_at and order.deadline_at > step.now else step.now + _LATE_ORDER
    row.state, row.asked_at, row.due_at, row.reported_at = "asked", step.now, due, None
    step.detail |= {"co_unit": unit.code, "due_at": due.isoformat()}
    step.notify.append(unit.code)
    step.replan = True


def _release(step: Step) -> None:
    row = _asked(step, step.named_unit().code)
    row.state = "released"
    step.detail["co_unit"] = row.unit_code
    step.notify.append(row.unit_code)
    step.replan = True


def _stage(step: Step) -> None:
    row = _asked(step, step.actor.unit or "")
    row.stage_report = step.detail["reason"]
    step.detail["co_unit"] = row.unit_code
    step.notify.append(step.order.unit_code or "")


def _report(step: Step) -> None:
    row = _asked(step, step.actor.unit or "")
    row.state, row.report, row.reported_at = "reported", step.detail["reason"], step.now
    step.detail |= {"co_unit": row.unit_code, "in_time": row.due_at is None or step.now <= row.due_at}
    step.notify.append(step.order.unit_code or "")
    step.replan = True


def _asked(step: Step, unit_code: str) -> OrderCoHandling:
    row = repository.co_handling(step.session, step.order.id, unit_code)
    if row is None or row.state != "asked":
        raise RuleError("unit", "这个单位没有在协办", _ARTICLE)
    return row


EFFECTS: dict[str, Effect] = {"invite_co_unit": _invite, "release_co_unit": _release, "co_stage": _stage, "co_report": _report}
