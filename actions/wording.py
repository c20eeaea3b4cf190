"""What the assistant says in its own words, apart from the fixed responses of ``bot/domain``. Warm, short, plain.

A blank line would split a message in two (Rasa), so lines are joined by single line ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from actions.api import Json

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
_WEEKDAYS = "一二三四五六日"

SUMMARY_CHARACTERS = 200

Button = dict[str, str]


def button(title: str, payload: str | None = None) -> Button:
    """Return a button; what it sends is what a resident would type."""
    return {"title": title, "payload": payload or title}


CONFIRM, REVISE, CANCEL = button("确认提交"), button("修改"), button("取消")
ANONYMOUS, NO_IDEA, HUMAN = button("匿名提交"), button("说不清地址"), button("转人工")
SOLVED, UNSOLVED, NONE_OF_THEM = button("解决了"), button("没解决"), button("都不是")
STILL_FILE = button("还是要登记", "还是帮我登记吧")
RETRY = button("再试一次", "确认提交")

# --- intake ------------------------------------------------------------------------------------------------------------

ASK_DESCRIPTION = "您说，发生了什么事？怎么顺口怎么讲，有时间、次数、影响到谁，一起告诉我更好。"
ASK_DESCRIPTION_AGAIN = "我还不清楚出了什么事，您用一两句话说说，比如“楼道灯坏了一个星期没人修”。说着费劲的话，也可以转人工。"
ASK_PLACE = "这事儿在哪儿？小区、路名、路口、附近的大门都行。"
ASK_PLACE_CANDIDATES = "这个地方我查到不止一处，您说的是哪一个？"
ASK_DISTRICT = "没关系，那知道在哪个区吗？比如朝阳、海淀、丰台、通州。实在说不清也能登记。"
ASK_PLACE_AGAIN = "这个地方我没查到。您说一下是哪个区、哪个小区或哪条路，比如“朝阳区望京西园四区”。"
ASK_CONTACT = "留个手机号吧，办理单位好联系您；您的号码只有办理单位看得到。不方便的话也可以匿名。"
ASK_CONTACT_AGAIN = "我没看到完整的号码。麻烦发一下11位手机号，或者座机号；不想留就点“匿名提交”。"
ASK_WHAT_TO_CHANGE = "好的，哪儿不对您直接说，比如“地址错了，是望京西园四区”“电话换成……”“补充一下，晚上更严重”。"
CANCELLED = "好的，这件事我先不报，刚才填的都删掉了。往后想反映，随时跟我说一声就行。"
NOTHING_TO_CANCEL = "好的，没有正在登记的事。需要的时候随时叫我。"
FILING_FAILED = "实在抱歉，刚才没提交成功。您填的内容都还在，不用重说：可以再试一次，也可以转人工。"

EXAMPLES_OF_REPHRASING = {
    "description": "我是想问：您遇到了什么事？比如“楼道灯坏了一个星期没人修”。",
    "place": "我是想问：这件事发生在哪里？比如“朝阳区望京西园四区215楼”，只知道是哪个区也行。",
    "contact": "我是想问：办理单位怎么联系您？发个手机号就行；不想留，说“匿名”就好。",
    "confirmed": "上面是我给您记的工单。没问题就说“确认提交”；哪儿不对，直接告诉我改成什么；不想报了就说“取消”。",
}


def ask_description_at(place: str) -> str:
    """Return the question what happened when only the place is known."""
    return f"好的，{place}。那边出了什么事？您说说，一两句话就行。"


def summary(
    *, description: str, matter: str | None, place: str, contact: str, request_type: str | None, unit: str | None, deadline: Json | None
) -> str:
    """Return the summary that the resident confirms before an order is filed (Art. 11: time, matter, place, contact)."""
    lines = ["您看我记得对不对："]
    kind = "·".join(part for part in (request_type, matter) if part)
    if kind:
        lines.append(f"事项：{kind}")
    lines += [f"情况：{shortened(description)}", f"地点：{place}", f"联系：{contact}"]
    if unit:
        limit = f"，{hours_in_words(deadline['hours'])}内办理" if deadline and deadline.get("hours") else ""
        lines.append(f"将转给：{unit}{limit}")
    return "\n".join(lines)


def shortened(description: str) -> str:
    """Return a description as the summary shows it; the order keeps all of it."""
    return (
        description
        if len(description) <= SUMMARY_CHARACTERS
        else f"{description[:SUMMARY_CHARACTERS]}……（共{len(description)}字，会全文转给办理单位）"
    )


def contact_words(phone: str | None, name: str | None) -> str:
    """Return how the resident will be reached; None for both means anonymously."""
    return " ".join(part for part in (name, phone) if part) if phone else "匿名（不留电话）"


def filed(order: Json, *, anonymous: bool) -> str:
    """Return what the resident is told when the order is filed: number, unit, copies, deadline (Art. 14, 15)."""
    unit = (order.get("unit") or {}).get("name") or "承办单位"
    copies = "、".join(copy["name"] for copy in order.get("copied_to") or [])
    lines = [f"登记好了，单号 {order['number']}。"]
    line = f"已派给{unit}"
    if copies:
        line += f"，同时抄送{copies}督促协调"
    if order.get("deadline_at"):
        line += f"，最晚{moment(order['deadline_at'])}前办理"
    lines.append(line + "。")
    lines.append(
        "您没留电话，办理结果凭单号来问我就能查到。" if anonymous else "他们会按您留的电话联系您；想知道进展，把单号发给我就能查。"
    )
    if order.get("progress_url"):
        lines.append(f"您的进度页：{order['progress_url']}")
    return "\n".join(lines)


def hours_in_words(hours: int) -> str:
    """Return a time limit in plain words: 24 -> ``24小时``, 168 -> ``7天``."""
    return f"{hours // 24}天" if hours > 24 and hours % 24 == 0 else f"{hours}小时"


def moment(iso: str) -> str:
    """Return an ISO 8601 time in Beijing time and plain words: ``11月24日（周二）10:00``."""
    local = datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone(BEIJING)
    return f"{local.month}月{local.day}日（周{_WEEKDAYS[local.weekday()]}）{local:%H:%M}"


# --- questions ---------------------------------------------------------------------------------------------------------

ASK_QUESTION = "您请讲，想了解哪方面的事？办什么手续、卡在哪一步，说得具体点我好查。"
NEAREST = "我没找到完全对得上的，您看是不是想问其中一个？"
NOT_KNOWN = "这个问题我这儿没有现成的答案。我可以记成咨询工单，转给管这件事的单位来回复您，要登记吗？"
NOT_KNOWN_IN_FORM = "这个问题我手头没有现成的答案，我写进工单里，请办理单位一并答复您。"
KNOWLEDGE_FAILED = "实在抱歉，知识库这会儿查不了。要不我先给您记成咨询工单，或者转人工？"
GLAD = "太好了，能帮上忙就好。"
SORRY_UNSOLVED = "没帮到点子上，抱歉。我记成咨询工单，转给管这件事的单位答复您。"
SORRY_ORDER_UNSOLVED = "事情没办好，让您费心了。您说说现在是什么情况，我再帮您反映；想直接找人，可以转人工。"
SORRY_IN_FORM = "抱歉没帮上忙。咱们先把这件事登记好，办理单位会来办。"


MISSED_AGAIN = "还是没查到能直接答您的，就不让您来回问了。我把您的问题和刚才说的，一起转给管这件事的单位来答复您。"
NOT_ASKED = "（知识库未能查询）"
EXCHANGE = "——与智能客服的对话——"

SHORT_CHANNELS = ("sms", "voice")
_SHORT_ANSWER = 140
_SENTENCE_ENDS = "。！？；\n"


def was_asked(question: str) -> str:
    """Return a resident's question as a line of the exchange that an order carries."""
    return f"市民：{question.strip()[:300]}"


