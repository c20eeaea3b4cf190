"""Which of the regulation's ways a message goes (Art. 11, 12, 23).

Rules over words and their context decide (``data/reading/handling.yml``): the first that holds. Short messages that no rule
claims are compared with sentences of our own by a model of character n-grams, which must be surer where the catalogue
knows the matter. What neither claims is a question to be answered or a matter to be dispatched. A furious complaint with
a matter in it is a matter; a court that is only threatened with, or stands beside the broken street lamp, is no court case.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick

from nlu.contact import order_numbers
from nlu.files import data_path, read_yaml
from nlu.ngrams import NgramModel, load
from nlu.substance import has_substance
from nlu.text import normalise

NAMES = ("answer", "dispatch", "emergency", "legal_channel", "progress", "explain", "educate", "market", "liaison", "human")
CHANNELS = ("诉讼", "仲裁", "行政复议", "纪检监察", "政府信息公开", "信访")


@dataclass(frozen=True, slots=True)
class Handling:
    """``name`` is one of ``NAMES``; ``channel`` one of ``CHANNELS`` with legal_channel, else None.

    ``confidence`` is 0..1; ``stability_risk`` asks for a push to the departments concerned (Art. 11), whatever the route.
    """

    name: str
    channel: str | None
    confidence: float
    why: str
    stability_risk: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    route: str
    channel: str | None
    pattern: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    max_length: int
    confidence: float
    why: str

    def excluded(self, text: str) -> bool:
        """Return whether ``text`` has what the rule must not be beside."""
        return self.unless is not None and self.unless.search(text) is not None

    def evidence(self, text: str) -> str | None:
        """Return the words by which the rule holds for ``text``, or None."""
        if self.excluded(text):
            return None
        if self.pattern is None:
            return ""
        match = self.pattern.search(text)
        return match.group() if match else None


@lru_cache(maxsize=1)
def _rules() -> tuple[ahocorasick.Automaton, tuple[_Rule, ...]]:
    """Return the automaton that says which rules are worth trying, and the rules in order."""
    file = data_path("reading", "handling.yml")
    data = read_yaml(file)
    entries = [*data["rules"], *({"route": "stability_risk", **entry} for entry in data["stability_risk"])]
    tried_by: dict[str, list[int]] = {}
    rules = []
    for number, entry in enumerate(entries):
        rules.append(_rule(entry, f"{file.name}, rule {number + 1}"))
        for word in entry["words"]:
            tried_by.setdefault(str(word), []).append(number)
    automaton = ahocorasick.Automaton()
    for word, numbers in tried_by.items():
        automaton.add_word(word, tuple(numbers))
    automaton.make_automaton()
    return automaton, tuple(rules)


def _rule(entry: dict[str, Any], where: str) -> _Rule:
    route, channel = entry["route"], entry.get("channel")
    if route not in (*NAMES, "stability_risk") or (route == "legal_channel") != (channel in CHANNELS):
        raise ValueError(f"{where}: unknown route or channel {route!r}, {channel!r}")
    return _Rule(
        route=route,
        channel=channel,
        pattern=re.compile("|".join(entry["pattern"])) if "pattern" in entry else None,
        unless=re.compile("|".join(entry["unless"])) if "unless" in entry else None,
        max_length=int(entry.get("max_length", 20_000)),
        confidence=float(entry.get("confidence", 0.8)),
        why=entry.get("why", ""),
    )


_ABUSE = re.compile(
    "傻[逼比叉缺bx]|煞笔|沙比|(?<![a-z])(?:s ?b|cnm|nmsl|tmd)(?![a-z])|操你|草你|艹|你妈(?:的|死|逼|比)?|他妈的?|妈的|妈了个|"
    r"王八蛋|混蛋|狗日的?|狗东西|狗屁|"
    "废物|饭桶|(?<![么算是类扔倒])垃圾(?=东西|部门|政府|热线|玩意|客服|[!！。,，]|$)|去死|死全家|滚蛋?|脑残|白痴|弱智|智障|畜生|杂种|不要脸|臭不要脸|狗官|贱人|"
    "吃屎|吃干饭的?|白吃饭的?|(?:龟|死|[群帮些])孙子|老子|神经病|有病吧?|放屁|尼玛|卧槽|我靠|丫的|逼样|傻子|狗腿子|人渣|草泥马|吸血鬼|(?:一群|一帮|都是|就是|全是)骗子",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(
    r"你们?(?:这[些帮群]|这|全家|都是|就是|是|家|个|们)?|12345|一群|一帮|全是|都是|什么|玩意儿?|东西|政府|部门|热线|客服|机器人|真是?|就|都|给我|的|啊|吧|呢|吗|了"
)
_MATTER = re.compile(
    r"没水|停水|停电|没电|没气|不热|漏|堵|坏|扰民|噪音|吵|臭|垃圾(?:没|堆|不|桶|站|车)|工资|欠薪|退款|不退|押金|违建|施工|占道|停车|物业|小区|楼|路|灯|井盖|电梯|暖气|公交|地铁|学校|医院|社保|户口|"
    r"合同|公司|单位|加班|钱|老板|孩子|老人|儿媳|店|拆迁|补偿|房|租|骗|收费|罚|狗(?!日|东西|官|屁|腿)|树|水管|燃气|快递|车(?!你)|摊|工地|[0-9]{2,}号|办(?:证|事|理)|处理|解决|投诉|反映"
    r"|没人?(?:收|修|管|清|倒)|(?:[一二两三四五六七八九十半几]|[0-9]+)个?(?:天|礼拜|星期|月|年)"
)


def _is_mere_abuse(text: str, matter_found: bool) -> bool:
    """Return whether ``text`` abuses and says nothing else: what remains without the abuse names no matter, or nothing remains at all."""
    rest, abuse = _ABUSE.subn("", text)
    if not abuse:
        return False
    rest = "".join(re.findall(r"[\u4e00-\u9fff]", _ADDRESSED.sub("", rest)))
    return not rest if matter_found else not _MATTER.search(rest) and len(rest) <= 14 + 4 * abuse


_ASKS_PROGRESS = re.compile(
    r"进度|进展|结果|到哪|怎么样|咋样|如何了|处理|办|状态|查|回复|答复|催|多久|什么时候|啥时候|还没|没人|没动静|没信|消息|情况|解决"
)
_NEWS = re.compile(
    r"又(?:坏|漏|堵|停|开始|来|犯|出现|建|摆|响|没|不)|更严重|(?<!没)(?<!没有)(?<!没别的)(?<!没什么)(?<!没啥)新(?:情况|证据|问题|理由)|越来越|变本加厉|补充|另外|不满意|不认可|不属实|根本没|重新|撤|取消"
)


_REPROACH = re.compile(r"为什么|为何|为啥|凭什么|凭啥|怎么[还就总老又没不]|问题|疑问")
_ASKS = re.compile(
    r"[?？吗呢么哪啥问]|咨询|何时|是否|什么|怎么|怎样|如何|多少|多久|多长|[能可]否|能不能|可不可以|会不会|有没有|是不是|想知道|了解|几[时点号天年]|"
    r"时间|进度|进展|请教|告知|解答|政策|材料|手续|流程|条件|电话|地址|计划|规划"
)
_FAULT = re.compile(
    r"投诉|质疑|违[建法规]|不合[理法]|迟迟|还没有?(?!什么)|一直[不没未无]|至今[不没未无仍]|坑害|欺诈|欺骗|扰民|质量(?:有|存在|差|问题)|漏水|渗水|开裂|"
    r"多次(?:反映|反馈|投诉)|严重|问题(?:很多|多多|不断|重重)|乱停|不作为|推诿|怠慢|为难|刁难|[打收叫约]不[到上]|拥堵|堵塞|积水|不成功|拖欠|不[给予]"
)


def _finds_fault(text: str) -> bool:
    """Return whether ``text`` says what is wrong and asks nothing, or only asks why that is so: no answer would help."""
    return _FAULT.search(text) is not None and not _ASKS.search(_REPROACH.sub("", text))


CLASSES: tuple[tuple[str, str | None], ...] = (
    ("ordinary", None),
    *((name, None) for name in ("progress", "explain", "educate", "market", "liaison", "human")),
    *(("legal_channel", channel) for channel in CHANNELS),
)
"""What the model behind the rules tells apart (trained by nlu.learning.handling); ordinary is answered or dispatched."""

_SHORT = 80
_SURE, _SURE_DESPITE_MATTER = 0.25, 0.45
"""How likely it must be that a message is no ordinary matter: 6 in 1,000 and 2 in 1,000 examples of the catalogue reach as much."""


@lru_cache(maxsize=1)
def _model() -> NgramModel:
    return load("handling_model.json")


def _learnt(text: str, sure: float) -> tuple[str, str | None, float] | None:
    """Return way, channel and probability where the model is ``sure`` (0..1) that ``text`` is no ordinary matter."""
    scores = _model().scores(text)
    top = max(scores)
    ordinary, *odds = [math.exp(score - top) for score in scores]
    chance = sum(odds) / (ordinary + sum(odds))
    name, channel = CLASSES[1 + odds.index(max(odds))]
    return (name, channel, round(chance, 4)) if chance >= sure else None


_HEAD, _TAIL = 140, 60


def _gist(text: str) -> str:
    """Return where long messages say what they want: the beginning and the end. What they mention on the way decides nothing."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def decide(text: str, *, request_type: str | None, emergency: bool, matter_found: bool, elsewhere: bool = False) -> Handling:
    """Return the way ``text`` goes.

    ``request_type`` is what nlu.request_type read, ``emergency`` whether nlu.emergency saw danger now, ``matter_found``
    whether nlu.matter is sure of an item of the catalogue, ``elsewhere`` whether nlu.place read that it happens in another city.
    """
    text = normalise(text)
    automaton, rules = _rules()
    candidates = sorted({number for _, numbers in automaton.iter(text) for number in numbers})
    gist = _gist(text)
    risk = any(rules[n].evidence(text) is not None for n in candidates if rules[n].route == "stability_risk")
    if emergency:
        return Handling("emergency", None, 1.0, "存在紧急危险（第十二条第一项）", False)
    if _is_mere_abuse(text, matter_found):
        return Handling("educate", None, 0.9, "只有辱骂，没有诉求（第十二条第六项）", risk)
    orders = order_numbers(text)
    if orders and not _NEWS.search(text) and (len(text) <= 30 or _ASKS_PROGRESS.search(text)):
        return Handling("progress", None, 0.97, f"询问工单{orders[0]}", risk)
    for number in candidates:
        rule = rules[number]
        if rule.route == "stability_risk":
            continue
        if rule.route == "explain" and matter_found and len(text) > _SHORT:
            continue  # a story of one's own in which bank statements or a neighbour's name occur asks for nobody's secrets
        evidence = rule.evidence(gist) if len(text) <= rule.max_length else None
        if evidence is not None:
            return Handling(rule.route, rule.channel, rule.confidence, f"{rule.why}：“{evidence[:24]}”", risk)
    if not has_substance(text):
        return Handling("explain", None, 0.9, "没有实质内容（第十二条第四项）", risk)
    if elsewhere and request_type != "咨询" and len(text) <= _SHORT:
        return Handling("market", None, 0.8, "事情发生在外地，请当地热线受理", risk)
    furious = _ABUSE.search(text) and _MATTER.search(text)
    if len(text) <= _SHORT and not furious:
        learnt = _learnt(text, _SURE_DESPITE_MATTER if matter_found else _SURE)
        if learnt and learnt[0] == "educate" and _MATTER.search(text):
            learnt = None  # a furious complaint
        if learnt and not any((rules[n].route, rules[n].channel) == learnt[:2] and rules[n].excluded(text) for n in candidates):
            return Handling(*learnt, "与此类诉求措辞相近（模型判断）", risk)
    if request_type == "咨询" and not _finds_fault(text):
        return Handling("answer", None, 0.85, "咨询类诉求，先行答复（第十二条）", risk)
    return Handling("dispatch", None, 0.9 if matter_found else 0.7, "属承办单位职责范围，派单办理（第十二条、第十四条）", risk)
