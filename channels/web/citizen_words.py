"""Everything that a resident reads on their own pages (progress, evaluation, links), in one place. Warm, short, plain."""

from __future__ import annotations

SERVICE = "12345 接诉即办"
LARGER, NORMAL = "大字版", "标准字"
SKIP = "跳到正文"
DIAL = "拨打 {line}"
DANGER = "遇到危险请拨打"
HELP = "看不明白、不方便上网？打 12345，说工单号，话务员帮您查。"
TO_CHAT = "在线反映新的事"

# --- finding an order ---------------------------------------------------------------------------------------------------

FIND_TITLE = "查一查您的事办到哪儿了"
FIND_LEAD = "填上工单号，再填登记时留的手机号后四位，就能看到进展。"
FIND_NUMBER = "工单号"
FIND_NUMBER_HINT = "短信或聊天里告诉过您，像 BJ20261123-000001"
FIND_TAIL = "手机号后四位"
FIND_BUTTON = "查看进展"
FIND_NOTHING = "没有查到。请核对一下工单号和手机号后四位；登记时没留电话的，请从收到的链接打开。"
FIND_TAIL_WRONG = "手机号后四位要填四个数字，比如 8000。"
FIND_NUMBER_WRONG = "工单号没有填，或者填得太长了。"
FIND_TOO_OFTEN = "试得次数有点多，为了保护您的隐私，请过一小时再来；着急就打 12345，话务员帮您查。"

# --- links --------------------------------------------------------------------------------------------------------------

LINK_EXPIRED_TITLE = "这个链接过期了"
LINK_EXPIRED = "为了保护您的隐私，链接过了九十天就打不开了。您的事都还在，用工单号和手机号后四位就能接着看。"
LINK_BAD_TITLE = "这个链接打不开"
LINK_BAD = "可能是复制的时候少了几个字。请回到短信或聊天里重新点一下，或者用工单号查。"
LINK_ERASED_TITLE = "这件事办完很久了"
LINK_ERASED = "按照个人信息保护的规定，内容已经清除。有新的事，随时找我们。"
PRIVATE = "这一页只给您本人看，链接请不要转给别人。"

# --- progress -----------------------------------------------------------------------------------------------------------

YOUR_MATTER = "您反映的事"
STAGES_TITLE = "办到哪一步了"
RECEIVED, ASSIGNED, LIMIT, ANSWERED, RATED = "收到", "派单", "时限", "答复", "评价"
NOT_ASSIGNED = "正在核实由哪个单位办理"
ASSIGNED_TO = "由{unit}办理"
PROMISED = "{deadline} 前办好并答复您"
LATE = "原定 {deadline} 前办好，已经超时。让您久等了，我们正在督促。"
PAUSED = "暂停计时，条件具备了接着办"
NO_LIMIT = "派单后告诉您办理时限"
NOT_ANSWERED = "还没有答复，办好就告诉您"
ANSWERED_AT = "{at} 已答复"
CONCLUDED_AT = "{at} 已告知您"
NOT_RATED = "办好以后，想听听您的意见"
RATE_NOW = "等您说一声：满意不满意，都算数"
RATED_DONE = "您已经评价过了，谢谢"
WITHDRAWN = "{at} 您撤回了这件事"
DONE, CURRENT, COMING = "已完成", "进行中", "还没到"

ANSWER_TITLE = "{unit}给您的答复"
TOLD_TITLE = "给您的答复"
ANSWER_FILES = "随答复给您的照片和文件"
YOUR_WORDS = "您当时说的"
FILES_TITLE = "您发来的照片和文件"
FILE_NAMES = {"photo": "照片", "video": "视频", "voice": "语音", "document": "文件"}
HISTORY_TITLE = "办理经过"
PARTS_TITLE = "您说的几件事分开办理，工单号："

# --- adding, withdrawing, reopening --------------------------------------------------------------------------------------

