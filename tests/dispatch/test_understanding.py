"""What the readers say together: one reading of a message that doesn't contradict itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.system import reference_in_force
from dispatch.core.settings import Settings
from dispatch.understanding.service import Reference, understand


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_in_force(Settings(data_dir=Path("/nonexistent")))


@pytest.mark.parametrize("text", ["孩子把药当糖吃了大半瓶怎么叫都不醒", "前车甩出来一个轮子，好几辆撞一块了，怎么办"])
def test_who_reports_danger_asks_for_help(reference: Reference, text: str) -> None:
    reading = understand(text, reference)
    assert reading.handling == "emergency"
    assert reading.request_type not in ("咨询", "建议")


def test_mere_abuse_names_no_matter_though_its_words_do(reference: Reference) -> None:
    reading = understand("你们都是废物", reference)
    assert (reading.handling, reading.matter, reading.unit, reading.others) == ("educate", None, None, [])


def test_what_is_still_broken_is_dispatched_and_no_danger(reference: Reference) -> None:
    reading = understand("去年着火那栋楼还没修", reference)
    assert (reading.handling, reading.emergency) == ("dispatch", None)
