"""Why a step was refused, in words that staff read."""

from __future__ import annotations

import re

from dispatch.orders.errors import BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError, VersionConflictError
from dispatch.orders.workflow import IllegalTransitionError, MissingNeedError, Need, row_named
from dispatch.units.service import Directory

NEED_NAMES = {
    Need.REASON.value: "说明",
    Need.ANSWER.value: "答复",
    Need.UNIT.value: "单位",
    Need.DEADLINE.value: "时限",
    Need.ENDING.value: "办结方式",
    Need.GROUND.value: "暂停的理由",
    Need.PARENT.value: "并入的工单",
    Need.PARTS.value: "各件诉求",
    Need.COMMUNITY.value: "社区",
    Need.COMMUNITY_LIST.value: "属于哪个清单",
    Need.COMMUNITY_PART.value: "社区的角色",
    Need.NO_CONTACT_REASON.value: "没有联系诉求人的原因",
    Need.NO_REPORT_REASON.value: "先行答复的原因",
}
"""What the fields of a step are called."""

REFUSED = (
    IllegalTransitionError,
    MissingNeedError,
    RuleError,
    NotInChargeError,
    UnknownUnitError,
    BadDeadlineError,
    VersionConflictError,
)
"""Errors of a step that somebody can put right."""


def in_words(error: Exception, units: Directory) -> str:
    """Return what ``error`` says to the person who asked for the step."""
    match error:
        case IllegalTransitionError():
            return f"工单现在是“{error.state.label}”，您不能对它做这一步"
        case MissingNeedError():
            why = f"：{error.why}" if error.why else ""
            return f"“{row_named(error.name).label}”还需要填写{NEED_NAMES[error.need.value]}{_with_names(why, units)}"
        case NotInChargeError():
            return "这张工单由其他单位承办，本单位收到的是推送件"
        case UnknownUnitError():
            return f"没有代码为“{error}”的单位"
        case BadDeadlineError():
            return "新的时限应晚于现在和现有时限，且不超过一年"
        case VersionConflictError():
            return "别人刚刚更新了这张工单，请核对后再提交一次"
        case _:
            return str(error)


def _with_names(text: str, units: Directory) -> str:
    return re.sub(r"[A-Z]?\d{3,12}", lambda found: unit.name if (unit := units.find(found[0])) else found[0], text)
