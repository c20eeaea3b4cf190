"""The order's life as one table (工单流转): what may happen, in which state, by whom, what it needs, on which article it rests.

Everything that changes an order asks ``check``; the console asks ``allowed`` which buttons to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dispatch.orders.terms import OPEN_STATES as OPEN_STATES
from dispatch.orders.terms import WORKING_STATES
from dispatch.orders.terms import Condition as Condition
from dispatch.orders.terms import Party as Party
from dispatch.orders.terms import Role as Role
from dispatch.orders.terms import State as State


class Need(str, Enum):
    """What a transition can't do without; the value is the field's name in a request."""

    REASON = "reason"
    ANSWER = "answer"
    UNIT = "unit"
    DEADLINE = "deadline"
    ENDING = "ending"
    GROUND = "ground"
    PARENT = "parent"
    PARTS = "parts"
    COMMUNITY = "community"
    COMMUNITY_LIST = "community_list"
    COMMUNITY_PART = "community_part"
    NO_CONTACT_REASON = "no_contact_reason"
    NO_REPORT_REASON = "no_report_reason"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: ``name`` takes an order from any of ``sources`` to ``target`` (None: it stays where it is).

    ``party`` is what a unit must be to the order for its people to do it; other roles act whatever the unit. ``takes`` are fields
    that may be given beside those it ``needs``.
    """

    name: str
    label: str
    sources: frozenset[State]
    target: State | None
    roles: frozenset[Role]
    needs: frozenset[Need]
    article: str
    party: Party = Party.LEAD
    conditions: frozenset[Condition] = frozenset()
    takes: frozenset[Need] = frozenset()


class IllegalTransitionError(Exception):
    """The order's state or the actor's role doesn't allow it; ``legal`` lists what they do allow."""

    def __init__(self, name: str, state: State, role: Role, legal: tuple[str, ...]) -> None:
        super().__init__(f"“{state.label}”的工单不能由{role.value}执行 {name}；可以执行：{'、'.join(legal) or '无'}")
        self.name = name
        self.state = state
        self.role = role
        self.legal = legal


class MissingNeedError(Exception):
    """A transition was asked for without something that it requires."""

    def __init__(self, name: str, need: Need, why: str = "") -> None:
        super().__init__(f"{name} 需要填写 {need.value}{f'：{why}' if why else ''}")
        self.name = name
        self.need = need
        self.why = why


def _row(
    name: str,
    label: str,
    sources: Iterable[State],
    target: State | None,
    roles: Iterable[Role],
    needs: Iterable[Need],
    article: str,
    *,
    party: Party = Party.LEAD,
    conditions: Iterable[Condition] = (),
    takes: Iterable[Need] = (),
) -> Transition:
    sets = frozenset(sources), target, frozenset(roles), frozenset(needs)
    return Transition(name, label, *sets, article, party, frozenset(conditions), frozenset(takes))


_S, _N, _C = State, Need, Condition
_UNIT = (Role.HANDLER,)
_REVIEW = (Role.DISPATCHER, Role.SUPERVISOR)
_DESK = (Role.OPERATOR, *_REVIEW)
_INTAKE = (Role.BOT, Role.SYSTEM, *_DESK)
_ASSIGNED = (_S.DISPATCHED, _S.ACCEPTED, _S.HELD)

