"""Everything the gateway itself says to residents. The assistant's own sentences are in ``actions/wording.py`` and the domain."""

from __future__ import annotations

from datetime import datetime

from channels.message import Button, OutboundMessage

_LINES = {"110": "110（报警）", "119": "119（火警与救援）", "120": "120（急救）", "122": "122（交通事故报警）"}

_SAFETY = {
    "119": "请先离开危险的地方，不要乘电梯，不要回去取东西。",
    "120": "请守在病人身边，按 120 调度员的指导去做。",
    "110": "请先到安全的地方，不要和对方冲突。",
    "122": "请打开双闪、人撤到路边安全处。",
}

GREETING = OutboundMessage(
    "您好，这里是 12345 接诉即办。您遇到什么事，直接用自己的话说就行，比如“家里暖气不热”“公积金怎么提取”。"
    "遇到火情、急病、有人受伤，请马上拨打 119、120、110。",
    (
        Button("我要反映问题", "我要反映一个问题"),
        Button("我想问件事", "我想咨询一件事"),
        Button("查办理进度", "查一下我的工单进度"),
        Button("转人工", "转人工"),
    ),
)

HELLO = "你好"
"""What opening the chat with the bot means."""

OPTED_OUT = OutboundMessage("已为您退订，之后不再给您发短信。您已登记的诉求照常办理；想恢复请回复 START。", custom={"kind": "opted_out"})
OPTED_IN = OutboundMessage("已为您恢复短信服务。有事直接说就行，退订回复 TD。", custom={"kind": "opted_in"})

VOICE_GREETING = "您好，这里是一二三四五接诉即办热线，本次通话会录音。请说您遇到的事：在哪里，出了什么事。"
VOICE_AGAIN = "不好意思，没有听清，请您再说一遍。"
VOICE_OFFER_PERSON = "还是没有听清。需要工作人员接听，请说转人工，或者按一；也可以再说一遍您的事。"
VOICE_WAIT = "正在为您查询，请稍等。"
VOICE_TO_PERSON = "正在为您转接工作人员，您刚才说的他们都能看到，请稍等。"
VOICE_PERSON_LATER = "您说的已经完整记下，工作人员会尽快给您回电。再见。"
VOICE_MORE = "还有要说的，请继续说；说完了可以直接挂断。"
VOICE_DIAL = "要我现在为您接通，请说是，或者按一。"
VOICE_RECORDING = "通话录音"
_SPOKEN = {"0": "零", "1": "幺", "2": "二", "9": "九"}


def voice_line(line: str) -> str:
    """Return an emergency number, digit by digit."""
    return "，".join(_SPOKEN.get(digit, digit) for digit in line)


def voice_choices(titles: list[str]) -> str:
    """Return choices as they are read out, numbered from 1."""
    return "您可以直接说，也可以按数字：" + "；".join(f"{title}，按{number}" for number, title in enumerate(titles, 1))


CHOOSE = "请选择："


def choices(titles: list[str]) -> str:
    """Return choices for channels without buttons, numbered from 1."""
    return "回复数字选择：" + "；".join(f"{number} {title}" for number, title in enumerate(titles, 1))


def correction(text: str) -> str:
    """Return what the assistant is told when a resident edits a message that was answered already."""
    return f"更正一下：{text}"


ATTACHMENT_NAMES = {"photo": "照片", "video": "视频", "voice": "语音", "document": "文件"}


def attachments_kept(kinds: list[str]) -> OutboundMessage:
    """Return the reply to pictures, videos, voice or documents that came without a word."""
    names = "、".join(dict.fromkeys(ATTACHMENT_NAMES.get(kind, "文件") for kind in kinds))
    if kinds and set(kinds) == {"voice"}:
        text = (
            "语音收到了，已经存下，工作人员可以听。智能客服还听不了语音，麻烦用一两句话打字说说：在哪里、出了什么事；不方便打字就转人工。"
        )
        return OutboundMessage(text, (Button("转人工", "转人工"),))
    return OutboundMessage(f"{names}收到了，会和您反映的事放在一起。请再用一两句话说说：在哪里、出了什么事。")


