"""What a message is about, without where and who."""

from __future__ import annotations

from nlu import place
from nlu.subject import subject


def test_address_phone_and_name_are_left_out() -> None:
    text = "我姓李，望京西园三区路灯坏了，电话13911112222"
    left = subject(text, place.resolve(text))
    assert "路灯坏了" in left
    assert "望京" not in left
    assert "139" not in left
    assert "姓李" not in left


def test_a_name_that_tells_the_matter_stays() -> None:
    text = "朝阳医院挂号太难了"
    assert "医院" in subject(text, place.resolve(text))
