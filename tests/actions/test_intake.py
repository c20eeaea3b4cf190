"""The intake form: everything a message tells is taken, only what is missing is asked, and nothing is filed unconfirmed."""

from __future__ import annotations

from typing import Any

import pytest

from actions.draft import Draft
from actions.intake import AskConfirmation, AskContact, AskDescription, AskPlace, CancelIntake, FileOrder, ValidateIntakeForm
from tests.actions.doubles import CONVERSATION, DOOR, ELEVATOR, place, tracker, understanding

WANGJING = place("朝阳区", "望京街道", "望京西园四区社区")
FILED = {
    "number": "BJ20261123-000042",
    "unit": {"code": "110105026", "name": "望京街道办事处"},
    "copied_to": [{"name": "朝阳区人民政府"}],
    "deadline_at": "2026-11-24T02:00:00Z",
    "deadline": {"hours": 24, "basis": "条例"},
    "matter": ELEVATOR,
    "state": "dispatched",
    "progress_url": "/progress/x",
}


def told(**given: Any) -> dict[str, Any]:
    """Return the slot of a draft that lacks nothing but what ``given`` takes away."""
    whole = Draft(
        started="m0",
        request_type="求助",
        matter_code="0301",
        matter_name="电梯故障",
        description="电梯坏了三天",
        place=WANGJING,
        phone="138****5678",
    )
    return {**whole.to_slot(), **given}


def missing(done: Any) -> str | None:
    """Return the slot that the form will ask for next."""
    return next((slot for slot in ("description", "place", "contact", "confirmed") if done.slots.get(slot) is None), None)


def test_first_message_fills_everything_it_tells(platform, run):
    message = tracker(
        "朝阳区望京西园四区电梯坏了三天，我电话138****5678",
        "report_problem",
        in_form=True,
        understanding=understanding(request_type="求助", handling="dispatch", matter=ELEVATOR, place=WANGJING),
        contact={"phone": "138****5678", "name": None},
    )
    done = run(ValidateIntakeForm(), message)
    assert missing(done) == "confirmed"
    assert platform.sent("PUT", "/draft")[0]["matter_code"] == "0301"
    assert platform.sent("PUT", "/draft")[0]["state"] == "summary"


def test_only_the_place_is_asked_when_only_the_place_is_missing(platform, run):
    message = tracker(
        "电梯坏了，不留电话",
        "report_problem",
        in_form=True,
        understanding=understanding(request_type="求助", handling="dispatch", matter=ELEVATOR),
    )
    done = run(ValidateIntakeForm(), message)
    assert missing(done) == "place"
    assert done.slots["contact"] == "匿名（不留电话）"


def test_announcing_a_complaint_is_not_its_description(platform, run):
    done = run(ValidateIntakeForm(), tracker("我要投诉", "report_problem", in_form=True))
    assert missing(done) == "description"


def test_place_answer_is_not_added_to_the_description(platform, run):
    message = tracker(
        "望京西园四区", "inform", requested="place", slots={"draft": told(place=place())}, understanding=understanding(place=WANGJING)
    )
    done = run(ValidateIntakeForm(), message)
    assert done.slots["place"] == "朝阳区望京街道望京西园四区社区"
    assert done.slots["draft"]["description"] == "电梯坏了三天"


@pytest.mark.parametrize(("asked", "next_slot"), [(0, "place"), (1, "confirmed")])
def test_not_knowing_the_place_is_asked_about_once(platform, run, asked, next_slot):
    message = tracker("不清楚", "dont_know", requested="place", slots={"draft": told(place=place(), place_asked=asked)})
    done = run(ValidateIntakeForm(), message)
    assert missing(done) == next_slot


def test_unknown_place_keeps_the_residents_words(platform, run):
    message = tracker("老锅炉房后头那块空地", "inform", requested="place", slots={"draft": told(place=place(), place_asked=1)})
    done = run(ValidateIntakeForm(), message)
    assert done.slots["draft"]["place"]["detail"] == "老锅炉房后头那块空地"
    assert missing(done) == "confirmed"


def test_ambiguous_place_is_offered_as_buttons_and_picked_by_its_words(platform, run):
    candidates = [place("朝阳区", "望京街道"), place("海淀区", "上地街道")]
    message = tracker(
        "和平小区",
        "inform",
        requested="place",
        slots={"draft": told(place=place())},
        understanding=understanding(place_candidates=candidates),
    )
    done = run(ValidateIntakeForm(), message)
    assert missing(done) == "place"
    asked = run(AskPlace(), tracker("和平小区", "inform", requested="place", slots={"draft": done.slots["draft"]}))
    assert asked.buttons == ["朝阳区望京街道", "海淀区上地街道", "都不是"]
    picked = run(ValidateIntakeForm(), tracker("是海淀区那个", "inform", requested="place", slots={"draft": done.slots["draft"]}))
    assert picked.slots["place"] == "海淀区上地街道"


