"""The ways of Art. 12 and 23: our sentences, a fifth of them held out while the rules were written, and the traps one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
import yaml

from nlu.files import data_path
from nlu.handling import Handling, decide
from nlu.place import resolve
from nlu.request_type import classify
from tests import real_data


def _decide(text: str, *, emergency: bool = False, matter_found: bool = False) -> Handling:
    return decide(text, request_type=classify(text).name, emergency=emergency, matter_found=matter_found)


def _sentences(*, held_out: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield (way, sentence, stability risk)."""
    data = yaml.safe_load(data_path("reading", "handling_sentences.yml").read_text(encoding="utf-8"))
    for way, lines in data.items():
        for line in (lines or "").splitlines():
            text = line.strip().lstrip("!")
            if text and (int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0) == held_out:
                yield way, text, line.strip().startswith("!")


def _way(reading: Handling) -> str:
    return f"{reading.name} {reading.channel}" if reading.channel else reading.name


def test_sentences_that_the_rules_were_written_with() -> None:
    rows = [(way, text) for way, text, _ in _sentences(held_out=False) if way != "stability"]
    wrong = [(way, text, _way(_decide(text))) for way, text in rows if _way(_decide(text)) != way]
    assert len(wrong) / len(rows) <= 0.03, wrong


def test_sentences_held_out() -> None:
    rows = [(way, text) for way, text, _ in _sentences(held_out=True) if way != "stability"]
    wrong = [(way, text, _way(_decide(text))) for way, text in rows if _way(_decide(text)) != way]
    assert len(wrong) / len(rows) <= 0.15, wrong


@pytest.mark.parametrize("held_out", [True, False])
def test_risk_to_social_stability(held_out: bool) -> None:
    rows = list(_sentences(held_out=held_out))
    wrong = [text for _, text, risk in rows if _decide(text).stability_risk != risk]
    assert len(wrong) / len(rows) <= 0.02, wrong


def test_danger_goes_before_everything() -> None:
    assert _decide("转人工，我家着火了", emergency=True).name == "emergency"


def test_a_furious_complaint_with_a_matter_is_a_matter() -> None:
    assert _decide("傻逼物业，电梯坏了一个月了，你们这帮废物到底管不管", matter_found=True).name == "dispatch"
    assert _decide("操，暖气三天不热了，你们是吃干饭的吗").name == "dispatch"
    assert _decide("你们这群傻逼废物").name == "educate"


def test_abuse_alone_is_no_matter_though_its_words_sound_like_one() -> None:
    assert _decide("你们就是一群骗子", matter_found=True).name == "educate"
    assert _decide("政府都是吸血鬼", matter_found=True).name == "educate"
    assert _decide("一群骗子卖假药给老人", matter_found=True).name == "dispatch"


def test_a_word_of_abuse_within_other_words_is_none() -> None:
    assert _decide("Hi, the lamp outside my flat has been flickering for two weeks").name != "educate"
    assert _decide("我就想看看孙子").name != "educate"


def test_what_happens_in_another_city_is_for_its_own_hotline() -> None:
    text = "天津滨海新区那边的开发商烂尾了，你们北京能不能管一下"
    assert resolve(text).elsewhere
    assert decide(text, request_type="求助", emergency=False, matter_found=True, elsewhere=True).name == "market"
    assert not resolve("老家在天津，在北京打工被拖欠工资").elsewhere
    assert not resolve("去三亚的旅游团费不退").elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "关于南区三号楼外墙渗水的问题",
        "永兴家园交了房证迟迟办不下来",
        "为什么电梯坏了不给修，物业收钱倒积极",
        "反映湖滨路机动车乱停的问题",
        "本楼供暖主管道多次漏水，多次向物业反映，至今没有解决，住户苦不堪言，老人孩子只能靠电暖器过夜，望领导重视",
    ],
)
def test_who_says_what_is_wrong_and_asks_nothing_is_not_answered_but_helped(text: str) -> None:
    assert _decide(text).name == "dispatch"
    assert decide(text, request_type="咨询", emergency=False, matter_found=False).name == "dispatch"


@pytest.mark.parametrize("text", ["请问外墙渗水归谁修", "违章停车罚款在哪交", "办证中心电话的问题", "漏水造成的损失能找物业赔吗"])
def test_a_question_about_what_is_wrong_is_answered(text: str) -> None:
    assert _decide(text).name == "answer"


def test_threats_of_a_crowd_are_a_risk() -> None:
    assert _decide("再不解决我就抱着孩子去天安门").stability_risk
    assert _decide("两百名购房人明天到售楼处集会维权").stability_risk
    assert not _decide("周末想带孩子去天安门看升旗，怎么预约").stability_risk


def test_an_order_with_news_is_no_question_about_progress() -> None:
    assert _decide("BJ20261120-000318办到哪一步了").name == "progress"
    assert _decide("BJ20261120-000318上次修好了，昨天又漏了，比原来还厉害").name == "dispatch"


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("拖欠工资三个月不给，劳动监察让我去仲裁", "dispatch"),
        ("劳动仲裁裁决书下来了，公司就是不给钱", "legal_channel 仲裁"),
        ("再不修我就去法院告你们", "dispatch"),
        ("法院判了一年了对方还不执行", "legal_channel 诉讼"),
        ("以上诉求请尽快解决，小区没水三天了", "dispatch"),
        ("部队大院门口的路灯坏了", "dispatch"),
        ("部队大院里半夜放广播", "liaison"),
    ],
)
def test_a_place_or_a_threat_is_no_channel(text: str, way: str) -> None:
    assert _way(_decide(text)) == way


@pytest.mark.real_data
def test_hardly_a_real_ticket_leaves_the_main_road() -> None:
    """The tickets of another city were all dispatched or answered; what quotes an earlier ticket is progress."""
    rows = [row["text_citizen"] for row in real_data.rows("hotline_tickets.csv")]
    elsewhere = [text for text in rows if _decide(text, matter_found=True).name not in ("answer", "dispatch", "progress")]
    assert len(elsewhere) / len(rows) < 0.01


def test_ones_own_story_with_bank_statements_in_it_asks_for_no_secrets() -> None:
    text = "我的工资卡上个月被银行冻结了，说是风险管控。支行让我提供其他银行流水和社保证明，我都交了三次，客服还是说等通知。"
    text += "家里等着这笔钱还房贷，希望有关部门督促银行尽快给我解冻，或者给个明确的说法。"
    assert decide(text, request_type="求助", emergency=False, matter_found=True).name == "dispatch"
