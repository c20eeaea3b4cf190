"""How an order's states and steps are told to residents and staff: all of these words stand here."""

from __future__ import annotations

from typing import Any

from dispatch.orders.workflow import TABLE, State

_STATES = {
    State.REGISTERED: "已记录，正在派单",
    State.DISPATCHED: "已派给承办单位，等待签收",
    State.OBJECTED: "正在核实由哪个单位办理",
    State.ACCEPTED: "承办单位正在办理",
    State.ANSWERED: "承办单位已答复",
    State.CLOSED: "已办结",
    State.WITHDRAWN: "您已撤回",
}

_STEPS = {
    "register": "您的诉求已登记",
    "dispatch": "已派给{unit}",
    "accept": "{unit}已签收，开始办理",
    "object": "正在核实由哪个单位办理",
    "refuse_objection": "已核实，仍由{unit}办理",
    "redispatch": "已改由{unit}办理",
    "log_contact": "{unit}登记了与您联系的情况",
    "extend": "办理时限已延长，原因：{reason}",
    "report_stage": "{unit}报告了阶段进展：{reason}",
    "answer": "{unit}已答复：{answer}",
    "supplement": "已补充情况",
    "rework": "已退回{unit}重新办理",
    "close": "已办结",
    "withdraw": "您撤回了这件诉求",
}

_LABELS = {"register": "登记", **{row.name: row.label for row in TABLE}}


def state(value: State) -> str:
    """Return a state in a resident's words."""
    return _STATES[value]


def step(name: str, unit: str, detail: dict[str, Any]) -> str:
    """Return one event in a resident's words; reasons and answers come from ``detail``."""
    return _STEPS[name].format(unit=unit, reason=detail.get("reason", "未说明"), answer=detail.get("answer", ""))


def event_label(name: str) -> str:
    """Return the Chinese name of an event for staff."""
    return _LABELS[name]
