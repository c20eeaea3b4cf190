"""Messages made to fit: nothing lost, nothing too long, choices that can be read back."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.channel import Limits
from channels.delivery.quiet import waking_time
from channels.delivery.renderer import chosen, render, split, units
from channels.message import Button

_TEXT = st.text(st.sampled_from("路灯坏了。！？，;\n 、ab😀”"), max_size=300)


@given(_TEXT, st.integers(min_value=2, max_value=60))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < units(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_sentences_stay_whole_where_they_fit() -> None:
    assert split("第一句话。第二句话！第三句话？", 11) == ["第一句话。第二句话！", "第三句话？"]


def test_buttons_are_shown_where_they_can_be_and_numbered_where_not() -> None:
    buttons = [Button("确认", "确认提交"), Button("修改", "我改一下")]
    (shown,) = render("对吗？", buttons, Limits(100, buttons=3, button_characters=10))
    assert shown.buttons == tuple(buttons)
    (listed,) = render("对吗？", buttons, Limits(100))
    assert listed.text.endswith("1 确认；2 修改")
    assert len(render("长" * 95, buttons, Limits(100))) == 2


@pytest.mark.parametrize("said", ["2", "２", "二", "选2", "第二个", "2.", " 2 ", "修改"])
def test_a_choice_is_read_back(said: str) -> None:
    assert chosen([{"title": "确认", "payload": "a"}, {"title": "修改", "payload": "b"}], said) == "b"


@pytest.mark.parametrize("said", ["0", "3", "2号楼", "二十", "2个月了", "", "13800138000"])
def test_other_words_are_no_choice(said: str) -> None:
    assert chosen([{"title": "确认", "payload": "a"}, {"title": "修改", "payload": "b"}], said) is None


@pytest.mark.parametrize(("hour", "wakes"), [(13, None), (14, (24, 0)), (20, (24, 0)), (23, (24, 0))])
def test_quiet_hours_end_at_eight_in_beijing(hour: int, wakes: tuple[int, int] | None) -> None:
    now = datetime(2026, 11, 23, hour, tzinfo=timezone.utc)
    woken = waking_time(now)
    assert woken == (datetime(2026, 11, wakes[0], wakes[1], tzinfo=timezone.utc) if wakes else None)