TABLE: tuple[Transition, ...] = (
    # 接诉、分类处置、派单
    _row("register", "登记", [], _S.REGISTERED, _INTAKE, [], "第十一条"),
    _row("dispatch", "派单", [_S.REGISTERED], _S.DISPATCHED, _INTAKE, [_N.UNIT], "第十二条、第十四条、第十五条", takes=[_N.REASON]),
    _row("conclude", "不派单办结", [_S.REGISTERED], _S.CLOSED, _INTAKE, [_N.ENDING, _N.ANSWER], "第十二条", takes=[_N.REASON]),
    _row("dispatch_late", "登记后未及时派单", [_S.REGISTERED], None, [Role.SYSTEM], [], "第十二条第二款"),
    # 首接负责、派单异议
    _row("accept", "签收", [_S.DISPATCHED], _S.ACCEPTED, _UNIT, [], "第十六条第一款"),
    _row(
        "assign_below",
        "转派本区街乡",
        [_S.DISPATCHED, _S.ACCEPTED],
        _S.DISPATCHED,
        _UNIT,
        [_N.UNIT, _N.REASON],
        "第十四条第一款第二项",
        conditions=[_C.LED_BY_DISTRICT],
    ),
    _row(
        "object",
        "提出派单异议",
        [_S.DISPATCHED],
        _S.OBJECTED,
        _UNIT,
        [_N.REASON],
        "第十四条第二款",
        conditions=[_C.ASSIGNMENT_OPEN, _C.OBJECTIONS_LEFT],
    ),
    _row(
        "uphold_objection",
        "异议成立，改派",
        [_S.OBJECTED],
        _S.DISPATCHED,
        _REVIEW,
        [_N.UNIT, _N.REASON],
        "第十四条第二款",
        conditions=[_C.OBJECTIONS_LEFT],
    ),
    _row(
        "refuse_objection",
        "驳回异议",
        [_S.OBJECTED],
        _S.DISPATCHED,
        _REVIEW,
        [_N.REASON],
        "第十四条第二款",
        conditions=[_C.OBJECTIONS_LEFT],
    ),
    _row("decide", "督办裁定承办单位", [_S.OBJECTED, *_ASSIGNED], _S.DISPATCHED, [Role.SUPERVISOR], [_N.UNIT, _N.REASON], "第十四条第二款"),
    _row("redispatch", "改派", _ASSIGNED, _S.DISPATCHED, _REVIEW, [_N.UNIT, _N.REASON], "第十四条", conditions=[_C.ASSIGNMENT_OPEN]),
    # 办理
    _row("log_contact", "登记联系诉求人情况", WORKING_STATES, None, _UNIT, [_N.REASON], "第十七条第一项"),
    _row(
        "extend",
        "延长办理时限",
        [_S.ACCEPTED],
        None,
        _UNIT,
        [_N.REASON, _N.DEADLINE],
        "第十七条第二项",
        conditions=[_C.EXTENSIONS_LEFT, _C.IN_TIME],
    ),
    _row("grant_extension", "督办准予延期", [_S.ACCEPTED], None, [Role.SUPERVISOR], [_N.REASON, _N.DEADLINE], "第十七条第二项"),
    _row("report_stage", "报告阶段性情况", WORKING_STATES, None, _UNIT, [_N.REASON], "第十六条第二款"),
    _row(
        "hold",
        "暂停计时",
        [_S.ACCEPTED],
        _S.HELD,
        _UNIT,
        [_N.GROUND, _N.REASON],
        "第十五条第二款",
        conditions=[_C.IN_TIME],
        takes=[_N.DEADLINE],
    ),
    _row("resume", "恢复计时", [_S.HELD], _S.ACCEPTED, (*_UNIT, Role.SYSTEM, *_REVIEW), [_N.REASON], "第十五条第二款"),
    _row(
        "answer",
        "答复",
        [_S.ACCEPTED],
        _S.ANSWERED,
        _UNIT,
        [_N.ANSWER],
        "第十七条第三项",
        takes=[_N.NO_CONTACT_REASON, _N.NO_REPORT_REASON],
    ),
    # 协办
    _row("invite_co_unit", "请其他单位协办", WORKING_STATES, None, _UNIT, [_N.UNIT, _N.REASON], "第十六条第二款", takes=[_N.DEADLINE]),
    _row("release_co_unit", "不再需要协办", WORKING_STATES, None, _UNIT, [_N.UNIT, _N.REASON], "第十六条第二款"),
    _row("co_stage", "协办单位报告阶段情况", WORKING_STATES, None, _UNIT, [_N.REASON], "第十六条第二款", party=Party.CO_UNIT),
    _row("co_report", "协办单位报送结果", WORKING_STATES, None, _UNIT, [_N.REASON], "第十六条第二款", party=Party.CO_UNIT),
    # 街乡吹哨、部门报到
    _row(
        "whistle", "吹哨", WORKING_STATES, None, _UNIT, [_N.UNIT, _N.REASON], "第十八条", conditions=[_C.LED_BY_STREET], takes=[_N.DEADLINE]
    ),
    _row("confirm_arrival", "确认报到时间", WORKING_STATES, None, _UNIT, [_N.DEADLINE], "第十八条", party=Party.CALLED, takes=[_N.REASON]),
    _row("refuse_arrival", "说明不能报到", WORKING_STATES, None, _UNIT, [_N.REASON], "第十八条", party=Party.CALLED),
    _row("record_arrival", "登记部门已报到", WORKING_STATES, None, _UNIT, [_N.UNIT], "第十八条", takes=[_N.REASON]),
    # 社区协助
    _row(
        "ask_community",
        "请社区协助",
        WORKING_STATES,
        None,
        _UNIT,
        [_N.COMMUNITY_LIST, _N.COMMUNITY_PART, _N.REASON],
        "第十九条第二款",
        conditions=[_C.LED_BY_STREET],
        takes=[_N.COMMUNITY],
    ),
    # 分级协调、央地军地协调
    _row("escalate", "报请协调", WORKING_STATES, None, _UNIT, [_N.REASON], "第二十二条", takes=[_N.UNIT, _N.DEADLINE]),
    _row("coordinate", "提出处理意见", WORKING_STATES, None, _UNIT, [_N.REASON], "第二十二条", party=Party.ABOVE),
    _row("take_over", "接手牵头办理", [_S.ACCEPTED], None, _UNIT, [_N.REASON], "第二十二条", party=Party.ABOVE),
    _row(
        "record_liaison",
        "登记与央地、军地单位沟通结果",
        WORKING_STATES,
        None,
        _UNIT,
        [_N.REASON],
        "第二十三条",
        conditions=[_C.LED_BY_LIAISON],
    ),
    # 督办
    _row("urge", "督办催办", _ASSIGNED, None, _REVIEW, [_N.REASON], "第七条"),
    _row("warn", "临期提醒", (_S.OBJECTED, *_ASSIGNED), None, [Role.SYSTEM], [], "第十五条"),
    _row("overdue", "办理超时", (_S.OBJECTED, *_ASSIGNED), None, [Role.SYSTEM], [], "第二十九条第二款第三项"),
    _row("overdue_above", "超时报上级", (_S.OBJECTED, *_ASSIGNED), None, [Role.SYSTEM], [], "第二十九条第二款"),
    _row("overdue_supervisor", "超时报督办", (_S.OBJECTED, *_ASSIGNED), None, [Role.SYSTEM], [], "第二十九条第二款"),
    _row("helper_warn", "配合单位临期提醒", WORKING_STATES, None, [Role.SYSTEM], [], "第十六条第二款"),
    _row("helper_overdue", "配合单位超时", WORKING_STATES, None, [Role.SYSTEM], [], "第十六条第二款"),
    # 并单、拆单
    _row(
        "merge", "并入已有工单", [_S.REGISTERED, _S.OBJECTED, *_ASSIGNED], _S.MERGED, _DESK, [_N.PARENT, _N.REASON], "第十二条第二款第三项"
    ),
    _row("unmerge", "解除并单", [_S.MERGED], _S.DISPATCHED, (*_DESK, Role.SYSTEM), [_N.REASON], "第十二条第二款"),
    _row("close_merged", "随所并入的工单办结", [_S.MERGED], _S.CLOSED, [Role.SYSTEM], [], "第十二条第二款第三项"),
    _row("split", "拆分为多件", [_S.REGISTERED, _S.OBJECTED, *_ASSIGNED], None, _INTAKE, [_N.PARTS, _N.REASON], "第十一条、第十二条"),
    # 诉求人、回访、办结
    _row("supplement", "补充诉求", (*OPEN_STATES, _S.MERGED), None, (Role.RESIDENT, *_INTAKE), [_N.REASON], "第九条、第十二条第二款第三项"),
    _row("rework", "退回重办", [_S.ANSWERED], _S.ACCEPTED, (Role.SYSTEM, *_DESK), [_N.REASON], "第二十四条"),
    _row("close", "办结", [_S.ANSWERED], _S.CLOSED, (Role.SYSTEM, *_DESK), [], "第二十四条"),
    _row(
        "reopen",
        "重新办理",
        [_S.CLOSED],
        _S.ACCEPTED,
        (Role.RESIDENT, Role.BOT, Role.SYSTEM, *_DESK),
        [_N.REASON],
        "第十二条第二款第三项",
        conditions=[_C.REOPENABLE],
    ),
    _row("attach", "添加附件", (*OPEN_STATES, _S.ANSWERED), None, (*_INTAKE, *_UNIT), [_N.REASON], "第九条、第十一条"),
    _row("unmask", "查看联系方式", tuple(_S), None, (*_UNIT, *_DESK), [_N.REASON], "第二十九条第四款"),
    _row("anonymise", "匿名处理", (_S.CLOSED, _S.WITHDRAWN), None, [Role.SYSTEM], [], "第二十九条第四款"),
    _row("withdraw", "撤回", (*OPEN_STATES, _S.MERGED), _S.WITHDRAWN, (Role.RESIDENT, *_DESK), [_N.REASON], "第九条"),
)

