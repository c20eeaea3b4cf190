"""Whatever the text, a place is consistent and its evidence stands in the text."""

from __future__ import annotations

import csv

from hypothesis import given
from hypothesis import strategies as st

from nlu.files import data_path
from nlu.place import Place, resolve
from nlu.text import normalise


def _streets() -> set[tuple[str, str]]:
    with data_path("gazetteer", "streets.csv").open(encoding="utf-8", newline="") as handle:
        return {(row["district"], row["street"]) for row in csv.DictReader(handle)}


STREETS = _streets()


def _consistent(place: Place) -> bool:
    if place.street is not None and (place.district, place.street) not in STREETS:
        return False
    return not (place.community and not place.street) and 0 <= place.confidence <= 1


_PIECES = st.sampled_from(
    [
        *("朝阳", "朝阳区", "海淀", "望京", "望京街道", "南湖西园", "回龙观", "八里庄", "国贸", "经开区", "亦庄", "荣华街道"),
        *("辛庄", "东风", "和平", "河北", "高碑店", "长沙市", "海口", "北京", "不是", "是", "在", "我住", "的", "写错了", "应该是"),
        *("从", "到", "215楼", "3单元", "一区", "四区", "4", "12号院", "路", "小区", "村", "先生", "A市", "*", ",", "。", " "),
    ]
)


@given(
    st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=14).map("".join)),
    st.sampled_from([None, Place("海淀区"), Place("朝阳区", "望京街道")]),
)
def test_any_text_gives_a_consistent_place(text: str, near: Place | None) -> None:
    place = resolve(text, near)
    assert _consistent(place)
    assert all(_consistent(candidate) for candidate in place.candidates)
    if place.district:
        assert all(candidate.district == place.district for candidate in place.candidates)
    assert all(words in normalise(text) for words in place.evidence)
    assert resolve(text, near) == place
