"""What residents are asked and told in a callback; all of these words stand here."""

from __future__ import annotations

ASK_ANSWERED = (
    "您反映的“{matter}”（{number}），{unit}已经答复。想跟您核实三件事：有人联系过您吗？问题解决了吗？您满意吗？用您自己的话回复就行，"
    "比如“联系了，修好了，满意”，也可以依次回复数字。"
)
ASK_OVERDUE = (
    "您反映的“{matter}”（{number}）办理时限已到。想跟您核实三件事：{unit}联系过您吗？问题解决了吗？您满意吗？用您自己的话回复就行，"
    "比如“没人联系，没解决”。"
)
ASK_BUTTONS = ("联系了，解决了，满意", "联系了，没解决", "没人联系我", "不想评价")

REMIND = (
    "前两天想跟您核实“{matter}”（{number}）的办理情况，还没收到您的回复。方便的话告诉我们一声：联系过您吗？解决了吗？满意吗？"
    "不想评价也没关系。"
)

NEXT = {
    "contacted": "好的。那办理期间，有工作人员联系过您吗？",
    "resolved": "好的。那问题解决了吗？",
    "satisfied": "好的。您对这次办理满意吗？",
}
NEXT_BUTTONS = {
    "contacted": ("联系过", "没联系过"),
    "resolved": ("解决了", "部分解决", "没解决"),
    "satisfied": ("满意", "一般", "不满意"),
}

ASK_REASON = "抱歉没让您满意。请说说哪里没办好，您的话会原样附在工单上，退回{unit}重新办理。"
THANKS = "谢谢您的评价。以后有事随时找我们。"
REWORKED = "已把您的话附在工单 {number} 上，退回{unit}重新办理，办好后再跟您核实。"
NOTED_UNSATISFIED = "谢谢您直说，已记录并转告{unit}。"
REFUSED = "好的，不打扰您了。以后有事随时找我们。"
OVER = "这次回访已经结束，谢谢您惦记着。问题要是还没解决，直接告诉我们，我们接着办。"
OVERTAKEN = "这件事正在接着办理，办好后我们再跟您核实，这次先不用回复。"

NO_REASON = "诉求人反映未解决，没有说明原因"
NO_REASON_UNSATISFIED = "诉求人对办理不满意，没有说明原因"
CLOSED_SOLVED = "诉求人确认已解决"
CLOSED_SILENT = "回访期满，诉求人没有回复"
CLOSED_REFUSED = "诉求人不愿评价"
