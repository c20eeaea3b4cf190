"""What a resident's words answer in a callback; texts of the whole survey are tested in tests/nlu."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.callbacks.reading import QUESTIONS, Answers, read, refuses


@pytest.mark.parametrize(
    ("text", "asking", "answers"),
    [
        ("联系了，修好了，满意", "all", Answers(True, "yes", "satisfied")),
        ("1 1 1", "all", Answers(True, "yes", "satisfied")),
        ("没", "contacted", Answers(contacted=False)),
        ("没有。", "resolved", Answers(resolved="no")),
        ("有的", "contacted", Answers(contacted=True)),
        ("２", "resolved", Answers(resolved="partial")),
        ("还行", "satisfied", Answers(satisfied="neutral")),
        ("3", "satisfied", Answers(satisfied="dissatisfied")),
        ("楼下饭店油烟太大了，天天呛得没法开窗", "all", Answers()),
        ("小区门口的路灯坏了", "contacted", Answers()),
    ],
)
def test_answers(text: str, asking: str, answers: Answers) -> None:
    assert read(text, asking) == answers


@pytest.mark.parametrize("text", ["不想评价", "别再问了", "不要再发了", "没兴趣，别烦我"])
def test_refusals(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize("text", ["没人联系我", "不满意", "问题没解决", "不行"])
def test_complaints_are_no_refusals(text: str) -> None:
    assert not refuses(text)


@given(st.text(max_size=200), st.sampled_from([*QUESTIONS, "all", "reason", None]))
def test_any_text_can_be_read(text: str, asking: str | None) -> None:
    read(text, asking)
    refuses(text)
