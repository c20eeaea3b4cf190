"""How an order's states and steps are told to residents and staff: all of these words stand here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.core.clock import beijing_text
from dispatch.orders.workflow import TABLE, State

_STATES = {
    State.REGISTERED: "已记录，正在派单",
    State.DISPATCHED: "已派给承办单位，等待签收",
    State.OBJECTED: "正在核实由哪个单位办理",
    State.ACCEPTED: "承办单位正在办理",
    State.HELD: "承办单位正在办理，暂停计时",
    State.ANSWERED: "承办单位已答复",
    State.MERGED: "与您或他人先前反映的同一件事合并办理",
    State.CLOSED: "已办结",
    State.WITHDRAWN: "您已撤回",
}

_STEPS = {
    "register": "您的诉求已登记",
    "dispatch": "已派给{unit}",
    "conclude": "{answer}",
    "accept": "{unit}已签收，开始办理",
    "assign_below": "已转给{unit}办理",
    "object": "正在核实由哪个单位办理",
    "uphold_objection": "已改由{unit}办理",
    "refuse_objection": "已核实，仍由{unit}办理",
    "decide": "经研究确定，由{unit}办理",
    "redispatch": "已改由{unit}办理",
    "log_contact": "{unit}登记了与您联系的情况",
    "extend": "办理时限已延长，原因：{reason}",
    "grant_extension": "办理时限已延长，原因：{reason}",
    "report_stage": "{unit}报告了阶段进展：{reason}",
    "hold": "暂停计时，原因：{reason}",
    "resume": "恢复计时，继续办理",
    "answer": "{unit}已答复：{answer}",
    "escalate": "{unit}已报请上级协调解决",
    "coordinate": "上级已提出处理意见，{unit}继续办理",
    "take_over": "改由{unit}牵头办理",
    "whistle": "{unit}已召集有关单位共同解决",
    "urge": "已督促{unit}抓紧办理",
    "merge": "与先前的同一件诉求 {parent} 合并办理",
    "unmerge": "已改为单独办理，由{unit}负责",
    "close_merged": "合并办理的诉求已办结",
    "split": "您反映的几件事已分别立单：{parts}",
    "supplement": "已补充情况",
    "rework": "已退回{unit}重新办理",
    "close": "已办结",
    "reopen": "已重新办理，由{unit}负责",
    "withdraw": "您撤回了这件诉求",
}
"""Steps that a resident sees in the progress of an order; what units settle among themselves isn't there."""

_MESSAGES = {
    "extend": "您的诉求 {number} 需要多些时间：{reason}。新的办理时限是 {deadline}。",
    "grant_extension": "您的诉求 {number} 需要多些时间：{reason}。新的办理时限是 {deadline}。",
    "report_stage": "您的诉求 {number} 有了阶段进展。{unit}：{reason}",
    "hold": "您的诉求 {number} 暂停计时：{reason}。恢复后我们会接着办。",
    "resume": "您的诉求 {number} 已恢复办理，办理时限是 {deadline}。",
    "answer": "您的诉求 {number} 有答复了。{unit}：{answer}",
    "rework": "您的诉求 {number} 已退回{unit}重新办理，新的办理时限是 {deadline}。",
    "reopen": "您的诉求 {number} 已重新办理，由{unit}负责，办理时限是 {deadline}。",
    "merge": "您的诉求 {number} 与先前登记的 {parent} 是同一件事，我们合并办理，进展和结果都会告诉您。",
    "unmerge": "您的诉求 {number} 改为单独办理，由{unit}负责，办理时限是 {deadline}。",
    "split": "您反映的几件事分别立了单，会各自办理和答复：{parts}。",
    "take_over": "您的诉求 {number} 改由{unit}牵头办理，办理时限不变。",
}

_REPEAT_MESSAGES = {
    "extend": "您的诉求 {number}（已并入 {parent}）需要多些时间：{reason}。新的办理时限是 {deadline}。",
    "grant_extension": "您的诉求 {number}（已并入 {parent}）需要多些时间：{reason}。新的办理时限是 {deadline}。",
    "report_stage": "您的诉求 {number}（已并入 {parent}）有了阶段进展。{unit}：{reason}",
    "answer": "您的诉求 {number}（已并入 {parent}）有答复了。{unit}：{answer}",
    "rework": "您的诉求 {number}（已并入 {parent}）已退回{unit}重新办理，新的办理时限是 {deadline}。",
}

_HELPER_STATES = {
    "suggested": "建议协办",
    "asked": "协办中",
    "reported": "已报送结果",
    "called": "等待报到",
    "coming": "已确认报到时间",
    "refused": "不能报到",
    "arrived": "已报到",
    "raised": "等待处理意见",
    "coordinated": "已提出处理意见",
    "taken_over": "已接手牵头",
    "released": "不再需要",
}

_LABELS = {row.name: row.label for row in TABLE}


def state(value: State) -> str:
    """Return a state in a resident's words."""
    return _STATES[value]


def step(name: str, unit: str, detail: dict[str, Any]) -> str | None:
    """Return one event in a resident's words, None for what isn't theirs to follow; reasons and answers come from ``detail``."""
    template = _STEPS.get(name)
    return template.format(unit=unit, **_values(detail)) if template else None


def told(name: str) -> bool:
    """Say whether a resident is sent word of step ``name``."""
    return name in _MESSAGES


def message(name: str, number: str, unit: str, detail: dict[str, Any], deadline: datetime | None) -> str:
    """Return what a resident is sent of step ``name`` of order ``number``."""
    return _MESSAGES[name].format(number=number, unit=unit, deadline=_when(deadline), **_values(detail))


def told_of_repeats(name: str) -> bool:
    """Say whether residents whose order was merged into another are sent word of the other's step ``name``."""
    return name in _REPEAT_MESSAGES


def repeat_message(name: str, number: str, parent: str, unit: str, detail: dict[str, Any], deadline: datetime | None) -> str:
    """Return what the resident of order ``number``, merged into ``parent``, is sent of a step of ``parent``."""
    values = _values(detail) | {"parent": parent}
    return _REPEAT_MESSAGES[name].format(number=number, unit=unit, deadline=_when(deadline), **values)


def helper_state(state: str) -> str:
    """Return how a helping unit stands, in words that staff use."""
    return _HELPER_STATES[state]


def event_label(name: str) -> str:
    """Return the Chinese name of an event for staff."""
    return _LABELS[name]


def _when(deadline: datetime | None) -> str:
    return beijing_text(deadline) if deadline else "另行告知"


def _values(detail: dict[str, Any]) -> dict[str, str]:
    return {
        "reason": str(detail.get("reason", "未说明")).rstrip("。"),
        "answer": detail.get("answer") or "",
        "parent": detail.get("parent") or "",
        "parts": "、".join(detail.get("parts", [])),
    }