def was_answered(title: str) -> str:
    """Return an answer as a line of the exchange that an order carries."""
    return f"客服：答复知识条目《{title[:80]}》"


def was_offered(titles: Sequence[str]) -> str:
    """Return titles offered, or that there were none, as a line of the exchange that an order carries."""
    return f"客服：未能直接答复，提供了相近条目{''.join(f'《{title[:40]}》' for title in titles)}" if titles else "客服：没有现成答案"


def answer(hit: Json, *, channel: str, excerpt: str | None = None, asked: str | None = None) -> str:
    """Return an answer with its source and date (Art. 13): whole where there is room, in a sentence or two by SMS and voice.

    Args:
        hit: the entry: passage, source, dept, article, updated_on, valid_to.
        excerpt: the sentences that answer a question which leans on the one before, said instead of the whole passage.
        asked: how such a question was understood.
    """
    origin = hit.get("source") or hit.get("dept")
    if channel in SHORT_CHANNELS:
        body = shortest(excerpt or hit["passage"])
        if channel == "voice":
            return f"{body}以上来自{origin}。" if origin else body
        return f"{body}（{origin}，{_day(hit)}）" if origin else body
    body = (excerpt or hit["passage"]).strip().replace("\n\n", "\n")
    lines = [f"您问的是“{asked.replace(' ', '，')}”。"] if asked else []
    lines.append(body)
    notes = [f"来源：{origin}{'，' + hit['article'] if hit.get('article') else ''}"] if origin else []
    if hit.get("updated_on"):
        notes.append(f"更新于{hit['updated_on']}")
    if hit.get("valid_to"):
        notes.append(f"有效期至{hit['valid_to'][:10]}")
    if notes:
        lines.append(f"（{'，'.join(notes)}）")
    return "\n".join(lines)


