"""Request types: clear cases, traps, the fifth of our sentences never trained on, and real messages where they are at hand."""

from __future__ import annotations

import hashlib
import time

import pytest
import yaml

from nlu.files import data_path
from nlu.request_type import BROAD_OF, NAMES, classify
from nlu.text import normalise
from tests import real_data


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("居住证到期了去哪儿续签", "咨询"),
        ("我想投诉物业，应该打哪个电话", "咨询"),
        ("举报黑车有奖励吗", "咨询"),
        ("家里停水一天了，麻烦派人来看看", "求助"),
        ("工头跑了，四个月工钱没拿到，帮帮我们吧", "求助"),
        ("物业收钱挺积极，电梯坏一个月没人修，我要投诉", "投诉"),
        ("楼下烧烤店天天营业到后半夜，油烟呛得没法开窗，说了多少回都不管", "投诉"),
        ("举报有人夜里往河边偷倒渣土，车没有牌照", "举报"),
        ("我举报楼下饭馆无照经营还用地沟油", "举报"),
        ("建议在校门口装个红绿灯，孩子过马路太危险", "建议"),
        ("能不能给公交站加个雨棚，下雨天老人没处躲", "建议"),
        ("嗯 那个 我想问一下 就是 退休金啥时候涨", "咨询"),
        ("請問居住證怎麼辦理", "咨询"),
    ],
)
def test_plain_cases(text: str, name: str) -> None:
    assert classify(text).name == name


@pytest.mark.parametrize("text", ["", "  ", "喂", "在吗", "你好", "哈哈哈哈", "test", "😀😀", "？？？", "asdf", "啊啊啊", "1", "谢谢"])
def test_without_substance_there_is_no_type(text: str) -> None:
    assert classify(text).name is None


@pytest.mark.parametrize("text", ["停电", "没水了", "暖气不热", "路灯坏", "wifi坏了", "我要投诉"])
def test_short_is_not_empty(text: str) -> None:
    assert classify(text).name in NAMES


def test_sentences_never_trained_on() -> None:
    data = yaml.safe_load(data_path("reading", "request_type.yml").read_text(encoding="utf-8"))
    rows = [(normalise(line), name) for name in NAMES for line in data[name].splitlines() if line.strip()]
    assert len(rows) >= 600
    held_out = [row for row in rows if int(hashlib.sha256(row[0].encode()).hexdigest(), 16) % 5 == 0]
    right = sum(classify(text).name == name for text, name in held_out)
    assert right / len(held_out) >= 0.87


@pytest.mark.real_data
def test_real_messages_never_tuned_on() -> None:
    rows = [r for r in real_data.rows("messages_request_type.csv") if int(hashlib.sha256(r["id"].encode()).hexdigest(), 16) % 100 < 20]
    readings = [classify(row["text"]) for row in rows]
    right = [BROAD_OF.get(reading.name or "") == row["request_type"] for reading, row in zip(readings, rows, strict=True)]
    assert sum(right) / len(right) >= 0.79
    sure = [ok for ok, reading in zip(right, readings, strict=True) if reading.confidence >= 0.9]
    assert sum(sure) / len(sure) >= 0.9


def test_it_is_quick() -> None:
    text = "尊敬的领导您好，我们小区三号楼的暖气从供暖开始就没热过，给供热单位打电话总说登记了，家里有老人和孩子，请尽快解决。" * 3
    classify(text)
    durations = []
    for _ in range(30):
        start = time.perf_counter()
        classify(text)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.001
