"""街乡吹哨、部门报到 (Art. 18): a street calls units, each confirms when it comes or says why not, and its arrival is recorded."""

from __future__ import annotations

from datetime import timedelta

from dispatch.orders import repository
from dispatch.orders.errors import RuleError
from dispatch.orders.models import OrderWhistle
from dispatch.orders.step import Effect, Step

_ARTICLE = "第十八条"


def _whistle(step: Step) -> None:
    unit, order = step.acting_unit(), step.order
    if unit.code == order.unit_code:
        raise RuleError("unit", "不必对自己吹哨", _ARTICLE)
    if repository.open_whistle(step.session, order.id, unit.code):
        raise RuleError("unit", f"已对{unit.name}吹哨，正在等待报到", _ARTICLE)
    due = step.named_moment(step.now) or step.now + timedelta(hours=step.rules.arrival_hours)
    step.session.add(
        OrderWhistle(order_id=order.id, unit_code=unit.code, state="called", reason=step.detail["reason"], called_at=step.now, due_at=due)
    )
    step.detail |= {"called_unit": unit.code, "due_at": due.isoformat()}
    step.notify.append(unit.code)
    step.replan = True


def _confirm(step: Step) -> None:
    row = _open(step, step.actor.unit or "")
    coming = step.named_moment(step.now)
    assert coming is not None  # the row needs it
    row.state, row.coming_at = "coming", coming
    step.detail |= {"called_unit": row.unit_code, "coming_at": coming.isoformat(), "in_time": coming <= row.due_at}
    step.notify.append(step.order.unit_code or "")
    step.replan = True


def _refuse(step: Step) -> None:
    row = _open(step, step.actor.unit or "")
    row.state, row.refusal = "refused", step.detail["reason"]
    step.detail["called_unit"] = row.unit_code
    step.notify += [step.order.unit_code or "", "supervisor"]
    step.replan = True


def _arrived(step: Step) -> None:
    row = _open(step, step.named_unit().code)
    row.state, row.arrived_at = "arrived", step.now
    step.detail |= {"called_unit": row.unit_code, "in_time": step.now <= row.due_at}
    step.replan = True


def _open(step: Step, unit_code: str) -> OrderWhistle:
    row = repository.open_whistle(step.session, step.order.id, unit_code)
    if row is None:
        raise RuleError("unit", "没有等待这个单位报到", _ARTICLE)
    return row


EFFECTS: dict[str, Effect] = {"whistle": _whistle, "confirm_arrival": _confirm, "refuse_arrival": _refuse, "record_arrival": _arrived}
