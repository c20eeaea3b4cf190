"""Triage and the conversations outside the form."""

from __future__ import annotations

import pytest

from actions.draft import Draft
from actions.emergency import EmergencyLine
from actions.handoff import Calm, Handoff
from actions.progress import Progress
from actions.triage import ExplainRoute, Triage
from tests.actions.doubles import ELEVATOR, place, tracker, understanding

ORDER = {
    "number": "BJ20261123-000042",
    "state": "dispatched",
    "state_text": "承办单位正在办理",
    "matter": ELEVATOR,
    "unit": {"code": "1", "name": "望京街道办事处"},
    "deadline_at": "2026-11-24T02:00:00Z",
    "answer": None,
    "events": [{"at": "2026-11-23T02:00:00Z", "text": "已派给望京街道办事处"}],
}
STORED = {"state": "summary", "description": "电梯坏了", "matter": ELEVATOR, "place": place("朝阳区"), "contact": {"phone": "138****5678"}}


@pytest.mark.parametrize(
    ("text", "intent", "read", "expected"),
    [
        ("电梯坏了", "report_problem", {"handling": "dispatch", "matter": ELEVATOR}, "dispatch"),
        ("部队大院排污", "report_problem", {"handling": "liaison"}, "dispatch"),
        ("我要投诉", "report_problem", {"handling": "explain"}, "dispatch"),
        ("居住证怎么办", "ask_question", {"handling": "answer", "request_type": "咨询"}, "answer"),
        ("居住证的事", "ask_question", {"handling": "dispatch", "request_type": "举报"}, "answer"),
        ("我要打官司", "report_problem", {"handling": "legal_channel", "channel": "诉讼"}, "legal_channel"),
        ("邻居借钱不还", "report_problem", {"handling": "market"}, "market"),
        ("你们再不办我就天天打", "report_problem", {"handling": "educate"}, "educate"),
        ("上次的事怎么样了", "ask_progress", {"handling": "progress"}, "progress"),
        (
            "上个月跟物业说过电梯老坏，也打过电话，说是在处理，这个礼拜又停了三回，老人上下楼太难了，什么时候能修好",
            "report_problem",
            {"handling": "progress", "request_type": "求助", "matter": ELEVATOR},
            "dispatch",
        ),
        ("转人工", "request_human", {"handling": "human"}, "human"),
        ("着火了", "report_problem", {"handling": "emergency", "emergency": {"line": "119", "evidence": "着火", "also": []}}, "emergency"),
        ("你好", "greet", {}, "reply"),
        ("你好，我家电梯坏了", "greet", {"handling": "dispatch", "matter": ELEVATOR}, "dispatch"),
        ("废物，电梯坏了三天", "abuse", {"handling": "dispatch", "matter": ELEVATOR}, "dispatch"),
        ("废物", "abuse", {"handling": "educate"}, "reply"),
        ("望京西园四区", "inform", {"place": place("朝阳区", "望京街道")}, "dispatch"),
        ("嗯嗯", "affirm", {}, "reply"),
    ],
)
def test_route(platform, run, text, intent, read, expected):
    assert run(Triage(), tracker(text, intent, understanding=understanding(**read))).slots["route"] == expected


def test_a_number_alone_asks_for_its_progress(platform, run):
    done = run(Triage(), tracker("BJ20261123-000042", "give_contact", order_numbers=["BJ20261123-000042"]))
    assert done.slots["route"] == "progress"


@pytest.mark.parametrize(
    ("intent", "expected"), [("affirm", "file"), ("inform", "dispatch"), ("cancel", "cancel"), ("ask_question", "answer")]
)
def test_a_draft_at_the_platform_is_taken_up_again(platform, run, intent, expected):
    assert run(Triage(), tracker("好的", intent, draft=STORED)).slots["route"] == expected


def test_missing_metadata_is_asked_of_the_platform(platform, run):
    platform.answers["POST /understand"] = (200, understanding(handling="dispatch", matter=ELEVATOR))
    message = tracker("电梯坏了", "report_problem")
    message.latest_message["metadata"] = {}
    assert run(Triage(), message).slots["route"] == "dispatch"


@pytest.mark.parametrize("channel", ["诉讼", "仲裁", "行政复议", "纪检监察", "政府信息公开", "信访"])
def test_every_statutory_channel_is_told_with_a_way_to_reach_it(platform, run, channel):
    message = tracker(
        "那件事", "report_problem", slots={"route": "legal_channel"}, understanding=understanding(handling="legal_channel", channel=channel)
    )
    done = run(ExplainRoute(), message)
    assert len(done.said) > 60
    assert "\n\n" not in done.said


def test_progress_of_the_latest_order(platform, run):
    platform.answers["GET /orders"] = (200, [ORDER])
    done = run(Progress(), tracker("查进度", "ask_progress"))
    assert "承办单位正在办理" in done.said
    assert done.custom[0]["kind"] == "progress"


def test_an_unknown_number_is_told_kindly(platform, run):
    done = run(Progress(), tracker("BJ20261101-000001", "ask_progress", order_numbers=["BJ20261101-000001"]))
    assert "没有查到单号" in done.said
    assert not done.custom


def test_progress_while_the_platform_is_away(platform, run):
    platform.down = True
    assert "抱歉" in run(Progress(), tracker("查进度", "ask_progress")).said


def test_handoff_passes_the_draft_on_and_lets_go_of_it(platform, run):
    platform.answers["POST /handoff"] = (200, {"holder": "queue", "position": 3, "office_hours": True})
    slot = Draft(description="电梯坏了", matter_name="电梯故障").to_slot()
    done = run(Handoff(), tracker("转人工", "request_human", requested="place", slots={"draft": slot}))
    assert "前面还有2位" in done.said
    assert "电梯故障" in platform.sent("POST", "/handoff")[0]["note"]
    assert done.slots["draft"] is None
    assert ("DELETE", "/draft") not in [(method, path) for method, path, _, _ in platform.asked]


def test_a_failed_handoff_still_gives_a_way(platform, run):
    platform.down = True
    assert "12345" in run(Handoff(), tracker("转人工", "request_human")).said


def test_insults_are_met_calmly_and_the_third_tells_the_consequence(platform, run):
    texts, count = [], None
    for _ in range(3):
        done = run(Calm(), tracker("废物", "abuse", slots={"abuse_count": count}))
        texts.append(done.said)
        count = done.slots["abuse_count"]
    assert "公安机关" not in texts[0]
    assert "公安机关" in texts[2]
    assert done.buttons == ["转人工"]


def test_emergency_names_the_line(platform, run):
    read = understanding(handling="emergency", emergency={"line": "119", "evidence": "着火", "also": ["120"]})
    said = run(EmergencyLine(), tracker("着火了", "report_problem", understanding=read)).said
    assert "119" in said
    assert "120" in said
