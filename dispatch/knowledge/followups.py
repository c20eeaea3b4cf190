"""Questions that only make sense after another: 要带什么材料, 多少钱, 在哪办, 那孩子呢."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatch.knowledge.wording import bare, content_words
from nlu.text import normalise

_MAX_LENGTH = 16
_LEADS_IN = re.compile(r"^(?:那么?|哦|嗯|好的?|这个|这|它|还有|另外|然后|就是|再问一?下|[，,。\s])+")
_LEADS_ON = re.compile(r"^(?:那|要是|如果|换成|换了|假如)")
_ENDS = re.compile(r"(?:的话)?呢?[？?。！!\s]*$")
_ENDS_IN_NE = re.compile(r"呢[？?。！!\s]*$")

_ASPECTS = (
    (r"材料|资料|带(?:什么|啥|哪些)|证件|手续", r"材料|资料|证件|证明|携带|持|提交|提供|身份证|户口簿"),
    (r"多少钱|费用|收费|要钱|花钱|贵不贵|免费|几块", r"元|免费|收费|费用|不收|价"),
    (r"在?哪儿?(?:里|办|领|交|能)?|去哪|上哪|什么地方|地址|地点|窗口", r"窗口|大厅|中心|派出所|街道|网站|平台|APP|小程序|公众号|机构|现场"),
    (r"多久|几天|多长时间|什么时候|啥时候|几个月|时限|期限|工作日", r"[日天年月周]内?|时限|期限|随时|当场|即时"),
    (r"条件|要求|资格|满足什么", r"条件|要求|应当|符合|满足|年满|具备|须|需"),
    (r"流程|步骤|程序|怎么办|怎么弄|怎么操作|咋办|咋弄", r"步|登录|申请|点击|先|办理|拨打|提交"),
    (r"电话|打哪个|找谁|热线", r"\d{5,}|123\d\d|联系|拨打"),
    (r"网上|线上|手机上|在线", r"网|在线|线上|APP|小程序|手机|平台|公众号"),
    (r"本人|代办|别人|家里?人|委托|代理", r"本人|代办|委托|代理|亲属|他人"),
)
_ASKED = tuple((re.compile(asked), re.compile(told)) for asked, told in _ASPECTS)
_ANY_ASPECT = re.compile("|".join(asked for asked, _ in _ASPECTS))
_FILLER = re.compile(r"可以|能不能|要不要|需要|什么|哪些|怎么|必须|一定|办理|[能需要办去带交用吗呢呀么啊我得有没啥哪还的是也都别几个]")
_SENTENCE = re.compile(r"(?<=[。！？；;\n])")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question read after another: the whole question, and a pattern of what an answer to it must speak of."""

    question: str
    told: re.Pattern[str]


def follow_up(question: str, after: str) -> FollowUp | None:
    """Return ``question`` as it is meant after the question ``after`` was answered, None where it stands on its own."""
    text = bare(normalise(question)).strip()
    if not text or len(text) > _MAX_LENGTH:
        return None
    core = _ENDS.sub("", _LEADS_IN.sub("", text))
    aspects = [told for asked, told in _ASKED if asked.search(core)]
    if aspects and not content_words(_FILLER.sub("", _ANY_ASPECT.sub("", core))):
        return FollowUp(f"{after} {core}", re.compile("|".join(told.pattern for told in aspects)))
    other = _LEADS_ON.sub("", core)
    if other and len(other) <= 10 and (_LEADS_ON.search(text) or _ENDS_IN_NE.search(text)) and not aspects:
        words = content_words(other)
        if words:
            return FollowUp(f"{other} {after}", re.compile("|".join(map(re.escape, words))))
    return None


def excerpt(passage: str, told: re.Pattern[str], *, limit: int = 300) -> str | None:
    """Return the sentences of ``passage`` that speak of ``told``, at most ``limit`` characters; None if none does."""
    found = [sentence.strip() for sentence in _SENTENCE.split(passage) if told.search(sentence)]
    if not found:
        return None
    text = ""
    for sentence in found:
        if text and len(text) + len(sentence) > limit:
            break
        text += sentence
    return text
