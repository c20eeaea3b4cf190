"""How the steps of an order are laid out on its page, and what their fields are called: all of these words stand here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dispatch.orders.workflow import State, Transition

ON_THEIR_OWN = frozenset({"unmask", "attach"})
"""Steps with a place of their own on the page."""

_GROUPS = {
    "派单与审核": ("dispatch", "uphold_objection", "refuse_objection", "decide", "redispatch", "assign_below", "conclude"),
    "办理": (
        "accept",
        "log_contact",
        "report_stage",
        "answer",
        "object",
        "record_liaison",
        "rework",
        "close",
        "reopen",
        "urge",
        "supplement",
    ),
    "请其他单位": (
        "confirm_arrival",
        "refuse_arrival",
        "co_report",
        "co_stage",
        "coordinate",
        "take_over",
        "invite_co_unit",
        "release_co_unit",
        "whistle",
        "record_arrival",
        "ask_community",
        "escalate",
    ),
    "时限": ("extend", "grant_extension", "hold", "resume"),
    "并单、拆单、撤回": ("merge", "unmerge", "split", "withdraw"),
}

_FIRST = {
    State.REGISTERED: ("dispatch",),
    State.DISPATCHED: ("accept",),
    State.OBJECTED: ("uphold_objection", "decide"),
    State.ACCEPTED: ("answer", "co_report", "confirm_arrival", "coordinate"),
    State.HELD: ("resume", "co_report", "confirm_arrival", "coordinate"),
    State.ANSWERED: (),
    State.MERGED: (),
    State.CLOSED: (),
    State.WITHDRAWN: (),
}

_REASONS = {
    "object": "为什么不该由本单位办，依据是什么，应由谁办",
    "uphold_objection": "改派的理由",
    "refuse_objection": "驳回的理由（告诉承办单位）",
    "decide": "裁定的理由",
    "redispatch": "改派的理由",
    "log_contact": "什么时候、怎么联系的，诉求人怎么说",
    "extend": "延期的原因",
    "grant_extension": "准予延期的原因",
    "report_stage": "做到哪一步了，接下来做什么",
    "hold": "为什么暂停，什么时候能恢复",
    "resume": "恢复的原因",
    "invite_co_unit": "请对方做什么",
    "release_co_unit": "为什么不再需要",
    "co_stage": "本单位做到哪一步了",
    "co_report": "本单位办理的结果",
    "whistle": "请对方到哪里、解决什么",
    "refuse_arrival": "为什么不能报到",
    "ask_community": "请社区做什么",
    "escalate": "卡在哪里，请上级协调什么",
    "coordinate": "处理意见",
    "take_over": "接手的原因",
    "record_liaison": "与对方沟通的结果",
    "urge": "催什么（告诉承办单位）",
    "merge": "为什么是同一件事",
    "unmerge": "为什么要单独办理",
    "split": "为什么要拆分",
    "supplement": "补充的内容",
    "rework": "为什么要重办",
    "reopen": "为什么要重新办理",
    "withdraw": "诉求人为什么撤回",
}

_TOLD = frozenset({"extend", "grant_extension", "report_stage", "hold", "resume"})
"""Steps whose reason the resident is sent word for word."""


def reason_label(step: str) -> str:
    """Return what the reason of ``step`` should say."""
    label = _REASONS.get(step, "说明")
    return f"{label}（会原文告诉诉求人）" if step in _TOLD else label


def layout(steps: Iterable[Transition]) -> list[tuple[str, list[Transition]]]:
    """Return ``steps`` in the groups of the page, in the groups' order; empty groups are left out."""
    left = {step.name: step for step in steps if step.name not in ON_THEIR_OWN}
    found = [(group, [left.pop(name) for name in names if name in left]) for group, names in _GROUPS.items()]
    return [(group, rows) for group, rows in [*found, ("其他", list(left.values()))] if rows]


def first_step(state: State, steps: Sequence[Transition]) -> str | None:
    """Return the step that most often comes next in ``state``, None if that isn't among ``steps``."""
    names = {step.name for step in steps}
    return next((name for name in _FIRST[state] if name in names), None)
