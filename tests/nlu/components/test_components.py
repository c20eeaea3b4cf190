"""The assistant's own Rasa components."""

from __future__ import annotations

from pathlib import Path

import jieba
import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components import chinese_tokenizer
from nlu.components.chinese_tokenizer import ChineseTokenizer
from nlu.components.known_phrases import KnownPhraseClassifier, key
from nlu.components.resident_entities import read_entities


@pytest.fixture
def tokenizer(tmp_path: Path) -> ChineseTokenizer:
    return ChineseTokenizer(ChineseTokenizer.get_default_config(), LocalModelStorage(tmp_path), Resource("tokenizer"))


def words(tokenizer: ChineseTokenizer, text: str) -> list[str]:
    return [token.text for token in tokenizer.tokenize(Message({TEXT: text}), TEXT)]


def test_own_words_stay_whole_and_blanks_are_no_tokens(tokenizer):
    assert words(tokenizer, "转人工 谢谢") == ["转人工", "谢谢"]
    assert "望京街道办事处" not in words(tokenizer, "街道办事处")
    assert "街道办事处" in words(tokenizer, "找街道办事处")


def test_traditional_characters_count_as_simplified_at_their_own_place(tokenizer):
    tokens = tokenizer.tokenize(Message({TEXT: "電梯壞了"}), TEXT)
    assert tokens[0].text == "電梯"
    assert tokens[0].lemma == "电梯"
    assert (tokens[0].start, tokens[0].end) == (0, 2)


def test_jiebas_shared_dictionary_is_left_alone(tokenizer):
    words(tokenizer, "接诉即办")
    assert "接诉即办" not in jieba.lcut("接诉即办")


def test_a_changed_dictionary_changes_the_fingerprint(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("接诉即办\n", encoding="utf-8")
    monkeypatch.setattr(chinese_tokenizer, "data_path", lambda *parts: tmp_path)
    before = ChineseTokenizer.fingerprint_addon({"dictionary_path": "x"})
    (tmp_path / "a.txt").write_text("接诉即办\n吹哨报到\n", encoding="utf-8")
    assert ChineseTokenizer.fingerprint_addon({"dictionary_path": "x"}) != before


def test_a_missing_dictionary_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(chinese_tokenizer, "data_path", lambda *parts: tmp_path)
    with pytest.raises(FileNotFoundError, match="word list"):
        ChineseTokenizer.fingerprint_addon({"dictionary_path": "x"})


@pytest.mark.parametrize(("one", "other"), [("我要投诉！", "我要投訴"), ("算了吧。", "算了吧"), ("好的呀～", "好的"), ("OK", "ok")])
def test_phrases_are_compared_without_signs_and_particles(one, other):
    assert key(one) == key(other)


def test_signs_alone_stay_themselves():
    assert key("？？？") == "???" or key("？？？") == "？？？"
    assert key("") == ""


def test_a_known_phrase_overrules_the_guess_and_an_ambiguous_one_does_not(tmp_path):
    storage, resource = LocalModelStorage(tmp_path), Resource("phrases")
    examples = [("修改", "deny"), ("地址", "correct"), ("没有", "deny"), ("没有", "not_resolved")]
    classifier = KnownPhraseClassifier({}, storage, resource)
    classifier.train(TrainingData([Message({TEXT: text, INTENT: intent}) for text, intent in examples]))
    loaded = KnownPhraseClassifier.load({}, storage, resource, None)
    guess = {"name": "cancel", "confidence": 0.4}
    known = Message({TEXT: "修改。", INTENT: guess, "intent_ranking": [guess]})
    unclear = Message({TEXT: "没有", INTENT: guess, "intent_ranking": [guess]})
    loaded.process([known, unclear])
    assert known.get(INTENT)["name"] == "deny"
    assert [ranked["name"] for ranked in known.get("intent_ranking")] == ["deny", "cancel"]
    assert unclear.get(INTENT)["name"] == "cancel"


def test_entities_are_those_of_the_platforms_own_readers():
    found = {entity["entity"]: entity for entity in read_entities("朝阳区望京街道的事，单号BJ20261123-000042，电话13800138000")}
    assert found["district"]["value"] == "朝阳区"
    assert (found["district"]["start"], found["district"]["end"]) == (0, 3)
    assert found["order_number"]["value"] == "BJ20261123-000042"
    assert found["phone"]["value"] == "13800138000"


def test_a_message_without_entities_has_none():
    assert read_entities("你好") == []
