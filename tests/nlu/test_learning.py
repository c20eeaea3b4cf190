"""The text classifier that learns from a city's own history."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bot.bench import understand
from nlu.learning import classifier as module
from nlu.learning import command, table
from nlu.learning.classifier import Scored, TextClassifier

MESSAGES = {
    "供暖": [
        "家里暖气一点都不热，屋里才十四度",
        "都十一月二十了暖气还是冰的，物业说再等等",
        "暖气片上半截热下半截凉，放了气也没用",
        "供热站的电话打不通，孩子都冻感冒了",
        "顶楼边户，每年冬天都冷，测温的人来了又走",
        "昨晚开始全楼停暖，没有人通知",
        "交了采暖费温度不达标，能不能退费",
        "我们小区锅炉房好像坏了，暖气时有时无",
    ],
    "噪音": [
        "楼下烧烤摊半夜两点还在放音响",
        "隔壁工地夜里打桩，老人根本睡不着",
        "广场舞音乐太大，窗户关着都吵",
        "楼上天天晚上拖椅子，说了好几次也不听",
        "酒吧的低音炮一直响到凌晨，墙都在震",
        "早上六点装修的电钻就响了，周末也不停",
        "马路对面的修车铺整天敲敲打打",
        "空调外机嗡嗡响，吵得没法学习",
    ],
    "停车": [
        "消防通道又被私家车堵死了",
        "门口的车位被地锁占了，没人管",
        "小区外面两边都停满了，公交车过不去",
        "自行车道上天天停着一排车",
        "物业把绿地划成停车位收费",
        "我的固定车位被别人占了三天",
        "学校门口家长乱停车，堵得水泄不通",
        "停车费一下从一小时两块涨到六块，合理吗",
    ],
}
TEXTS = [text for texts in MESSAGES.values() for text in texts]
LABELS = [label for label, texts in MESSAGES.items() for _ in texts]
ODD = ["", "   ", "。。。", "*" * 500, "\u200b\ufeff", "\0", "👍" * 30, "hello world", "１２３４５", "暖氣不熱啊", "冷" * 30_000]


@pytest.fixture(scope="module")
def classifier() -> TextClassifier:
    return TextClassifier().fit(TEXTS, LABELS)


def _csv(path: Path, rows: list[tuple[str, str]], encoding: str = "utf-8") -> Path:
    lines = ["编号,内容,类别"] + [f'{i},"{text}",{label}' for i, (text, label) in enumerate(rows)]
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_it_learns_what_the_messages_are_about(classifier: TextClassifier) -> None:
    fresh = ["暖气不热，屋里太冷了", "半夜工地太吵，睡不着觉", "门口车乱停，堵得出不去"]
    assert [top[0].label for top in classifier.predict(fresh)] == ["供暖", "噪音", "停车"]


def test_three_answers_best_first_whose_scores_are_probabilities(classifier: TextClassifier) -> None:
    for top in classifier.predict(TEXTS + ODD):
        assert [scored.score for scored in top] == sorted((scored.score for scored in top), reverse=True)
        assert {scored.label for scored in top} == set(MESSAGES)
        assert sum(scored.score for scored in top) == pytest.approx(1)


def test_nothing_to_read_gets_the_shares_of_the_training_rows() -> None:
    learnt = TextClassifier().fit(TEXTS[:12], LABELS[:12])
    assert learnt.predict([""]) == [[Scored("供暖", pytest.approx(8 / 12)), Scored("噪音", pytest.approx(4 / 12))]]


def test_one_by_one_and_together_give_the_same_answers(classifier: TextClassifier) -> None:
    together = classifier.predict(TEXTS)
    for text, expected in zip(TEXTS, together, strict=True):
        (alone,) = classifier.predict([text])
        assert [scored.label for scored in alone] == [scored.label for scored in expected]
        assert [scored.score for scored in alone] == pytest.approx([scored.score for scored in expected], abs=1e-4)


def test_a_saved_classifier_answers_exactly_the_same(classifier: TextClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.predict(TEXTS + ODD) == classifier.predict(TEXTS + ODD)
    assert (loaded.labels, loaded.chosen) == (classifier.labels, classifier.chosen)


def test_every_sort_of_model_is_saved_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_blend", lambda likely, _truth: np.full(len(likely), 1 / len(likely)))
    every = TextClassifier().fit(TEXTS, LABELS)
    assert any("network" in name for name in every.chosen)
    every.save(tmp_path / "model")
    assert TextClassifier.load(tmp_path / "model").predict(TEXTS) == every.predict(TEXTS)


def test_training_twice_gives_the_same_model(classifier: TextClassifier) -> None:
    assert TextClassifier().fit(TEXTS, LABELS).predict(TEXTS) == classifier.predict(TEXTS)


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["暖气不热"], ["供暖"]),
        (["暖气不热", "太吵了"], ["供暖", "噪音"]),
        (["暖气不热", "暖气不热", "暖气不热"], ["供暖", "供暖", "噪音"]),
        (["暖气不热", "暖气冰凉", "太吵了"], ["供暖", "供暖", "噪音"]),
        (["a", "b", "c", "d", "e"], ["1", "1", "2", "2", "3"]),
        ([*TEXTS, "路灯不亮"], [*LABELS, "路灯"]),
        ([*TEXTS, "", "  "], [*LABELS, "供暖", "噪音"]),
        (ODD, ["甲", "乙"] * 5 + ["甲"]),
    ],
)
def test_small_and_odd_histories(texts: list[str], labels: list[str], tmp_path: Path) -> None:
    learnt = TextClassifier().fit(texts, labels)
    answers = learnt.predict(texts + ODD)
    assert len(answers) == len(texts) + len(ODD)
    assert all(len(top) == min(3, len(learnt.labels)) for top in answers)
    learnt.save(tmp_path / "model")
    assert TextClassifier.load(tmp_path / "model").predict(texts + ODD) == answers


def test_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="no row"):
        TextClassifier().fit(["", "有内容"], ["供暖", " "])
    with pytest.raises(ValueError, match="1 texts but 2 labels"):
        TextClassifier().fit(["暖气"], ["供暖", "噪音"])
    with pytest.raises(ValueError, match="not learnt"):
        TextClassifier().predict(["暖气"])


def test_progress_runs_from_0_to_1() -> None:
    seen: list[float] = []
    TextClassifier().fit(TEXTS, LABELS, lambda _what, share: seen.append(share))
    assert (seen[0], seen[-1]) == (0, 1)
    assert seen == sorted(seen)


class _Trap:
    """A pickle of this calls ``open`` on a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def _changed(path: Path, name: str, array: np.ndarray) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays[name] = array
    with path.open("wb") as file:
        np.savez(file, **arrays)


