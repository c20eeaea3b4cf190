"""The order's life as one table (工单流转): what may happen, in which state, by whom, what it needs, on which article it rests.

Everything that changes an order asks ``check``; the console asks ``allowed`` which buttons to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """Where an order stands; the value is stored, ``label`` is shown."""

    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    OBJECTED = "objected"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words that staff use."""
        return _LABELS[self]


_LABELS = {
    State.REGISTERED: "已登记",
    State.DISPATCHED: "已派单",
    State.OBJECTED: "派单异议待审",
    State.ACCEPTED: "办理中",
    State.ANSWERED: "已答复",
    State.CLOSED: "已办结",
    State.WITHDRAWN: "诉求人撤回",
}

OPEN_STATES = frozenset({State.REGISTERED, State.DISPATCHED, State.OBJECTED, State.ACCEPTED})
"""States in which somebody still has to act."""


class Role(str, Enum):
    """Who does something to an order."""

    RESIDENT = "resident"
    BOT = "bot"
    SYSTEM = "system"
    OPERATOR = "operator"
    HANDLER = "handler"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Need(str, Enum):
    """What a transition can't do without; the value is the field's name in a request."""

    REASON = "reason"
    ANSWER = "answer"
    UNIT = "unit"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: ``name`` takes an order from any of ``sources`` to ``target`` (None: it stays where it is)."""

    name: str
    label: str
    sources: frozenset[State]
    target: State | None
    roles: frozenset[Role]
    needs: frozenset[Need]
    article: str


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

    def __init__(self, name: str, need: Need) -> None:
        super().__init__(f"{name} 需要填写 {need.value}")
        self.name = name
        self.need = need


def _row(
    name: str, label: str, sources: Iterable[State], target: State | None, roles: Iterable[Role], needs: Iterable[Need], article: str
) -> Transition:
    return Transition(name, label, frozenset(sources), target, frozenset(roles), frozenset(needs), article)


_DESK = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)
_INTAKE = (Role.BOT, Role.SYSTEM, *_DESK)

TABLE: tuple[Transition, ...] = (
    _row("dispatch", "派单", [State.REGISTERED], State.DISPATCHED, _INTAKE, [Need.UNIT, Need.DEADLINE], "第十二条、第十四条、第十五条"),
    _row("accept", "签收", [State.DISPATCHED], State.ACCEPTED, [Role.HANDLER], [], "第十六条"),
    _row("object", "提出派单异议", [State.DISPATCHED], State.OBJECTED, [Role.HANDLER], [Need.REASON], "第十四条"),
    _row("refuse_objection", "驳回异议", [State.OBJECTED], State.DISPATCHED, [Role.DISPATCHER, Role.SUPERVISOR], [Need.REASON], "第十四条"),
    _row(
        "redispatch",
        "改派",
        [State.DISPATCHED, State.OBJECTED, State.ACCEPTED],
        State.DISPATCHED,
        [Role.DISPATCHER, Role.SUPERVISOR],
        [Need.UNIT, Need.REASON],
        "第十四条",
    ),
    _row("log_contact", "登记联系诉求人情况", [State.ACCEPTED], None, [Role.HANDLER], [Need.REASON], "第十七条第一项"),
    _row("extend", "延长办理时限", [State.ACCEPTED], None, [Role.HANDLER], [Need.REASON, Need.DEADLINE], "第十七条第二项"),
    _row("report_stage", "报告阶段性情况", [State.ACCEPTED], None, [Role.HANDLER], [Need.REASON], "第十六条"),
    _row("answer", "答复", [State.ACCEPTED], State.ANSWERED, [Role.HANDLER], [Need.ANSWER], "第十七条第三项"),
    _row("supplement", "补充诉求", OPEN_STATES, None, (Role.RESIDENT, *_INTAKE), [Need.REASON], "第九条、第十二条第三项"),
    _row("rework", "退回重办", [State.ANSWERED], State.ACCEPTED, (Role.SYSTEM, *_DESK), [Need.REASON], "第二十四条"),
    _row("close", "办结", [State.ANSWERED], State.CLOSED, (Role.SYSTEM, *_DESK), [], "第二十四条"),
    _row("withdraw", "撤回", OPEN_STATES, State.WITHDRAWN, (Role.RESIDENT, *_DESK), [Need.REASON], "第九条"),
)

_BY_NAME = {row.name: row for row in TABLE}


def allowed(state: State, role: Role) -> tuple[Transition, ...]:
    """Return the rows that ``role`` may use on an order in ``state``, in the table's order."""
    return tuple(row for row in TABLE if state in row.sources and role in row.roles)


def check(name: str, state: State, role: Role, given: Iterable[Need]) -> Transition:
    """Return the row for ``name`` if it may be used now.

    Raises:
        IllegalTransitionError: no such row, or not from this state, or not by this role.
        MissingNeedError: something that the row requires is not among ``given``.
    """
    row = _BY_NAME.get(name)
    if row is None or state not in row.sources or role not in row.roles:
        raise IllegalTransitionError(name, state, role, tuple(r.name for r in allowed(state, role)))
    present = set(given)
    for need in sorted(row.needs, key=lambda need: need.value):
        if need not in present:
            raise MissingNeedError(name, need)
    return row