def location_words(latitude: float, longitude: float, name: str | None) -> str:
    """Return a location that a resident sent, in words (degrees)."""
    return f"【位置】{name or ''}（北纬{latitude:.5f}，东经{longitude:.5f}）"


def contact_words(phone: str, name: str | None) -> str:
    """Return a contact that a resident sent, in words."""
    return f"联系人{name}，电话{phone}" if name else f"我的电话是{phone}"


TOO_MUCH = {
    "persuade": [
        OutboundMessage(
            "您的话都记下了。请不要连续刷屏、也请文明用语，把事情用一两句话说清楚，我马上给您办。", custom={"kind": "persuaded"}
        )
    ],
    "warn": [
        OutboundMessage(
            "再提醒您一次：恶意反复占用热线、辱骂或者扰乱秩序的，按接诉即办的规定，经劝阻、批评教育无效，公安机关可以依法处理。"
            "您有实际困难请好好说，我们一定帮您记下来。",
            custom={"kind": "warned"},
        )
    ],
    "limit": [
        OutboundMessage(
            "您发来的消息太多，或者用语不当，接下来半小时这里暂时不再答复；您发的内容仍会保存。"
            "遇到火情、急病、有人受伤，请直接拨打 119、120、110。",
            custom={"kind": "limited"},
        )
    ],
}
"""What a runaway or abusive sender is told (Art. 12(6), 30), step by step."""

EMPTY = OutboundMessage("没有收到文字内容。请用一两句话告诉我：在哪里、出了什么事。")

ASSISTANT_DOWN = OutboundMessage("抱歉，智能客服暂时没能答上来。您说的内容已经完整记下，工作人员会接手为您处理，请留意这里的回复。")

WAITING = OutboundMessage(
    "您的话已经记下，正在为您安排工作人员，接入后会在这里回复您。如果不想等，也可以让智能客服先帮您办。",
    (Button("不等了，继续由智能客服办", "不等了，继续由智能客服办"),),
)

BACK_TO_BOT = OutboundMessage("好的，我继续为您办。请说说您要反映或者想问的事。")

TAKEN_OVER = "工作人员已接入，接下来由工作人员为您服务。"
TRANSFERRED = "正在为您转接其他工作人员，您说过的内容他们都能看到，请稍候。"
CLOSED = "本次人工服务已结束。之后您再留言，由智能客服先为您服务；需要人工时随时说“转人工”。"
HANDED_BACK = "人工服务已结束，接下来由智能客服继续为您服务。有需要随时说“转人工”。"


def order_filed(number: str, unit: str | None, deadline: datetime | None, page: str | None) -> str:
    """Return what a resident is told when an operator has filed an order."""
    handler = f"，由{unit}办理" if unit else ""
    limit = f"，办理时限 {deadline:%m 月 %d 日 %H:%M}" if deadline else ""
    told = f"您的诉求已登记，工单号 {number}{handler}{limit}。凭工单号随时可以在这里查询进度。"
    return with_order_page(told, page)


def with_order_page(text: str, page: str | None) -> str:
    """Return a message about an order with the address of the resident's page on it, where the channel carries one."""
    return f"{text}\n看进展、补充情况、撤回：{page}" if page else text


def with_survey_page(text: str, page: str | None) -> str:
    """Return the question of a callback with the address of the page on which it can be answered."""
    return f"{text}\n也可以点开网页作答：{page}" if page else text


def emergency(line: str, also: tuple[str, ...]) -> OutboundMessage:
    """Return the first and only answer to danger: which number to ring now, one tap each (Art. 12(1))."""
    lines = (line, *also)
    others = f"，同时拨打 {'、'.join(_LINES[other] for other in also)}" if also else ""
    text = f"情况紧急，请马上拨打 {_LINES[line]}{others}！{_SAFETY[line]}您的情况已记录并通知值班人员。"
    return OutboundMessage(text, custom={"kind": "emergency", "lines": list(lines)})