def test_foreign_and_damaged_archives_are_refused(classifier: TextClassifier, tmp_path: Path) -> None:
    path = tmp_path / "model"
    classifier.save(path)
    whole = path.read_bytes()
    with np.load(path) as archive:
        bias = archive["bias_0"]
        meta = json.loads(archive["meta"].tobytes())
    as_bytes = lambda value: np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)  # noqa: E731
    trap = tmp_path / "sprung"
    damages = [
        lambda: path.write_bytes(b""),
        lambda: path.write_bytes(b"not an archive"),
        lambda: path.write_bytes(whole[: len(whole) // 2]),
        lambda: path.write_bytes(pickle.dumps(_Trap(trap))),
        lambda: _changed(path, "bias_0", bias[:-1]),
        lambda: _changed(path, "bias_0", bias * np.nan),
        lambda: _changed(path, "bias_0", np.array([_Trap(trap)] * len(bias), dtype=object)),
        lambda: _changed(path, "meta", as_bytes({**meta, "format": "something/9"})),
        lambda: _changed(path, "meta", as_bytes({**meta, "labels": []})),
        lambda: _changed(path, "meta", as_bytes({**meta, "views": ["os"]})),
        lambda: _changed(path, "meta", as_bytes({**meta, "models": [{"views": ["absent"], "trust": 1}]})),
        lambda: _changed(path, "meta", as_bytes({**meta, "models": [{**meta["models"][0], "views": ["formulas"]}]})),
        lambda: _changed(path, "meta", as_bytes({**meta, "models": 3})),
        lambda: _changed(path, "meta", as_bytes([1, 2])),
        lambda: _changed(path, "meta", np.frombuffer(b"{", dtype=np.uint8)),
    ]
    for damage in damages:
        path.write_bytes(whole)
        damage()
        with pytest.raises(ValueError, match="model is not a text classifier of ours"):
            TextClassifier.load(path)
    assert not trap.exists()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_files_in_the_encodings_cities_use(tmp_path: Path, encoding: str) -> None:
    path = _csv(tmp_path / "a.csv", [("暖气不热，\n已经三天", "供暖"), ("太吵", "噪音")], encoding)
    assert table.read(path, "内容", "类别") == [table.Row(2, "暖气不热，\n已经三天", "供暖"), table.Row(4, "太吵", "噪音")]


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", [("暖气不热", "供暖")])
    with pytest.raises(ValueError, match=r"a\.csv: no column '正文'; there are: 编号, 内容, 类别"):
        command.learn("正文", "类别", path, path)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(ValueError, match="there are: none"):
        command.learn("内容", "类别", path, tmp_path / "empty.csv")


def test_files_without_usable_rows(tmp_path: Path) -> None:
    full = _csv(tmp_path / "full.csv", [("暖气不热", "供暖")])
    blank = _csv(tmp_path / "blank.csv", [("", "供暖"), ("暖气不热", "")])
    header = _csv(tmp_path / "header.csv", [])
    with pytest.raises(ValueError, match=r"blank\.csv: no row has both"):
        command.learn("内容", "类别", blank, full)
    with pytest.raises(ValueError, match=r"header\.csv: no rows"):
        command.learn("内容", "类别", full, header)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xff\x00\xff")
    with pytest.raises(ValueError, match=r"picture\.csv: neither"):
        command.learn("内容", "类别", tmp_path / "picture.csv", full)


def test_every_test_row_is_answered_in_order(tmp_path: Path) -> None:
    rows = list(zip(TEXTS, LABELS, strict=True))
    train = _csv(tmp_path / "train.csv", [*rows, ("", "供暖"), ("没有类别", "")])
    test = _csv(
        tmp_path / "test.csv", [("暖气冰凉", "供暖"), ("", "噪音"), ("夜里施工太吵", ""), ("井盖丢了", "井盖"), ("车把路堵了", "停车")]
    )
    report = command.learn("内容", "类别", train, test, tmp_path / "out.jsonl")
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [len(answer["top"]) for answer in answers] == [3] * 5
    assert [answers[i]["top"][0]["label"] for i in (0, 2, 4)] == ["供暖", "噪音", "停车"]
    assert (report.train_rows, report.skipped_lines) == (24, (26, 27))
    assert (report.test_rows, report.unlabelled_lines, report.unseen_labels) == (5, (4,), ("井盖",))
    assert report.scores is not None
    assert report.scores.rows == 4
    assert report.ms_per_message > 0


def test_the_benchmark_runs_on_the_files_it_names(tmp_path: Path) -> None:
    rows = [(text + ending, label) for text, label in zip(TEXTS, LABELS, strict=True) for ending in ("", "，请尽快处理", "。谢谢！")]
    files = {
        "messages_request_type.csv": ["id", "text", "request_type", "domain"],
        "messages_topic7.csv": ["title", "detail", "label"],
        "hotline_tickets.csv": ["text_citizen", "dept"],
    }
    for name, columns in files.items():
        lines = [
            ",".join(label if column in ("request_type", "domain", "label", "dept") else text for column in columns) for text, label in rows
        ]
        (tmp_path / name).write_text("\n".join([",".join(columns), *lines]), encoding="utf-8")
    figures = understand.run(tmp_path, tmp_path / "out.json", quick=True)
    assert len(figures["full"]) == 2 * len(understand.TASKS) + 1
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["sample"] == []
    for result in figures["full"]:
        assert result["train_rows"] + result["scores"]["rows"] == len(rows)
        if result["system"] != "ours, jsjb understand":  # it knows other labels than these
            assert result["scores"]["accuracy"] > 0.5


def test_scores_are_the_textbook_ones() -> None:
    scores = command.score(["a", "a", "b", "c"], [["a", "b"], ["b", "a"], ["b"], ["a", "b"]])
    assert (scores.accuracy, scores.top3) == (0.5, 0.75)
    assert scores.labels["a"] == command.LabelScore(2, 0.5, 0.5, 0.5)
    assert scores.labels["b"].f1 == pytest.approx(2 / 3)
    assert scores.macro_f1 == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    with pytest.raises(ValueError, match="0 true labels"):
        command.score([], [])
