"""Whether a message says anything at all (Art. 12(4): 无实质内容)."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9]+")
_LAUGHTER = re.compile(
    r"哈{2,}|呵{2,}|嘿{2,}|嘻{2,}|啊+|嗯+|额+|呃+|哦+|噢+|唉+|诶+|哎+|喂+|呀+|哟+|6{3,}|2333+|haha[ha]*|hehe[he]*|emm+", re.IGNORECASE
)
_FILLER = re.compile(
    r"(?:有人(?:在|吗|没|么)+|有没有人|在吗|在不在|在么|在嘛|人呢|你们?好|您好|大家好|早上好|上午好|中午好|下午好|晚上好|早安|晚安|早|hello|hi+|hey|test(?:ing)?|测试(?:一下)?|试试|试一下|"
    r"谢谢(?:你|您)?|感谢|多谢|再见|拜拜|bye|ok|okay|好的|好吧|好|行吧|行|嗯好|知道了|收到|是的|是|对|不是|没有|没事了?|没什么|算了|不用了|随便(?:看看|聊聊)?|看看|聊聊|陪我聊天?|"
    r"领导|同志|客服|小姐姐|小哥哥|亲|老师|机器人|无聊|真?好无聊|说话|你是谁|你叫什么(?:名字)?|你是(?:机器人|真人|人)吗?|你会(?:干|做)(?:什么|啥)|12345|吗|呢|吧|了|的|么|嘛|哇|呐|啦|请问|那个|就是说?|这个|"
    r"讲个(?:笑话|故事)|唱(?:个|首)歌|今天天气(?:真|很|不错|怎么样|好)*|吃(?:饭)?了(?:吗|没)|我(?:爱|喜欢)你|么么哒|打卡|签到|路过|沙发|顶)",
    re.IGNORECASE,
)
_A_SENTENCE = 50  # letters; where they are words, the others needn't be looked at
_KEYBOARD = re.compile(r"^(?:[a-z]{1,12}|[0-9]{1,7}|(.{1,2})\1{2,})$", re.IGNORECASE)


@lru_cache(maxsize=8)  # the readers of one message ask for the same text
def has_substance(text: str) -> bool:
    """Return whether normalised ``text`` says something to act on: more than greetings, laughter, signs or struck keys."""
    words = "".join(_WORD.findall(text[:300]))
    if not words or _KEYBOARD.match(words):
        return False
    if len(_LAUGHTER.sub("", words[:_A_SENTENCE])) > 30:
        return True
    rest = _LAUGHTER.sub("", words)
    if len(rest) > 30:
        return True
    rest = _FILLER.sub("", rest)
    return len(rest) >= 2 and not _KEYBOARD.match(rest)
