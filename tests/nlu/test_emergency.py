"""Emergencies (Art. 12(1)): a sealed set, the sentences learnt from, and real complaints, of which hardly one may ring."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.emergency import Emergency, detect
from nlu.emergency.lexicon import LINES, load
from nlu.files import data_path
from nlu.learning.emergency import REAL, real_held_out
from nlu.learning.ngram_model import held_out
from nlu.text import normalise
from tests.real_data import rows

_SEALED = yaml.safe_load(Path(__file__).with_name("emergency_sealed.yml").read_text(encoding="utf-8"))
_SENTENCES = yaml.safe_load(Path(__file__).with_name("emergency_sentences.yml").read_text(encoding="utf-8"))


def _score(groups: dict[str, list[str]]) -> tuple[float, float, float]:
    """Return recall, the share of seen dangers whose line is among the expected, and the share of harmless messages that ring."""
    dangers = [(text, lines.split()) for lines, texts in groups.items() if lines != "none" for text in texts]
    seen = [(lines, danger) for text, lines in dangers if (danger := detect(text))]
    right = [danger for lines, danger in seen if danger.line in lines]
    return len(seen) / len(dangers), len(right) / len(seen), sum(1 for text in groups["none"] if detect(text)) / len(groups["none"])


def test_the_sealed_set() -> None:
    """What is reached is recorded in the header of the file; the aims are .98 and, for messages written to mislead, .02."""
    recall, line, alarms = _score(_SEALED)
    assert recall >= 0.96
    assert line >= 0.85
    assert alarms <= 0.09


def test_sentences_learnt_from() -> None:
    recall, line, alarms = _score(_SENTENCES)
    assert recall >= 0.97
    assert line >= 0.97
    assert alarms <= 0.04


@pytest.mark.parametrize("text", ["楼上冒黑烟, 窗户噼里啪啦响", "我妈突然嘴歪了说不出话"])
def test_danger_without_a_keyword(text: str) -> None:
    assert detect(text) is not None


@pytest.mark.parametrize("text", ["消防通道被占", "打110没人管要投诉", "去年着火那栋楼还没修", "救命药能报销吗"])
def test_a_keyword_without_danger(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize("text", ["三楼着伙了快来", "救名啊有人持刀", "我爸晕到了没反映", "被困电剃里了"])
def test_homophones_are_read(text: str) -> None:
    danger = detect(text)
    assert danger is not None
    assert danger.evidence in text


@pytest.mark.parametrize("text", ["气死我了，火了", "急死我了", "打不着火", "救命恩人", "这家店火了", "消防演习"])
def test_figures_of_speech_raise_no_alarm(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    "text", ["my water bill is wrong", "The bus stop has no shelter", "Heating is not working, building 5", "my gas card is lost"]
)
def test_english_complaints_raise_no_alarm(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("my father collapsed on the stairs and I think he stopped breathing, he is 70 and we are alone at home", "120"),
        ("flames are coming out of the neighbour's window", "119"),
        ("a man with a knife is chasing people near the market", "110"),
    ],
)
def test_english_danger_is_heard(text: str, line: str) -> None:
    danger = detect(text)
    assert danger is not None
    assert danger.line == line


def test_evidence_stands_in_the_text_and_lines_are_lines() -> None:
    for texts in (*_SENTENCES.values(), *_SEALED.values()):
        for text in texts:
            danger = detect(text)
            if danger:
                assert danger.evidence
                assert danger.evidence in normalise(text)
                assert danger.why
                assert {danger.line, *danger.also} <= set(LINES)
                assert danger.line not in danger.also


@settings(max_examples=150, deadline=2000)
@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(["着火", "，", "煤气", "。", "我妈", "救命", "没有", "去年", "🔥", "血", "\n", "電梯"]), max_size=200).map(
        "".join
    )
)
def test_evidence_is_a_piece_of_any_text(text: str) -> None:
    danger = detect(text)
    if danger:
        assert danger.evidence
        assert danger.evidence in normalise(text)
        assert danger.line not in danger.also


@pytest.mark.parametrize("text", ["", "  ", "？", "着", "a" * 30_000, "着火" * 12_000, "\ud800", "煤气", "🔥🔥🔥"])
def test_any_text_is_read(text: str) -> None:
    danger = detect(text)
    assert danger is None or isinstance(danger, Emergency)


def test_typical_messages_take_less_than_a_millisecond() -> None:
    load()
    message = "您好，我家住在望京南湖西园，楼下烧烤店每天晚上营业到凌晨两点，油烟顺着窗户往屋里灌，孩子写不了作业，" * 3
    texts = [f"{number}号楼，{message}"[:150] for number in range(300)]
    start = time.process_time()
    for text in texts:
        detect(text)
    assert (time.process_time() - start) / len(texts) < 0.001  # 0.2 ms measured; five times that on a busy machine


def test_real_complaints_hardly_ever_ring() -> None:
    """Measured on the half that the model doesn't learn from."""
    texts = [text for name, column in REAL for text in {row[column] for row in rows(name)} if real_held_out(text)]
    alarms = sum(1 for text in texts if detect(text))
    assert alarms / len(texts) <= 0.001


def test_everyday_talk_does_not_ring() -> None:
    replies = "解决了/一般/没人联系我/不用了/再见/我姓李/地址错了/算了/我要人工/有人吗/你妈的/hello/确认提交/满意/2"
    assert [text for text in replies.split("/") if detect(text)] == []
    entity = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
    said = []
    for file in data_path("nlu").glob("*.yml"):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in group:
                said += [entity.sub(r"\1", line.removeprefix("- ").strip()) for line in group["examples"].splitlines()]
    said = [text for text in said if text and held_out(text)]
    assert len(said) > 200
    assert sum(detect(text) is not None for text in said) / len(said) <= 0.02
