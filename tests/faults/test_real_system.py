"""The whole system with its real processes: the main job, and what happens when one of them is killed."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from bot.running import RunningSystem
from tests.system import Resident

pytestmark = pytest.mark.rasa

NewResident = Callable[[], Resident]


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _text(replies: list[dict[str, object]]) -> str:
    return " ".join(str(reply["text"]) for reply in replies)


def test_the_main_job_from_first_words_to_progress(resident: NewResident) -> None:
    someone = resident()
    someone.say("我家暖气不热，卧室只有十五度，孩子都冻感冒了")
    someone.say("朝阳区望京南湖西园215楼")
    summary = _text(someone.say("13800138000"))
    assert "望京街道办事处" in summary
    assert "138****8000" in summary
    filed = someone.say("确认提交")
    number = re.search(r"BJ\d{8}-\d{6}", _text(filed))
    assert number
    assert "朝阳区人民政府" in _text(filed)
    assert number[0] in _text(someone.say(f"{number[0]}办到哪一步了"))


def test_somebody_elses_order_is_not_told(resident: NewResident) -> None:
    owner, stranger = resident(), resident()
    for text in ("望京西园四区12号楼的路灯坏了，电话13800138000", "确认提交"):
        replies = owner.say(text)
    number = re.search(r"BJ\d{8}-\d{6}", _text(replies))
    assert number
    assert "望京街道" not in _text(stranger.say(f"查一下{number[0]}的进度"))


def test_a_correction_before_filing_changes_the_place(resident: NewResident) -> None:
    someone = resident()
    someone.say("望京西园三区3号楼前面的路灯坏了，我姓李，电话13911112222")
    summary = _text(someone.say("地址错了, 是望京西园四区"))
    assert "西园四区" in summary
    assert "望京西园三区社区" not in summary


@pytest.mark.parametrize("victim", ["rasa", "actions"])
def test_the_assistant_killed_in_mid_conversation_costs_nothing_but_a_promise(
    system: RunningSystem, resident: NewResident, victim: str
) -> None:
    someone = resident()
    someone.say("小区门口的路灯坏了好几天")
    before = system.supervisor.pids[victim]
    os.kill(before, signal.SIGKILL)
    promised = someone.say("在海淀区上地街道上地东里")
    assert "工作人员" in _text(promised)
    _wait(lambda: system.supervisor.pids[victim] != before, 30)
    _wait(lambda: _answers(f"{system.url}/readyz") and _text(someone.say("在海淀区上地街道上地东里")) != _text(promised), 90)
    texts = [message["text"] for message in someone.transcript() if message["author"] == "resident"]
    assert texts[0] == "小区门口的路灯坏了好几天"
    assert texts.count("在海淀区上地街道上地东里") >= 2
    replies = someone.say("13800138000")
    assert "确认" in _text(replies) or "138****8000" in _text(replies)


def test_the_platform_killed_between_storing_and_answering_answers_after_restart(system: RunningSystem, resident: NewResident) -> None:
    someone = resident()
    someone.say("你好")
    os.kill(system.supervisor.pids["rasa"], signal.SIGSTOP)
    try:
        with pytest.raises(httpx.HTTPError):
            # The turn is stored and waits for the stopped assistant; the platform dies under it.
            _kill_during(system, someone)
    finally:
        os.kill(system.supervisor.pids["rasa"], signal.SIGCONT)
    _wait(lambda: _answers(f"{system.url}/healthz"), 60)

    def answered() -> bool:
        said = someone.transcript()
        asked = next(i for i, m in enumerate(said) if m["text"] == "单元门口的井盖丢了")
        return any(m["author"] in ("bot", "system") for m in said[asked + 1 :])

    _wait(answered, 90)


def _kill_during(system: RunningSystem, someone: Resident) -> None:
    import threading

    killer = threading.Timer(0.5, os.kill, (system.supervisor.pids["platform"], signal.SIGKILL))
    killer.start()
    someone.say("单元门口的井盖丢了")
