"""What the pages of callbacks and of the assessment call things."""

from __future__ import annotations

TABS = {
    "phone": "待电话回访",
    "asked": "已发出，等回复",
    "unreached": "多次未接通",
    "refused": "不愿评价",
    "expired": "期满未回复",
    "excluded": "不计入考核",
}
STATES = {
    "planned": "待发出",
    "asked": "已发出，等回复",
    "phone": "待电话回访",
    "answered": "已回访",
    "refused": "不愿评价",
    "expired": "期满未回复",
    "cancelled": "工单另行办理，不再回访",
}
QUESTIONS = {"contacted": "办理期间有人联系过您吗？", "resolved": "问题解决了吗？", "satisfied": "您对办理满意吗？"}
ANSWERS: dict[str, dict[str, str]] = {
    "contacted": {"yes": "联系过", "no": "没联系"},
    "resolved": {"yes": "解决", "partial": "部分解决", "no": "未解决"},
    "satisfied": {"satisfied": "满意", "neutral": "一般", "dissatisfied": "不满意"},
}
DECISIONS = {"pending": "待审核", "upheld": "申诉成立", "refused": "申诉不成立"}

UNMASK_REASON = "电话回访"
NO_NUMBER = "没有留电话"
ALL_THREE = "三个问题都要选一个答案"
OVER = "这次回访已有结果或已结束，没有再记"
WHY_NEEDED = "请写明理由"
DECISION_NEEDED = "请选择申诉是否成立，并写明审核意见"

SAID = {
    "valid": "计入考核",
    "contacted": "联系过",
    "resolved": "解决",
    "partial": "部分解决",
    "satisfied": "满意",
    "neutral": "一般",
    "excluded": "不计入考核",
}
PARTS = {"lead": "首接", "co": "协办"}
