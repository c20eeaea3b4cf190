"""Answers to the callback: our sentences with gold answers, a fifth of them held out, and the conventions one by one."""

from __future__ import annotations

import hashlib

import pytest

from nlu.files import data_path
from nlu.survey_reply import SurveyReply, read

_CONTACTED = {"y": True, "n": False, "-": None}
_RESOLVED = {"yes": "yes", "no": "no", "part": "partial", "-": None}
_SATISFIED = {"s": "satisfied", "n": "neutral", "d": "dissatisfied", "-": None}


def _sentences(*, held_out: bool) -> list[tuple[str, SurveyReply]]:
    rows = []
    for line in data_path("reading", "survey_reply_sentences.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        contacted, resolved, satisfied, text = line.split(" ", 3)
        if (int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0) == held_out:
            rows.append((text, SurveyReply(_CONTACTED[contacted], _RESOLVED[resolved], _SATISFIED[satisfied])))
    return rows


@pytest.mark.parametrize(("held_out", "least"), [(False, 0.97), (True, 0.86)])
def test_each_field_is_read(held_out: bool, least: float) -> None:
    rows = _sentences(held_out=held_out)
    for field in ("contacted", "resolved", "satisfied"):
        wrong = [(text, read(text)) for text, gold in rows if getattr(read(text), field) != getattr(gold, field)]
        assert 1 - len(wrong) / len(rows) >= least, (field, wrong)


@pytest.mark.parametrize(
    ("text", "contacted", "resolved", "satisfied"),
    [
        ("111", True, "yes", "satisfied"),
        ("１ ２ ３", True, "partial", "dissatisfied"),
        ("1", None, None, None),
        ("是，是，满意", True, "yes", "satisfied"),
        ("有 没有 不满意", True, "no", "dissatisfied"),
        ("人是来了 啥也没干", True, "no", None),
        ("压根没人搭理我", False, "no", None),
        ("没接到过电话", False, None, None),
        ("真行啊，等了俩月就等来个电话", True, "no", "dissatisfied"),
        ("修好了就是慢了点", None, "yes", "neutral"),
        ("还行吧", None, None, "neutral"),
        ("修好了，没两天又坏了", None, "no", None),
        ("没什么不满意的", None, None, "satisfied"),
        ("满意，太满意了，天天闻着臭味吃饭", None, "no", "dissatisfied"),
        ("请问居住证怎么办", None, None, None),
        ("我们小区的路灯坏了", None, None, None),
        ("效率真高，半年才来看一眼", None, None, "dissatisfied"),
        ("修得真好，修完更漏了", None, "no", "dissatisfied"),
        ("我谢谢你们全家", None, None, "dissatisfied"),
        ("没有没有都没有", False, "no", None),
        ("答复说不符合政策", True, "no", None),
        ("楼上照跳不误", None, "no", None),
        ("垃圾清了", None, "yes", None),
        ("公司跟我说等改造", True, "no", None),
        ("解决了个寂寞", None, "no", "dissatisfied"),
        ("nobody called me, still broken", False, "no", None),
        ("great job, fixed the next day", None, "yes", "satisfied"),
        ("where is the nearest subway", None, None, None),
    ],
)
def test_conventions(text: str, contacted: bool | None, resolved: str | None, satisfied: str | None) -> None:
    assert read(text) == SurveyReply(contacted, resolved, satisfied)


@pytest.mark.parametrize("text", ["今天天气不错", "晚饭吃了吗", "您是哪位", "发错了不好意思", "祝你们新年快乐", "这部电影挺满足的 推荐"])
def test_small_talk_answers_nothing(text: str) -> None:
    reply = read(text)
    assert (reply.contacted, reply.resolved, reply.satisfied) == (None, None, None)
