"""Reading the answer to a callback: contacted? resolved? satisfied? (Art. 24, 25).

What counts as an answer:

- *Digits* answer in the order of the questions. Contacted: 1 yes, 2 no. Resolved: 1 yes, 2 partly, 3 no. Satisfied: 1
  satisfied, 2 neutral, 3 dissatisfied; 0 is no. ``111``, ``1 2 3`` and ``1、1、2`` are read, two digits answer the first two
  questions, one digit alone says not which question it answers and is left unread.
- *Bare yes and no* (是 没有 满意) answer in the order of the questions when there are two or three of them.
- A field is filled only by what the text says or plainly implies. "修好了" doesn't say that anybody got in touch; "师傅来修好了"
  does. "没人搭理我" says that nothing was done; "没接到电话" only that nobody called. "说下周来修" means: contacted, not
  resolved yet. Facts alone are no opinion: satisfied stays null unless the resident judges, thanks, scolds or mocks.
- Praise or blame of a 师傅's or 工作人员's manner says that there was contact; beside an unresolved matter praise of manners alone is
  neutral and mere thanks are politeness.
- *Sarcasm*: praise beside an outcome that is no reason for it, or beside a complaint about waiting, is dissatisfaction.
- What comes later in the reply wins ("修好了，没两天又坏了"), unless two outcomes stand side by side: that is partly.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from nlu.english import is_english
from nlu.files import data_path, read_yaml
from nlu.ngrams import NgramModel, load
from nlu.text import normalise


@dataclass(frozen=True, slots=True)
class SurveyReply:
    """``contacted``; ``resolved`` yes, no or partial; ``satisfied`` satisfied, neutral or dissatisfied; None where not said."""

    contacted: bool | None
    resolved: str | None
    satisfied: str | None


CLASSES: tuple[tuple[str | None, ...], ...] = (
    ("yes", "no", None),
    ("yes", "no", "partial", None),
    ("satisfied", "neutral", "dissatisfied", None),
    ("answer", "other"),
)
"""What the trained model tells apart, in its order: contacted, resolved, satisfied, and whether the text is an answer at all."""

_CONTACTED = {"1": True, "2": False, "0": False}
_RESOLVED = {"1": "yes", "2": "partial", "3": "no", "0": "no"}
_SATISFIED = {"1": "satisfied", "2": "neutral", "3": "dissatisfied", "0": "dissatisfied"}


@dataclass(frozen=True, slots=True)
class _Cues:
    contacted: tuple[tuple[bool, re.Pattern[str]], ...]
    resolved: tuple[tuple[str, re.Pattern[str]], ...]
    satisfied: tuple[tuple[str, re.Pattern[str]], ...]
    sarcasm: re.Pattern[str]
    scorn: re.Pattern[str]
    delay: re.Pattern[str]
    ignored: re.Pattern[str]
    english: tuple[tuple[str, re.Pattern[str]], ...]


@lru_cache(maxsize=1)
def _cues() -> _Cues:
    data = read_yaml(data_path("reading", "survey_reply.yml"))
    contacted, resolved, satisfied = (
        tuple((entry["value"], re.compile("|".join(entry["pattern"]))) for entry in data[field])
        for field in ("contacted", "resolved", "satisfied")
    )
    sarcasm, scorn, delay, ignored = (re.compile("|".join(data[mark])) for mark in ("sarcasm", "scorn", "delay", "ignored"))
    english = tuple((meaning, re.compile(pattern)) for meaning, pattern in data["english"].items())
    return _Cues(contacted, resolved, satisfied, sarcasm, scorn, delay, ignored, english)


def _from_english(text: str) -> str:
    """Return what an English reply says in the Chinese words that the patterns read, in its order."""
    text = text.lower()
    found: list[tuple[int, str]] = []
    for meaning, pattern in _cues().english:
        match = pattern.search(text)
        if match:
            found.append((match.start(), meaning))
            text = text[: match.start()] + "_" * len(match[0]) + text[match.end() :]
    return "，".join(meaning for _, meaning in sorted(found))


_CLAUSE = re.compile(r"[，,。！!？?；;\n ~～…]+|但是?|可是|不过|然而|结果(?!很|挺|好|满意)|后来")


def read(text: str) -> SurveyReply:
    """Return what ``text``, a reply to the callback, says; all None for a text that answers none of the three questions."""
    text = normalise(text)
    if is_english(text):
        text = _YES_OR_NO_FIRST.sub(lambda match: "是，" if match[0].lower().startswith("y") else "否，", text)
        head = re.match("(?:[是否]，)*", text)
        text = f"{head[0] if head else ''}{_from_english(text)}"
    elsewhere = _NEW_REQUEST.search(text) or _SMALL_TALK.search(text)
    if _MERE_THANKS.fullmatch(text) or (elsewhere and not _ABOUT_THE_OLD_ONE.search(text)):
        return SurveyReply(None, None, None)
    if _ALL_NO.fullmatch(text):
        return SurveyReply(False, "no", None)
    return _digits(text) or _bare_answers(text) or _with_fallback(text, _free_text(text))


_YES_OR_NO_FIRST = re.compile(r"\b(?:yes|no)\b *(?:[,.，。;]+ *|$)", re.IGNORECASE)
_ALL_NO = re.compile(r"(?:没有?[,，、 ]*){2,3}都没有?[。!！]*|(?:没有?[,，、 ]*){1,2}全?都没有?[。!！]*|没有没有(?:没有)?[。!！]*")
_MERE_THANKS = re.compile(r"(?:(?:谢谢|多谢|感谢|好的?|收到|嗯+|不用|不需要|不必|没事|知道)(?:您|你们?)?[了啊,，!！。.~ ]*){1,3}")
_NEW_REQUEST = re.compile(r"请问|咨询|(?:帮我|我要|我想|还想|想|再)(?:再|重新)?(?:投诉|反映|举报|报修|问|反馈)")
_SMALL_TALK = re.compile(
    r"天气|气温|下雨|下雪|吃饭|吃了[吗没]|晚饭|午饭|电影|电视剧|球赛|股票|彩票|节日|(?:新年|生日|中秋|国庆)快乐|[打发]错了|(?:你|您)(?:是|们是)谁|哪位"
)
"""Praise in such a text ("今天天气不错") is for something else."""
_ABOUT_THE_OLD_ONE = re.compile(r"满意|解决|联系|(?<!装)修|处理|电话|没人|敷衍|糊弄|人来|来人|来了")


_DIGITS = re.compile(
    r"[\s(（]*([0-3])[\s、,，.;；/)）-]*([0-3])(?:[\s、,，.;；/)）-]*([0-3]))?[\s)）。.!！,，]*(?:谢谢|感谢|多谢|辛苦)?[了啦。!！]*"
)


def _digits(text: str) -> SurveyReply | None:
    match = _DIGITS.fullmatch(text)
    if not match:
        return None
    contacted, resolved, satisfied = match.groups()
    return SurveyReply(_CONTACTED.get(contacted), _RESOLVED.get(resolved), _SATISFIED.get(satisfied or ""))


_NUMBER_LABEL = re.compile(
    r"(?:^|(?<=[\s，,;；。、]))[(（]?[1-3一二三][)）.、:：]\s*|(?<=\S)[\s，,;；。]+[2-3](?=[^\d\s])|^1(?=[^\d\s个次])"
)
_YES = re.compile(r"(?:是的?|有的?|嗯+|对|对的|yes|y|是了|有了?|√|✓|好)", re.IGNORECASE)
_NO = re.compile(r"(?:否|没有?|没|无|不是|不|no|n|未|×|没呢|没有呢|木有|都没有)", re.IGNORECASE)


def _bare_answers(text: str) -> SurveyReply | None:
    """Read two or three short answers by their position; None if that isn't how the reply is written."""
    parts = [part.strip(" ,，、;；。.!！") for part in re.split(r"[\s，,、;；。/]+", _NUMBER_LABEL.sub(" ", text))]
    parts = [part for part in parts if part]
    bare = [bool(_YES.fullmatch(part) or _NO.fullmatch(part)) for part in parts]
    if parts and re.fullmatch("嗯+", parts[0]) and not all(bare[:2]):
        return None  # a sound, no answer
    if not (len(parts) == 3 and any(bare[:2])) and not (len(parts) == 2 and all(bare)):
        return None
    contacted, resolved, satisfied = (*parts, "")[:3]
    return SurveyReply(
        True if _YES.fullmatch(contacted) else False if _NO.fullmatch(contacted) else _free_text(contacted).contacted,
        "yes" if _YES.fullmatch(resolved) else "no" if _NO.fullmatch(resolved) else _free_text(resolved).resolved,
        _free_text(satisfied or resolved).satisfied,
    )


