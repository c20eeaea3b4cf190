"""The terms of an order's life: where it stands, who acts, as what, under which condition, how it ends."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """Where an order stands; the value is stored, ``label`` is shown."""

    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    OBJECTED = "objected"
    ACCEPTED = "accepted"
    HELD = "held"
    ANSWERED = "answered"
    MERGED = "merged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words that staff use."""
        return _STATE_LABELS[self]


_STATE_LABELS = {
    State.REGISTERED: "已登记",
    State.DISPATCHED: "已派单",
    State.OBJECTED: "派单异议待审",
    State.ACCEPTED: "办理中",
    State.HELD: "暂停计时",
    State.ANSWERED: "已答复",
    State.MERGED: "已并入其他工单",
    State.CLOSED: "已办结",
    State.WITHDRAWN: "诉求人撤回",
}

OPEN_STATES = frozenset({State.REGISTERED, State.DISPATCHED, State.OBJECTED, State.ACCEPTED, State.HELD})
"""States in which somebody still has to act."""

WORKING_STATES = frozenset({State.ACCEPTED, State.HELD})
"""States in which a unit has accepted the order and other units may be helping it."""


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


class Party(str, Enum):
    """As what a unit's people (``Role.HANDLER``) have to do with an order."""

    LEAD = "lead"
    CO_UNIT = "co_unit"
    CALLED = "called"
    ABOVE = "above"

    @property
    def label(self) -> str:
        """The party in words that staff use."""
        return _PARTY_LABELS[self]


_PARTY_LABELS = {
    Party.LEAD: "承办单位",
    Party.CO_UNIT: "协办单位",
    Party.CALLED: "被吹哨单位",
    Party.ABOVE: "被报请的政府或主管部门",
}


class Condition(str, Enum):
    """What must hold of an order beyond its state; ``label`` says it in words."""

    ASSIGNMENT_OPEN = "assignment_open"
    OBJECTIONS_LEFT = "objections_left"
    EXTENSIONS_LEFT = "extensions_left"
    IN_TIME = "in_time"
    LED_BY_STREET = "led_by_street"
    LED_BY_DISTRICT = "led_by_district"
    LED_BY_LIAISON = "led_by_liaison"
    REOPENABLE = "reopenable"

    @property
    def label(self) -> str:
        """The condition in words that staff use."""
        return _CONDITION_LABELS[self]


_CONDITION_LABELS = {
    Condition.ASSIGNMENT_OPEN: "督办员没有裁定过承办单位",
    Condition.OBJECTIONS_LEFT: "异议次数未到上限（到上限后由督办员裁定）",
    Condition.EXTENSIONS_LEFT: "延期次数未到上限",
    Condition.IN_TIME: "时限未过",
    Condition.LED_BY_STREET: "承办单位是街道、乡镇",
    Condition.LED_BY_DISTRICT: "承办单位是区政府",
    Condition.LED_BY_LIAISON: "承办单位是央地、军地协调组",
    Condition.REOPENABLE: "由单位办理过，且在可重新办理的期限内",
}


class Ending(str, Enum):
    """How a closed order ended. All but ``HANDLED`` and ``MERGED`` end an order that was never dispatched (Art. 12)."""

    HANDLED = "handled"
    MERGED = "merged"
    EMERGENCY = "emergency"
    LEGAL_CHANNEL = "legal_channel"
    PROGRESS = "progress"
    EXPLAIN = "explain"
    EDUCATE = "educate"
    LAW_EXPLAINED = "law_explained"
    MARKET = "market"
    ANSWER = "answer"

    @property
    def label(self) -> str:
        """The ending in words that staff use."""
        return _ENDINGS[self][0]

    @property
    def article(self) -> str:
        """The article that it rests on."""
        return _ENDINGS[self][1]


_ENDINGS = {
    Ending.HANDLED: ("承办单位办结", "第十七条、第二十四条"),
    Ending.MERGED: ("随所并入的工单办结", "第十二条第二款第三项"),
    Ending.EMERGENCY: ("转紧急服务专线", "第十二条第二款第一项"),
    Ending.LEGAL_CHANNEL: ("告知法定渠道", "第十二条第二款第二项"),
    Ending.PROGRESS: ("告知办理进展或结果", "第十二条第二款第三项"),
    Ending.EXPLAIN: ("做好解释", "第十二条第二款第四项"),
    Ending.EDUCATE: ("劝导教育，告知法律后果", "第十二条第二款第五项"),
    Ending.LAW_EXPLAINED: ("普法宣传，告知法律后果", "第十二条第二款第六项"),
    Ending.MARKET: ("告知市场、社会渠道", "第十二条第二款"),
    Ending.ANSWER: ("即时答复", "第十二条第一款"),
}

UNDISPATCHED_ENDINGS = frozenset(Ending) - {Ending.HANDLED, Ending.MERGED}
"""Endings of orders that were registered but are nobody's to handle."""


class HoldGround(str, Enum):
    """What an order may wait for while its deadline stands still."""

    RESIDENT = "resident"
    PROCEDURE = "procedure"
    COORDINATION = "coordination"

    @property
    def label(self) -> str:
        """The ground in words that staff use."""
        return _GROUNDS[self][0]

    @property
    def article(self) -> str:
        """The article that it rests on."""
        return _GROUNDS[self][1]


_GROUNDS = {
    HoldGround.RESIDENT: ("等待诉求人配合（补充材料、约定入户等）", "第十条第二项"),
    HoldGround.PROCEDURE: ("法定检验、检测、鉴定、公示等程序期间", "第十五条第二款"),
    HoldGround.COORDINATION: ("等待政府或行业主管部门的处理意见", "第二十二条"),
}


class CommunityList(str, Enum):
    """On which list of a community's work a matter stands (Art. 19(2))."""

    DUTIES = "duties"
    ASSISTANCE = "assistance"
    NEITHER = "neither"

    @property
    def label(self) -> str:
        """The list in words that staff use."""
        return _LISTS[self]


_LISTS = {
    CommunityList.DUTIES: "社区职责清单",
    CommunityList.ASSISTANCE: "社区依法协助政府工作清单",
    CommunityList.NEITHER: "都不在",
}


class CommunityPart(str, Enum):
    """As what a community is to act (Art. 19(2))."""

    MAIN = "main"
    ASSIST = "assist"

    @property
    def label(self) -> str:
        """The part in words that staff use."""
        return "主责办理" if self is CommunityPart.MAIN else "协助"