def test_refusing_a_phone_stays_anonymous(platform, run):
    done = run(ValidateIntakeForm(), tracker("匿名提交", "deny", requested="contact", slots={"draft": told(phone=None)}))
    assert missing(done) == "confirmed"
    assert platform.sent("PUT", "/draft")[-1]["anonymous"] is True


def test_half_a_number_is_asked_for_again_with_a_way_out(platform, run):
    done = run(ValidateIntakeForm(), tracker("13800", "give_contact", requested="contact", slots={"draft": told(phone=None)}))
    assert missing(done) == "contact"
    asked = run(AskContact(), tracker("13800", "give_contact", requested="contact", slots={"draft": done.slots["draft"]}))
    assert "11位" in asked.said
    assert asked.buttons == ["匿名提交"]


@pytest.mark.parametrize(
    "intent", ["ask_question", "ask_progress", "request_human", "cancel", "greet", "thank", "abuse", "chitchat", "repeat"]
)
def test_an_interruption_fills_no_slot(platform, run, intent):
    done = run(ValidateIntakeForm(), tracker("居住证怎么办理？", intent, requested="place", slots={"draft": told(place=place())}))
    assert done.events == []
    assert platform.asked == []


def test_a_greeting_with_the_answer_in_it_is_an_answer(platform, run):
    message = tracker(
        "你好，望京西园四区", "greet", requested="place", slots={"draft": told(place=place())}, understanding=understanding(place=WANGJING)
    )
    assert run(ValidateIntakeForm(), message).slots["place"].startswith("朝阳区")


def test_confirming_ends_the_form(platform, run):
    done = run(ValidateIntakeForm(), tracker("确认提交", "affirm", requested="confirmed", slots={"draft": told()}))
    assert done.slots["confirmed"] is True


def test_a_detail_at_the_summary_is_appended(platform, run):
    done = run(ValidateIntakeForm(), tracker("补充一下，晚上更严重", "inform", requested="confirmed", slots={"draft": told()}))
    assert done.slots["draft"]["description"] == "电梯坏了三天\n补充一下，晚上更严重"
    assert missing(done) == "confirmed"


def test_denying_the_summary_asks_what_to_change(platform, run):
    done = run(ValidateIntakeForm(), tracker("修改", "deny", requested="confirmed", slots={"draft": told()}))
    asked = run(AskConfirmation(), tracker("修改", "deny", requested="confirmed", slots=done.slots))
    assert "哪儿不对" in asked.said
    assert not asked.custom


@pytest.mark.parametrize("requested", ["contact", "confirmed"])
def test_a_corrected_address_replaces_the_old_one_at_any_time(platform, run, requested):
    message = tracker(
        "地址错了，是南湖西园",
        "correct",
        requested=requested,
        slots={"draft": told()},
        understanding=understanding(place=place("朝阳区", "望京街道", "南湖西园社区")),
    )
    done = run(ValidateIntakeForm(), message)
    assert done.slots["place"] == "朝阳区望京街道南湖西园社区"
    assert "地址错了" in done.slots["draft"]["description"]  # the unit must see which of the two holds


def test_an_address_called_wrong_is_asked_again(platform, run):
    done = run(ValidateIntakeForm(), tracker("地址错了", "correct", requested="confirmed", slots={"draft": told()}))
    assert missing(done) == "place"


def test_a_corrected_phone_is_taken(platform, run):
    message = tracker(
        "电话换成139****2211", "correct", requested="confirmed", slots={"draft": told()}, contact={"phone": "139****2211", "name": None}
    )
    assert run(ValidateIntakeForm(), message).slots["contact"] == "139****2211"


def test_what_a_correction_denies_is_not_its_matter(platform, run):
    platform.answers["POST /understand"] = (200, understanding(handling="dispatch", matter=DOOR))
    message = tracker(
        "不是电梯，是门禁坏了", "correct", requested="confirmed", slots={"draft": told()}, understanding=understanding(matter=ELEVATOR)
    )
    done = run(ValidateIntakeForm(), message)
    assert platform.sent("POST", "/understand") == [{"text": "是门禁坏了"}]
    assert done.slots["draft"]["matter_code"] == "0302"


def test_a_matter_called_wrong_is_asked_again(platform, run):
    done = run(ValidateIntakeForm(), tracker("不是这个事", "correct", requested="confirmed", slots={"draft": told()}))
    assert missing(done) == "description"
    asked = run(AskDescription(), tracker("不是这个事", "correct", requested="description", slots=done.slots))
    assert "出了什么事" in asked.said


def test_a_lost_dialogue_resumes_from_the_platforms_draft(platform, run):
    stored = {
        "state": "collecting",
        "request_type": "求助",
        "handling": "dispatch",
        "matter": ELEVATOR,
        "description": "电梯坏了三天",
        "place": place(),
        "contact": {"phone": "138****5678", "name": None, "anonymous": False},
    }
    message = tracker("望京西园四区", "inform", in_form=True, draft=stored, understanding=understanding(place=WANGJING))
    done = run(ValidateIntakeForm(), message)
    assert done.slots["draft"]["description"] == "电梯坏了三天"
    assert missing(done) == "confirmed"