_FORBIDS = re.compile(r"(?:不要|别|甭)再?(?:给我|跟我)?(?:打电话|来电话|发短信|发消息)了?")
_FILLERS = re.compile(r"嗯+|呃+|那个(?=有|没|他|我|人|$)|然后|就是说|反正")
"""What people say while they think: it parts clauses, and 就是说 isn't that somebody only says so."""
_AGAIN = re.compile(r"又|没几天|没两天|反弹|复发")
_REST = re.compile(r"(?:还有|剩下|其余|其他|其它|别的|另外?|就剩|只剩)")
_MANNERS = re.compile(r"态度|耐心|热情|师傅|工作人员|客气|和气|负责")
_SURE = 0.5
_SURELY_SOMETHING_ELSE = 0.85
_ABOUT_THE_SURVEY = re.compile(
    r"满意|解决了|没解决|办结|联系我|联系过|修好|没人(?:联系|理|搭理)|差评|好评|依然|照样|感谢|谢谢|贴心|表扬|点赞"
)


@lru_cache(maxsize=1)
def _model() -> NgramModel:
    return load("survey_reply_model.json")


def _with_fallback(text: str, reply: SurveyReply) -> SurveyReply:
    """Fill what the cues left open where the trained model is sure of an answer; empty it where the text is about something else."""
    scores = _model().scores(text)
    guesses: list[str | None] = []
    chances: list[float] = []
    for classes in CLASSES:
        part, scores = scores[: len(classes)], scores[len(classes) :]
        top = max(part)
        guesses.append(classes[part.index(top)])
        chances.append(1 / sum(math.exp(score - top) for score in part))
    *answers, kind = guesses
    vague = [reply.contacted, reply.resolved, reply.satisfied].count(None) >= 2  # what says more than one thing is no small talk
    if vague and kind == "other" and chances[-1] >= _SURELY_SOMETHING_ELSE and not _ABOUT_THE_SURVEY.search(text):
        return SurveyReply(None, None, None)
    contacted, resolved, satisfied = (
        answer if chance >= _SURE and kind == "answer" else None for answer, chance in zip(answers, chances, strict=False)
    )
    return SurveyReply(
        {"yes": True, "no": False, None: None}[contacted] if reply.contacted is None else reply.contacted,
        reply.resolved or resolved,
        reply.satisfied or satisfied,
    )


