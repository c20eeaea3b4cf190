"""The matter of a message is found among the catalogue's, and nothing is named where nothing was said."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
import yaml

from dispatch.catalogue.loader import load_catalogue
from nlu.files import data_path
from nlu.learning.matter import about, labelled
from nlu.matter import CONFIDENT, MatterMatcher
from nlu.matter_model import MatterProfile
from tests import real_data

SENTENCES = data_path().parent / "tests" / "nlu" / "matter_sentences.yml"

RANT = """\
您好，我是咱们小区的老住户了，今天实在是忍无可忍才给你们写这封信，我一件一件说。
首先是电梯，我们这栋楼十八层就两部电梯，三天两头坏，上个月坏了九天，昨天我母亲又被关在电梯里二十多分钟，物业电话没人接。电梯修了坏坏了修，门关不上、掉层、异响，
八十岁的老人爬楼爬得腿都肿了。我们要求尽快把电梯彻底修好，给个准日子，电梯的问题不解决我天天打电话！
第二，楼下的烧烤店油烟特别大，烟道正对着我们家窗户，夏天根本没法开窗。
第三，有人从五楼扯线下来给电瓶车充电，飞线充电多危险啊。
第四，小区门口的路灯坏了半个月了，一盏都不亮。
第五，邻居家的狗天天叫，遛狗从来不牵绳，吓着孩子好几回。
"""


@pytest.fixture(scope="module")
def profiles() -> list[MatterProfile]:
    return [
        MatterProfile(each.code, each.name, each.group, each.description, each.synonyms, each.negative_hints, each.examples)
        for each in load_catalogue(data_path("catalogue"))
    ]


@pytest.fixture(scope="module")
def matcher(profiles: list[MatterProfile]) -> MatterMatcher:
    return MatterMatcher(profiles)


def sentences(*, held_out: bool) -> list[tuple[str | None, str]]:
    """Return (code, text) of the sentences in the held-out fifth, or of the others."""
    entries = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))["sentences"]
    return [(each["code"], each["text"]) for each in entries if (hashlib.sha256(each["text"].encode()).digest()[0] % 5 == 0) == held_out]


def test_there_are_sentences_enough_and_none_is_an_example(profiles: list[MatterProfile]) -> None:
    everything = sentences(held_out=False) + sentences(held_out=True)
    assert len(everything) >= 500
    examples = {example for profile in profiles for example in profile.examples}
    codes = {profile.code for profile in profiles}
    assert {code for code, _ in everything} <= codes | {None}
    assert not [text for _, text in everything if text in examples]


@pytest.mark.parametrize(("held_out", "first", "among_three"), [(False, 0.90, 0.96), (True, 0.80, 0.92)])
def test_fresh_sentences_are_read(matcher: MatterMatcher, held_out: bool, first: float, among_three: float) -> None:
    named = [(code, [found.code for found in matcher.match(text, 3)]) for code, text in sentences(held_out=held_out) if code]
    assert sum(codes[:1] == [code] for code, codes in named) / len(named) >= first
    assert sum(code in codes for code, codes in named) / len(named) >= among_three


def test_a_sure_match_is_right_more_often_than_an_unsure_one(matcher: MatterMatcher) -> None:
    pairs = [(code, matcher.match(text, 1)) for code, text in sentences(held_out=True)]
    found = [(best[0].score, best[0].code == code) for code, best in pairs if best]
    sure = [right for score, right in found if score >= 0.9]
    above = [right for score, right in found if score >= CONFIDENT]
    assert sum(sure) / len(sure) >= 0.95
    assert sum(above) / len(above) >= 0.85


@pytest.mark.parametrize("text", ["", "   ", "。。。！！", "🙂🙂", "12", "\x00"])
def test_nothing_said_names_nothing(matcher: MatterMatcher, text: str) -> None:
    assert all(found.score < CONFIDENT for found in matcher.matters(text))


@pytest.mark.parametrize("text", ["你好，在吗", "今天天气真不错", "请给我一个答复", "嗯嗯好的知道了", "我住三楼"])
def test_small_talk_is_below_the_threshold(matcher: MatterMatcher, text: str) -> None:
    assert all(found.score < CONFIDENT for found in matcher.matters(text)[:1])


def test_a_rant_has_one_main_matter_and_lists_the_others(matcher: MatterMatcher) -> None:
    main, *others = matcher.matters(RANT)
    assert main.code == "0806"
    assert main.score >= CONFIDENT
    assert {"1203", "0810", "0304", "1906"} <= {found.code for found in others}


def test_a_short_list_of_matters_is_looked_through_too(matcher: MatterMatcher) -> None:
    found = [match.code for match in matcher.matters("电梯坏了，楼道灯不亮，门禁也刷不开")]
    assert set(found) == {"0806", "0816", "0817"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "每天下午四点以后，我们小区东门外的人行道上就摆满了各种小摊，卖水果的、卖袜子的、烤冷面的，一直到夜里十一点多。地上全是油污和签子，"
            "人只能走到马路上去，接孩子的时候特别危险。城管来了他们就推着车走，城管一走又回来。希望能安排人长期值守。",
            "0201",
        ),
        (
            "从今年四月份开始，我们胡同口那条路就挖开了，先是说换水管，填上没多久又说换电缆，又挖。现在围挡围了一半，里面一个工人也没有，"
            "土堆在外面，下雨全是泥。想知道这工程到底是谁家的，什么时候能干完，能不能一次干好。",
            "0309",
        ),
        (
            "我们村2015年腾退，当时协议写的三年回迁，周转费按月发。到今年已经八年了，安置楼主体早就封顶，一直说配套没做完不能交。"
            "很多老人没等到上楼就走了。请问什么时候能交房，拖欠的周转费什么时候补。",
            "0913",
        ),
    ],
)
def test_a_story_is_about_what_it_opens_and_asks_with(matcher: MatterMatcher, text: str, code: str) -> None:
    assert matcher.matters(text)[0].code == code


def test_a_single_matter_has_no_others(matcher: MatterMatcher) -> None:
    (found,) = matcher.matters("都供暖一个礼拜了，我家卧室还不到十五度，老人天天盖两床被子")
    assert found.code == "0704"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("暖氣不熱，屋裡好冷", "0704"),
        ("嗯 那个 就是说 我们家那个暖气片 摸着是凉的 那个 屋里头冷得不行 都好几天了", "0704"),
        ("路燈壞了，晚上黑漆漆的", "0304"),
        ("公园旁边的工地半夜还在打混凝土，吵得睡不着", "1201"),
        ("不是停电，是停水，从早上到现在一滴水都没有", "0401"),
    ],
)
def test_other_ways_of_writing(matcher: MatterMatcher, text: str, code: str) -> None:
    assert matcher.match(text, 1)[0].code == code


def test_evidence_is_what_the_text_says(matcher: MatterMatcher) -> None:
    best = matcher.match("路灯不亮好几天了，晚上太黑", 1)[0]
    assert "路灯不亮" in best.evidence


def test_scores_fall_and_stay_within_bounds(matcher: MatterMatcher) -> None:
    for _, text in sentences(held_out=False)[:60]:
        scores = [found.score for found in matcher.match(text, 5)]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def test_one_item_is_a_catalogue_too() -> None:
    matcher = MatterMatcher([MatterProfile("0101", "停水", "供水", "家里没有水", ("没水",), (), ("家里没有水了",))])
    assert matcher.match("没水了")[0].code == "0101"


def test_no_item_is_none() -> None:
    with pytest.raises(ValueError):
        MatterMatcher([])


def test_long_texts_are_bounded(matcher: MatterMatcher) -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        matcher.matters(text)
        return time.process_time() - began

    assert min(seconds(RANT * 11) for _ in range(3)) < 0.2
    assert min(seconds("哎" * 20_000) for _ in range(3)) < 0.2


def test_most_real_messages_have_a_matter(matcher: MatterMatcher) -> None:
    texts = [row["text"] for _, row in zip(range(600), real_data.rows("messages_request_type.csv"), strict=False)]
    named = sum(bool(found) and found[0].score >= CONFIDENT for found in map(matcher.matters, texts))
    assert named / len(texts) >= 0.6


def test_real_messages_that_were_never_learnt_from_are_read(matcher: MatterMatcher) -> None:
    """The held-out labels of data/reading/matter_labels.csv; without what real messages taught it is right in .63 of them."""
    messages = [each for each in labelled(real_data.path("messages_request_type.csv").parent) if each.held_out and each.codes]
    assert len(messages) > 200
    found = [(each.codes, matcher.match(about(each.text), 3)) for each in messages]
    assert sum(best[0].code in codes for codes, best in found if best) / len(messages) >= 0.65
    sure = [best[0].code in codes for codes, best in found if best and best[0].score >= CONFIDENT]
    assert sum(sure) / len(sure) >= 0.75


def test_a_fitted_model_is_kept_and_a_broken_one_made_anew(profiles: list[MatterProfile], tmp_path: Path) -> None:
    few = profiles[:30]
    text = "小区门口的垃圾桶满了好几天没人清运"
    fitted = MatterMatcher(few, kept_in=tmp_path).match(text)
    (file,) = tmp_path.glob("matter-*.npz")
    assert MatterMatcher(few, kept_in=tmp_path).match(text) == fitted
    file.write_bytes(file.read_bytes()[:1000])
    assert MatterMatcher(few, kept_in=tmp_path).match(text) == fitted
    MatterMatcher(profiles[:31], kept_in=tmp_path)
    assert len(list(tmp_path.glob("matter-*.npz"))) == 2
    nowhere = tmp_path / "a file"
    nowhere.touch()
    assert MatterMatcher(few, kept_in=nowhere).match(text) == fitted