def test_the_dialogue_goes_on_while_the_platform_is_away(platform, run):
    platform.down = True
    done = run(ValidateIntakeForm(), tracker("匿名", "deny", requested="contact", slots={"draft": told(phone=None)}))
    assert missing(done) == "confirmed"


def test_the_summary_is_text_buttons_and_data(platform, run):
    done = run(AskConfirmation(), tracker("好", "inform", requested="confirmed", slots={"draft": told(), "place": "朝阳区望京街道"}))
    assert done.buttons == ["确认提交", "修改", "取消"]
    assert done.custom[0]["kind"] == "order_summary"
    assert "\n\n" not in done.said


def test_filing_tells_number_unit_copy_and_deadline_in_beijing_time(platform, run):
    platform.answers["POST /orders"] = (201, FILED)
    done = run(FileOrder(), tracker("确认提交", "affirm", slots={"draft": told(unit={"code": "1", "name": "x"})}))
    for words in ("BJ20261123-000042", "望京街道办事处", "朝阳区人民政府", "11月24日（周二）10:00"):
        assert words in done.said
    assert done.custom[0]["kind"] == "order_filed"
    assert done.slots["draft"] is None
    key = platform.asked[-1][3]["Idempotency-Key"]
    assert key.startswith(f"{CONVERSATION}-")
    assert len(key) <= 60


def test_failed_filing_keeps_everything_and_uses_the_same_key_again(platform, run):
    platform.answers["POST /orders"] = (503, {"title": "忙"})
    message = tracker("确认提交", "affirm", slots={"draft": told(unit={"code": "1", "name": "x"})})
    done = run(FileOrder(), message)
    assert done.buttons == ["再试一次", "转人工"]
    assert done.slots["draft"]["description"] == "电梯坏了三天"
    run(FileOrder(), message)
    assert len({headers["Idempotency-Key"] for _, _, _, headers in platform.asked}) == 1


def test_cancelling_deletes_the_draft(platform, run):
    done = run(CancelIntake(), tracker("算了", "cancel", requested="place", slots={"draft": told()}))
    assert ("DELETE", "/draft") in [(method, path) for method, path, _, _ in platform.asked]
    assert done.slots["draft"] is None


def test_a_place_the_gazetteer_knows_only_in_part_keeps_the_residents_words(platform, run):
    message = tracker(
        "昌平区天通苑北三区",
        "inform",
        requested="place",
        slots={"draft": told(place=place())},
        understanding=understanding(place=place("昌平区", "天通苑北街道")),
    )
    assert run(ValidateIntakeForm(), message).slots["place"] == "昌平区天通苑北街道天通苑北三区"


@pytest.mark.parametrize("text", ["丰台", "丰台区", "在丰台", "我在丰台区那边", "丰台的"])
def test_a_bare_district_has_no_detail(platform, run, text):
    message = tracker(
        text, "inform", requested="place", slots={"draft": told(place=place())}, understanding=understanding(place=place("丰台区"))
    )
    assert run(ValidateIntakeForm(), message).slots["place"] == "丰台区"


def test_a_detail_misread_as_a_yes_files_nothing(platform, run):
    done = run(ValidateIntakeForm(), tracker("主要是后半夜", "affirm", requested="confirmed", slots={"draft": told()}))
    assert missing(done) == "confirmed"
    assert "主要是后半夜" in done.slots["draft"]["description"]


def test_signs_alone_are_no_detail(platform, run):
    assert run(ValidateIntakeForm(), tracker("😂😂😂", "nlu_fallback", requested="confirmed", slots={"draft": told()})).events == []


def test_a_very_long_story_is_shortened_in_the_summary_only(platform, run):
    long = "楼上漏水" * 900
    done = run(
        AskConfirmation(), tracker("好", "inform", requested="confirmed", slots={"draft": told(description=long), "place": "朝阳区"})
    )
    assert len(done.said) < 500
    assert done.custom[0]["description"] == long


def test_a_district_and_street_said_short_have_no_detail(platform, run):
    found = understanding(place=place("朝阳区", "双井街道"))
    message = tracker("朝阳双井", "inform", requested="place", slots={"draft": told(place=place())}, understanding=found)
    assert run(ValidateIntakeForm(), message).slots["place"] == "朝阳区双井街道"


def test_a_corrected_house_number_changes_nothing_else_of_the_place(platform, run):
    found = understanding(place=place(detail="19号楼"))
    message = tracker("楼号错了是19号楼", "correct", requested="confirmed", slots={"draft": told()}, understanding=found)
    assert run(ValidateIntakeForm(), message).slots["place"] == "朝阳区望京街道望京西园四区社区19号楼"


def test_danger_in_mid_form_is_told_the_line_at_once(platform, run):
    found = understanding(handling="emergency", emergency={"line": "119", "evidence": "冒烟了", "also": []})
    done = run(
        ValidateIntakeForm(),
        tracker("楼道冒烟了", "report_problem", requested="contact", slots={"draft": told(phone=None)}, understanding=found),
    )
    assert "119" in done.said
    assert missing(done) == "contact"