ADD_TITLE = "还有要补充的"
ADD_LABEL = "补充什么，写在这里，办理单位马上能看到"
FILES_LABEL = "照片、视频或文件（可以不选）"
FILES_HINT = "一次最多十个。照片和文件每个不超过 20 MB，视频不超过 50 MB，合起来不超过 200 MB。照片里的拍摄位置只有办理人员看得到。"
FILE_REFUSED = "“{name}”没有收下：{why}。您写的内容还在，请重新选一下文件再提交。"
TOO_MANY_FILES = "一次最多选十个文件，请分几次提交。您写的内容还在。"
FILES_ADDED = "诉求人补充了 {count} 个文件"
ADD_BUTTON = "提交补充"
ADD_EMPTY = "还没有写内容，也没有选文件呢。写一两句，或者选几张照片再提交。"
ADDED = "收到了，已经附在工单上，办理单位会看到。"
WITHDRAW_TITLE = "不用办了，我要撤回"
WITHDRAW_LEAD = "撤回以后，办理单位就不再跟进了。要是以后又需要，重新反映就行。"
WITHDRAW_LABEL = "为什么撤回（比如“已经自己修好了”）"
WITHDRAW_CONFIRM = "我想好了，要撤回"
WITHDRAW_BUTTON = "撤回这件事"
WITHDRAW_EMPTY = "请写一下原因，并勾选“我想好了，要撤回”。"
WITHDRAWN_NOW = "已经按您的意思撤回。以后有事，随时找我们。"
REOPEN_TITLE = "问题又出现了，或者其实没解决"
REOPEN_LABEL = "现在是什么情况"
REOPEN_BUTTON = "请重新办理"
REOPEN_EMPTY = "请写一下现在是什么情况，办理单位好对症处理。"
REOPENED = "已经退回去重新办理，您的话也附上了。办好后再告诉您。"
NOT_NOW = "刚才这件事的情况有了变化，这一步现在办不了。请看看下面最新的进展。"
TOO_LONG = "写得太长了，请控制在两千字以内。"

# --- evaluation ---------------------------------------------------------------------------------------------------------

SURVEY_TITLE = "这件事办得怎么样？"
SURVEY_LEAD = "请您说句实话。您的回答决定这件事算不算办好。"
RATE_TITLE = "办得怎么样，请您评一评"
QUESTIONS = {"contacted": "工作人员联系过您吗？", "resolved": "问题解决了吗？", "satisfied": "您满意吗？"}
CHOICES = {
    "contacted": (("yes", "联系过"), ("no", "没联系过")),
    "resolved": (("yes", "解决了"), ("partial", "解决了一部分"), ("no", "没解决")),
    "satisfied": (("satisfied", "满意"), ("neutral", "一般"), ("dissatisfied", "不满意")),
}
OWN_WORDS = "也可以用自己的话说（上面不选也行）"
OWN_WORDS_HINT = "比如：来修过，还是不热，不满意"
REASON = "没解决或者不满意的话，请说说哪里没办好"
REASON_HINT = "您的话会原样附在工单上，退回去重新办"
SUBMIT = "提交"
REFUSE = "这次不想评价"
ONE_BY_ONE, ALL_AT_ONCE = "一题一题答", "三题一起答"
MISSING = "还差一点：请把下面的问题也答一下。"
SOMETHING_ELSE = "您写的像是另外一件事。这里只收对这件事的评价；新的事请点最下面“在线反映新的事”，或者打 12345，我们单独给您登记。"
WHY_TITLE = "抱歉，没让您满意"
WHY_LEAD = "请说说哪里没办好。您的话会原样转给办理单位。"
WHY_LABEL = "哪里没办好"
WITHOUT_REASON = "不想细说，就这样提交"
THANKS_TITLE = "谢谢您"
REFUSED = "好的，不打扰您了。以后有事随时找我们。"
TO_PROGRESS = "看这件事的进展"

OVER = {
    "answered": ("已经评价过了", "这个链接已经用过了，您的评价我们收到了，谢谢。问题要是还没解决，直接告诉我们，我们接着办。"),
    "refused": ("这次不用评价了", "您之前说过不想评价，我们就不再问了。以后有事，随时找我们。"),
    "expired": ("这次回访已经结束", "谢谢您还惦记着。问题要是还没解决，直接告诉我们，我们接着办。"),
    "cancelled": ("这件事正在接着办", "情况有了变化，工单正在重新办理，这次先不用评价，办好后我们再跟您核实。"),
}
"""What somebody is told whose link takes no answer any more, by how the callback ended."""
