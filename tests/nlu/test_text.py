"""Cleaning a message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlu.text import MAX_CHARACTERS, normalise, sentences


def test_full_width_traditional_and_invisible_characters_fold() -> None:
    assert normalise("５號樓　電梯\u200b壞了\r\n\r\n 請，１３８００００１１１１") == "5号楼 电梯坏了\n请,13800001111"


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= MAX_CHARACTERS
    assert not any(ord(c) < 32 and c not in "\n\t" for c in once)


def test_sentences_keep_their_end_marks() -> None:
    assert sentences("电梯坏了！没人管。\n怎么办") == ["电梯坏了！", "没人管。", "怎么办"]
