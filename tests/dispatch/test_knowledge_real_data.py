"""Search on the Beijing departments' own questions and answers, asked in residents' words: the floors that must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.bench import knowledge as bench
from tests import real_data

pytestmark = pytest.mark.real_data

EVERY = bench.questions(bench.LEARNING) + bench.questions(bench.HELD_OUT)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = real_data.path("beijing_qa.csv").parent
    out = tmp_path_factory.mktemp("bench") / "knowledge.json"
    figures = bench.run(folder, out)
    assert out.is_file()
    return figures


def test_held_out_questions_find_their_entry(figures: dict[str, Any]) -> None:
    ours = figures["ranking"]["meaning + wording"]
    assert ours["hit@1"] >= 0.82
    assert ours["hit@3"] >= 0.94
    for name, values in figures["ranking"].items():
        if name.startswith("BM25"):
            assert ours["mrr"] > values["mrr"] + 0.2


def test_what_is_answered_at_once_is_right(figures: dict[str, Any]) -> None:
    answer = figures["answer"]
    assert answer["precision"] >= 0.95
    assert answer["recall"] >= 0.45


def test_no_question_stands_in_the_file_as_it_is(figures: dict[str, Any]) -> None:
    # All are in our own words, or they would measure nothing.
    written = {question.text for question in EVERY}
    assert not written & {entry.questions[0].strip("？?") for entry in bench.read_entries(real_data.path("beijing_qa.csv").parent)}


def test_the_questions_are_many_and_a_good_part_is_held_out() -> None:
    held_out = bench.questions(bench.HELD_OUT)
    assert sum(bool(question.ids) for question in held_out) >= 75
    assert sum(not question.ids for question in held_out) >= 60
    assert sum(bool(question.ids) for question in EVERY) >= 150
    assert not {question.text for question in held_out} & {question.text for question in bench.questions(bench.LEARNING)}


def test_every_id_is_in_the_file() -> None:
    folder: Path = real_data.path("beijing_qa.csv").parent
    known = {entry.id for entry in bench.read_entries(folder)}
    assert not {entry_id for question in EVERY for entry_id in question.ids} - known