def shortest(passage: str) -> str:
    """Return the first sentences of a passage, as many as fit into a text message beside the source."""
    text = " ".join(passage.split())
    if len(text) <= _SHORT_ANSWER:
        return text
    ends = [place for place, sign in enumerate(text[:_SHORT_ANSWER]) if sign in _SENTENCE_ENDS]
    return text[: ends[-1] + 1] if ends else f"{text[: _SHORT_ANSWER - 1]}…"


def _day(hit: Json) -> str:
    return f"有效期至{hit['valid_to'][:10]}" if hit.get("valid_to") else f"更新于{hit.get('updated_on') or '—'}"


# --- progress ----------------------------------------------------------------------------------------------------------

NO_ORDER_YET = "这个对话里还没有登记过工单。有单号的话发给我，我来查，比如 BJ20261123-000042；要反映新的事，直接说就行。"
PROGRESS_FAILED = "实在抱歉，这会儿查不到进度，麻烦过几分钟再试，或者转人工帮您看。"


def unknown_order(number: str) -> str:
    """Return the reply for a number that doesn't exist or belongs to somebody else; which of the two isn't told."""
    return f"没有查到单号 {number}，麻烦您核对一下数字。为保护隐私，在哪个渠道登记的，就在哪个渠道查；也可以转人工帮您核实。"


def progress(order: Json) -> str:
    """Return how an order stands, in a few lines: state, unit, latest step, deadline or answer."""
    matter = (order.get("matter") or {}).get("name")
    head = f"单号 {order['number']}" + (f"（{matter}）" if matter else "")
    lines = [f"{head}：{order.get('state_text') or '办理中'}。"]
    unit = (order.get("unit") or {}).get("name")
    if order.get("answer"):
        lines.append(f"{unit or '承办单位'}的答复：{order['answer']}")
    else:
        events = order.get("events") or []
        if events:
            lines.append(f"最新进展：{events[-1]['text']}（{moment(events[-1]['at'])}）。")
        if unit and order.get("deadline_at"):
            lines.append(f"{unit}最晚{moment(order['deadline_at'])}前办理。")
    return "\n".join(lines)


SAME_MATTER = "这件事您之前反映过，我先把办理情况告诉您；有新情况的话直接说，我再帮您登记。"

# --- emergency and people ----------------------------------------------------------------------------------------------

_LINES = {"110": "报警", "119": "消防救援", "120": "急救", "122": "交通事故"}


def emergency(line: str, also: Sequence[str]) -> str:
    """Return what somebody in danger is told first: which line to ring (Art. 12(1))."""
    more = "，".join(f"需要{_LINES.get(number, '帮助')}再打 {number}" for number in also)
    return (
        f"情况紧急，请现在就拨打 {line}（{_LINES.get(line, '紧急服务')}）！"
        + (more + "。" if more else "")
        + "先保证人安全，我这边已经记下您说的情况。"
    )