_BY_NAME = {row.name: row for row in TABLE}
_LEAD = frozenset({Party.LEAD})
_ANY_CONDITION = frozenset(Condition)


def row_named(name: str) -> Transition:
    """Return the row called ``name``. Raises KeyError if there is none."""
    return _BY_NAME[name]


def allowed(
    state: State, role: Role, parties: Iterable[Party] = _LEAD, conditions: Iterable[Condition] = _ANY_CONDITION
) -> tuple[Transition, ...]:
    """Return the rows that ``role`` may use on an order in ``state``, in the table's order.

    Args:
        parties: what the unit of a handler is to the order; nothing to other roles.
        conditions: what holds of the order.
    """
    parties, conditions = frozenset(parties), frozenset(conditions)
    return tuple(
        row
        for row in TABLE
        if state in row.sources
        and role in row.roles
        and (role is not Role.HANDLER or row.party in parties)
        and row.conditions <= conditions
    )


def check(
    name: str,
    state: State,
    role: Role,
    given: Iterable[Need],
    parties: Iterable[Party] = _LEAD,
    conditions: Iterable[Condition] = _ANY_CONDITION,
) -> Transition:
    """Return the row for ``name`` if it may be used now.

    Raises:
        IllegalTransitionError: no such row, or not from this state, by this role or party, or under these conditions.
        MissingNeedError: something that the row requires is not among ``given``.
    """
    legal = allowed(state, role, parties, conditions)
    row = next((each for each in legal if each.name == name), None)
    if row is None:
        raise IllegalTransitionError(name, state, role, tuple(each.name for each in legal))
    present = set(given)
    for need in sorted(row.needs, key=lambda need: need.value):
        if need not in present:
            raise MissingNeedError(name, need)
    return row