_Value = TypeVar("_Value")


def _last(clauses: list[str], answers: tuple[tuple[_Value, re.Pattern[str]], ...]) -> _Value | None:
    """Return the answer of the last clause that has one."""
    for clause in reversed(clauses):
        for value, pattern in answers:
            if pattern.search(clause):
                return value
    return None


def _free_text(text: str) -> SurveyReply:
    cues = _cues()
    clauses = [clause for clause in _CLAUSE.split(_FILLERS.sub("，", _FORBIDS.sub("", text))) if clause]
    contacted, resolved = _last(clauses, cues.contacted), _last(clauses, cues.resolved)
    if contacted is False and cues.ignored.search(text) and any(_last([clause], cues.contacted) for clause in clauses):
        contacted = True  # "让我等，等了半个月没动静": somebody had been in touch
        resolved = resolved or "no"
    satisfied = _last(clauses, cues.satisfied)
    if resolved == "no" and not _AGAIN.search(text) and not cues.sarcasm.search(text):
        unresolved = max(index for index, clause in enumerate(clauses) if _last([clause], cues.resolved))
        before = _last(clauses[:unresolved], cues.resolved)
        if before == "partial" or (before == "yes" and _REST.match(clauses[unresolved])):
            resolved = "partial"
    if contacted is False and resolved is None and cues.ignored.search(text):
        resolved = "no"
    unhappy = resolved == "no" or (resolved is None and (contacted is False or cues.delay.search(text) is not None))
    if unhappy and satisfied != "neutral" and cues.sarcasm.search(text):
        satisfied = "dissatisfied"
    if satisfied == "satisfied" and resolved != "yes" and cues.scorn.search(text):
        satisfied = "dissatisfied"
    if unhappy and satisfied == "satisfied" and cues.delay.search(text):
        satisfied = "dissatisfied"
    if resolved == "no" and satisfied == "satisfied" and "满意" not in text:
        satisfied = "neutral" if _MANNERS.search(text) else None
    return SurveyReply(contacted, resolved, satisfied)