def in_queue(position: int | None, office_hours: bool) -> str:
    """Return what a resident is told who waits for an operator; ``position`` counts from 1."""
    if not office_hours:
        return "已经帮您转人工了。现在是夜间，值班人员会尽快接入，您把情况留在这儿就行，刚才说过的不用再说一遍。"
    if position and position > 1:
        return f"正在给您转人工，前面还有{position - 1}位，请稍等。刚才说过的工作人员都能看到，不用再说一遍。"
    return "正在给您转人工，马上就来。刚才说过的工作人员都能看到，不用再说一遍。"


HANDOFF_FAILED = "转人工的请求我记下了，工作人员看到就会联系您。着急的话，也可以直接拨打12345。"

# --- what the city can't take as an order ------------------------------------------------------------------------------

LEGAL_CHANNELS = {
    "诉讼": (
        "这件事要由法院来定，12345不能代替判决，也不能干预审理。您可以到有管辖权的法院立案庭，"
        "或用“北京法院审判信息网”“人民法院在线服务”小程序立案；案子上的事打诉讼服务热线 12368。"
        "请不起律师的，打 12348 问法律援助，免费。"
    ),
    "仲裁": (
        "这类争议依法先走仲裁。劳动方面的，到用人单位所在地或您干活所在区的劳动人事争议仲裁院申请，不收费，"
        "一般要在一年内提出，材料怎么备可以问 12333；"
        "合同里约定了仲裁的，找约定的那家仲裁委员会。仲裁怎么打，12348 可以免费问。"
    ),
    "行政复议": (
        "对行政机关的处罚、决定不服，可以在知道之日起60日内申请行政复议：一般向作出决定的机关的本级政府提出，"
        "材料交区（市）司法局的行政复议接待窗口，不收费。拿不准的先打 12348 问问。"
    ),
    "纪检监察": (
        "反映党员干部、公职人员违纪违法，由纪委监委受理：打 12388，或登录“12388”举报网站，"
        "写信到所在区或市纪委监委也行。您提供的线索依法保密，就不从12345这边转了，免得多一道人经手。"
    ),
    "政府信息公开": (
        "想要政府的文件、数据，走信息公开申请：到对应单位官网的“政府信息公开—依申请公开”填表，也可以当面或邮寄提交。"
        "一般20个工作日内答复，不收费。"
    ),
    "信访": (
        "这件事已经在信访渠道办理，按规定由原渠道继续办。您可以在“北京市信访办公室”网站或“国家信访局”小程序查办理情况，"
        "也可以到区、市信访接待场所当面问；对答复不服，30日内可以申请复查。"
    ),
}
LEGAL_CHANNEL_UNKNOWN = (
    "这件事依法要走专门的渠道（诉讼、仲裁、行政复议这一类），12345不能代替。该走哪条，可以先打 12348 免费法律咨询问清楚。"
)
EXPLAIN_EMPTY = "您还没说是什么事，我没法往下办。哪怕一句话也行，比如“楼下半夜施工，睡不着”。"
EXPLAIN_PRIVATE = (
    "您说的涉及国家秘密、商业秘密或者别人的隐私，按规定我这儿不能登记，也不能查，请您理解。要是有可以公开说的部分，"
    "换个说法告诉我，我接着帮您办。"
)
EDUCATE = (
    "您的心情我理解。反映问题要如实，也请别反复占线、别说伤人的话，把热线留给着急的人。"
    "按接诉即办的规定，劝阻无效、情节恶劣、违反治安管理的，公安机关会依法处理。您有什么实际困难，好好说，我一定帮您记下来。"
)
MARKET = (
    "这件事属于个人或市场之间的事，政府部门不好直接管，不过有人能帮您：邻里、家庭、借钱这类，找社区居委会的人民调解委员会，免费；"
    "买东西、预付卡这类消费纠纷，先和商家谈，谈不拢打 12315；法律上的问题打 12348。觉得里面有该政府管的，可以还是登记。"
)
CALM = [
    "听得出来您挺着急、挺窝火的。您把事情说说，我给您记好、转到能办的单位。",
    "您先消消气，骂我也没关系，但事情得说清楚才好办。是什么事、在哪儿，您告诉我。",
    "我是真想帮您。请咱们文明说话：按接诉即办的规定，辱骂、恶意占线经劝阻不听、情节恶劣的，公安机关会依法处理。想跟人说，我给您转人工。",
]
