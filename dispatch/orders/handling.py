"""What the unit in charge does with an order, and how an order ends (Art. 12, 17, 19, 23, 24)."""

from __future__ import annotations

from datetime import timedelta

from dispatch.orders import deadlines, repository
from dispatch.orders.assignment import restart_clock
from dispatch.orders.errors import RuleError
from dispatch.orders.helpers import outstanding, release_helpers
from dispatch.orders.step import Effect, Step
from dispatch.orders.terms import UNDISPATCHED_ENDINGS, CommunityList, CommunityPart, Ending, Party
from dispatch.orders.workflow import MissingNeedError, Need
from dispatch.units.service import HOTLINE_DESK
from nlu import contact as contact_reader


def _log_contact(step: Step) -> None:
    step.order.contacted_at = step.now


def _extend(step: Step) -> None:
    order, before = step.order, step.order.deadline_at or step.now
    until = step.named_moment(max(step.now, before))
    assert until is not None  # the row needs it
    if step.row.name == "extend":
        total = order.extended_seconds + int((until - before).total_seconds())
        if total > timedelta(days=step.rules.extension_days).total_seconds():
            raise RuleError("deadline", f"单位自行延期累计不超过{step.rules.extension_days}天，再延须经督办员准予", "第十七条第二项")
        order.extensions += 1
        order.extended_seconds = total
    step.move_deadline(until)
    step.notify.append(HOTLINE_DESK)


def _hold(step: Step) -> None:
    ground = step.given.ground
    assert ground is not None  # the row needs it
    longest = step.now + timedelta(days=step.rules.hold_days)
    until = step.named_moment(step.now) or longest
    if until > longest:
        raise RuleError("deadline", f"暂停计时一次不超过{step.rules.hold_days}天", "第十五条第二款")
    if ground.value == "coordination" and not any(each.party is Party.ABOVE for each in outstanding(step.session, step.order.id)):
        raise RuleError("ground", "还没有报请政府或主管部门协调", "第二十二条")
    step.order.held_at, step.order.hold_until = step.now, until
    step.article = ground.article
    step.detail |= {"ground": ground.value, "until": until.isoformat()}
    step.replan = True


def _resume(step: Step) -> None:
    """What was left of the time limit when it was held is left again from now on."""
    order = step.order
    assert order.held_at is not None
    assert order.deadline_at is not None
    left = deadlines.between(order.held_at, order.deadline_at, order.deadline_clock)
    if order.clock_started_at:
        order.clock_started_at += step.now - order.held_at
    order.held_at = order.hold_until = None
    step.move_deadline(deadlines.later(step.now, left, order.deadline_clock))


def _answer(step: Step) -> None:
    order, given = step.order, step.given
    assert given.answer is not None  # the row needs it
    if order.contact_phone and not order.anonymous and order.contacted_at is None:
        if given.no_contact_reason is None:
            raise MissingNeedError("answer", Need.NO_CONTACT_REASON, "诉求人留了电话但没有联系记录，请先登记联系情况，或写明为何没有联系")
        step.detail["no_contact_reason"] = contact_reader.mask(given.no_contact_reason)
    owing = [each.unit_code for each in outstanding(step.session, order.id) if each.party is Party.CO_UNIT]
    if owing:
        if given.no_report_reason is None:
            raise MissingNeedError("answer", Need.NO_REPORT_REASON, f"协办单位{'、'.join(owing)}还没有报送结果，请写明为何先行答复")
        step.detail["no_report_reason"] = contact_reader.mask(given.no_report_reason)
    unit = step.reference.units.find(order.unit_code or "")
    if unit and unit.kind == "liaison" and not repository.has_event(step.session, order.id, "record_liaison"):
        raise RuleError("answer", "请先登记与央地、军地单位沟通的结果", "第二十三条")
    order.answer = contact_reader.mask(given.answer)
    step.detail["answer"] = order.answer
    release_helpers(step)
    step.notify.append(HOTLINE_DESK)


def _conclude(step: Step) -> None:
    ending = step.given.ending
    assert ending is not None  # the row needs it
    if ending not in UNDISPATCHED_ENDINGS:
        raise RuleError("ending", "不派单办结只限第十二条所列情形", "第十二条")
    order = step.order
    order.answer = contact_reader.mask(step.given.answer or "")
    step.detail["answer"] = order.answer
    step.article = ending.article
    _end(step, ending)


def _close(step: Step) -> None:
    _end(step, Ending.HANDLED)


def _withdraw(step: Step) -> None:
    release_helpers(step)
    step.order.held_at = step.order.hold_until = None
    step.order.closed_at = step.now
    if step.order.unit_code:
        step.notify.append(step.order.unit_code)


def _end(step: Step, ending: Ending) -> None:
    step.order.ending, step.order.closed_at = ending.value, step.now
    step.detail["ending"] = ending.value


def _rework(step: Step) -> None:
    order = step.order
    order.reworks += 1
    step.detail["reworks"] = order.reworks
    if order.reworks >= step.rules.reworks:
        order.flagged = True
        step.notify.append("supervisor")
    step.notify.append(order.unit_code or "")
    restart_clock(step)


def _reopen(step: Step) -> None:
    order = step.order
    order.ending = order.closed_at = None
    step.detail["ending"] = None
    step.notify.append(order.unit_code or "")
    restart_clock(step)


def _ask_community(step: Step) -> None:
    """Keep work from being pushed down to where it doesn't belong (Art. 19(2))."""
    given, order = step.given, step.order
    community = given.community or order.community
    if community is None:
        raise MissingNeedError("ask_community", Need.COMMUNITY)
    if given.community_list is CommunityList.NEITHER:
        raise RuleError("community_list", "社区职责清单外的事项不得交由社区办理", "第十九条第二款")
    if given.community_list is CommunityList.ASSISTANCE and given.community_part is CommunityPart.MAIN:
        raise RuleError("community_part", "社区依法协助政府工作清单的事项不得交由社区主责办理", "第十九条第二款")
    assert given.community_list is not None
    assert given.community_part is not None
    step.detail |= {"community": community, "list": given.community_list.value, "part": given.community_part.value}


def _supplement(step: Step) -> None:
    """Let whoever works on it know; what a repeat adds concerns the unit of the order that it was merged into."""
    parent = repository.parent(step.session, step.order.id, "merged_into")
    step.notify.append((parent or step.order).unit_code or "")


def _urge(step: Step) -> None:
    step.notify.append(step.order.unit_code or "")


EFFECTS: dict[str, Effect] = {
    "log_contact": _log_contact,
    "extend": _extend,
    "grant_extension": _extend,
    "hold": _hold,
    "resume": _resume,
    "answer": _answer,
    "conclude": _conclude,
    "close": _close,
    "withdraw": _withdraw,
    "rework": _rework,
    "reopen": _reopen,
    "supplement": _supplement,
    "ask_community": _ask_community,
    "urge": _urge,
}
