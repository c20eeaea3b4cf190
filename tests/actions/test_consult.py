"""Questions: answered, offered, followed up, given up for an order with the whole exchange."""

from __future__ import annotations

import pytest

from actions import wording
from actions.consult import Consult
from actions.draft import Draft
from actions.intake import ValidateIntakeForm
from actions.survey import Feedback
from actions.triage import Triage
from tests.actions.doubles import ELEVATOR, tracker, understanding

HIT = {
    "id": "17",
    "title": "居住证怎么办理",
    "passage": "带身份证到派出所办。",
    "dept": "市公安局",
    "unit_code": "B009",
    "source": "北京市公安局官网",
    "article": "第五条",
    "valid_to": "2027-12-31",
    "updated_on": "2026-11-20",
    "version": 3,
    "score": 0.9,
}
ASKS = {"handling": "answer", "request_type": "咨询"}


def ask(run, text, intent="ask_question", topic=None, **more):
    return run(Consult(), tracker(text, intent, slots={"topic": topic}, understanding=understanding(**ASKS), **more))


@pytest.fixture
def sure(platform):
    platform.answers["POST /knowledge/answer"] = (200, {"answer": True, "hits": [HIT]})
    return platform


@pytest.fixture
def unsure(platform):
    hits = [{**HIT, "id": str(n), "title": f"居住证{n}"} for n in range(5)]
    platform.answers["POST /knowledge/answer"] = (200, {"answer": False, "hits": hits})
    platform.answers["POST /answers"] = (200, {**HIT, "id": "1", "title": "居住证1"})
    return platform


def test_a_sure_answer_names_source_and_dates(sure, run):
    done = ask(run, "居住证怎么办")
    assert "带身份证" in done.said
    assert "来源：北京市公安局官网，第五条" in done.said
    assert "更新于2026-11-20" in done.said
    assert "有效期至2027-12-31" in done.said
    assert done.buttons == ["解决了", "没解决"]
    assert done.slots["topic"]["entry_id"] == "17"
    assert done.custom[0]["version"] == 3


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_by_sms_and_voice_an_answer_is_short(platform, run, channel):
    long = "先到派出所登记，领取回执。" + "之后等待审核，按短信通知取证。" * 40
    platform.answers["POST /knowledge/answer"] = (200, {"answer": True, "hits": [{**HIT, "passage": long}]})
    done = ask(run, "居住证怎么办", channel=channel)
    assert len(done.said) < 200
    assert "北京市公安局官网" in done.said
    assert "先到派出所登记" in done.said
    assert len(ask(run, "居住证怎么办").said) > 500, "on the web it is whole"


def test_shortened_answers_end_with_a_sentence(platform, run):
    assert wording.shortest("甲。" + "乙" * 200) == "甲。"
    assert wording.shortest("短。") == "短。"
    assert len(wording.shortest("长" * 500)) == 140


def test_a_short_question_is_asked_with_what_was_answered_before(platform, run):
    found = {"answer": True, "hits": [HIT], "asked": "居住证怎么办理 多少钱", "excerpt": "办理不收费。"}
    platform.answers["POST /knowledge/answer"] = (200, found)
    topic = {"entry_id": "17", "about": "17", "draft": Draft().to_slot(), "exchange": ["市民：居住证怎么办"]}
    done = ask(run, "多少钱", topic=topic)
    assert platform.sent("POST", "/knowledge/answer")[0]["after"] == "17"
    assert "您问的是“居住证怎么办理，多少钱”" in done.said
    assert "办理不收费。" in done.said
    assert "带身份证" not in done.said
    assert "居住证怎么办" in done.slots["topic"]["draft"]["description"]


@pytest.mark.parametrize("text", ["那孩子呢？", "要带什么材料？", "多少钱", "在哪办", "那外地人呢", "网上能办吗"])
@pytest.mark.parametrize("intent", ["ask_question", "inform", "chitchat", "nlu_fallback"])
def test_a_follow_up_goes_to_the_knowledge_base(platform, run, text, intent):
    topic = {"about": "17", "draft": Draft().to_slot()}
    assert run(Triage(), tracker(text, intent, slots={"topic": topic})).slots["route"] == "answer"
    without = run(Triage(), tracker(text, "chitchat"))
    assert without.slots["route"] == "reply", "after nothing it is none"


def test_a_miss_between_doesn_t_change_what_short_questions_lean_on(sure, run):
    topic = ask(run, "居住证怎么办").slots["topic"]
    sure.answers["POST /knowledge/answer"] = (200, {"answer": False, "hits": [{**HIT, "id": "9", "title": "积分落户要什么条件"}]})
    topic = ask(run, "要带什么材料", topic=topic).slots["topic"]
    ask(run, "多少钱", topic=topic)
    assert [body["after"] for body in sure.sent("POST", "/knowledge/answer")] == [None, "17", "17"]


def test_a_new_matter_after_an_answer_is_no_follow_up(platform, run):
    read = understanding(handling="dispatch", request_type="求助", matter=ELEVATOR)
    topic = {"about": "17", "draft": Draft().to_slot()}
    done = run(Triage(), tracker("那我家电梯坏了呢", "report_problem", slots={"topic": topic}, understanding=read))
    assert done.slots["route"] == "dispatch"


def test_an_unsure_answer_offers_the_nearest_three_and_a_picked_title_is_given_and_recorded(unsure, run):
    done = ask(run, "居住证的问题怎么弄")
    assert done.buttons == ["居住证0", "居住证1", "居住证2", "都不是"]
    topic = done.slots["topic"]
    assert topic["options"][1] == {"id": "1", "title": "居住证1"}
    assert run(Triage(), tracker("居住证1", "inform", slots={"topic": topic})).slots["route"] == "answer"
    answered = ask(run, "居住证1", "inform", topic=topic)
    assert "带身份证" in answered.said
    assert unsure.sent("POST", "/answers") == [{"entry_id": "1"}]
    assert answered.slots["topic"]["entry_id"] == "1"


def test_a_picked_title_that_can_t_be_given_leaves_a_way(unsure, run):
    topic = ask(run, "居住证的问题怎么弄").slots["topic"]
    unsure.down = True
    assert "还是要登记" in ask(run, "居住证1", "inform", topic=topic).buttons


def test_none_of_the_titles_becomes_an_order_in_the_residents_words(unsure, run):
    topic = ask(run, "居住证的问题怎么弄").slots["topic"]
    done = run(Triage(), tracker("都不是", "deny", slots={"topic": topic}))
    assert done.slots["route"] == "dispatch"
    assert done.slots["draft"]["description"].startswith("居住证的问题怎么弄\n")
    assert done.slots["draft"]["subject_unit"] == "B009"


def test_a_second_miss_becomes_an_order_with_the_whole_exchange(unsure, run):
    topic = ask(run, "居住证的问题怎么弄").slots["topic"]
    done = ask(run, "居住证到期前没续上咋整", topic=topic)
    assert done.events[-1] == {"event": "followup", "timestamp": None, "name": "intake_form"}
    assert done.slots["topic"] is None
    draft = done.slots["draft"]
    assert draft["description"].startswith("居住证到期前没续上咋整\n")
    for said in ("市民：居住证的问题怎么弄", "《居住证0》", "市民：居住证到期前没续上咋整"):
        assert said in draft["description"]
    assert (draft["request_type"], draft["subject_unit"]) == ("咨询", "B009")
    opened = run(ValidateIntakeForm(), tracker("居住证到期前没续上咋整", "ask_question", slots={"draft": draft}, in_form=True))
    stored = unsure.sent("PUT", "/draft")[0]
    assert stored["subject_unit"] == "B009"
    assert "市民：居住证的问题怎么弄" in stored["description"]
    assert opened.slots["description"]


def test_what_leans_on_an_answer_belongs_to_the_unit_of_that_answer(sure, run):
    topic = ask(run, "居住证怎么办").slots["topic"]
    strange = {"answer": False, "hits": [{**HIT, "id": "9", "title": "工作居住证怎么办理", "unit_code": "B001"}], "asked": "孩子 居住证"}
    sure.answers["POST /knowledge/answer"] = (200, strange)
    topic = ask(run, "要带什么材料？", topic=topic).slots["topic"]
    draft = ask(run, "那孩子呢？", topic=topic).slots["draft"]
    assert draft["subject_unit"] == HIT["unit_code"]
    assert draft["description"].startswith("那孩子呢？（孩子 居住证）")


def test_an_answer_between_two_misses_counts_anew(unsure, run):
    topic = ask(run, "居住证的问题怎么弄").slots["topic"]
    topic = ask(run, "居住证1", "inform", topic=topic).slots["topic"]
    assert ask(run, "居住证到期前没续上咋整", topic=topic).buttons[-1] == "都不是"


def test_a_long_exchange_fits_into_an_order(unsure, run):
    topic = {"exchange": ["市民：" + "问" * 300] * 40, "misses": 0}
    draft = ask(run, "居住证的问题怎么弄", topic=topic).slots["topic"]["draft"]
    assert len(draft["description"]) <= 4000
    assert draft["description"].startswith("居住证的问题怎么弄\n")
    assert "《居住证2》" in draft["description"]


def test_an_unknown_question_is_offered_for_filing(platform, run):
    platform.answers["POST /knowledge/answer"] = (200, {"answer": False, "hits": []})
    done = ask(run, "飞碟怎么登记上牌")
    assert done.buttons == ["还是要登记", "转人工"]
    assert run(Triage(), tracker("还是帮我登记吧", "affirm", slots={"topic": done.slots["topic"]})).slots["route"] == "dispatch"


def test_a_question_that_says_nothing_is_asked_for(platform, run):
    assert ask(run, "我想咨询").said == wording.ASK_QUESTION


def test_while_the_platform_is_away_the_question_can_be_filed(platform, run):
    platform.down = True
    done = ask(run, "居住证怎么办理")
    assert done.buttons == ["还是要登记", "转人工"]
    assert done.slots["topic"]["draft"]["description"].startswith("居住证怎么办理")


def test_a_question_inside_the_form_is_answered_without_buttons_and_the_draft_stays(sure, run):
    done = ask(run, "居住证怎么办", requested="place")
    assert done.buttons == []
    assert "带身份证" in done.said
    assert set(done.slots) == {"topic"}, "nothing of the order changes"
    done = ask(run, "多少钱", requested="place", topic=done.slots["topic"])
    assert sure.sent("POST", "/knowledge/answer")[-1]["after"] == "17"


def test_what_isn_t_known_inside_the_form_goes_into_the_order(unsure, run):
    draft = Draft(description="电梯坏了", matter_code="0301").to_slot()
    done = run(Consult(), tracker("电梯多久必须修好", "ask_question", requested="place", slots={"draft": draft}))
    assert done.slots["draft"]["description"] == "电梯坏了\n电梯多久必须修好"


def test_an_unsolved_answer_is_recorded_and_becomes_an_order_of_the_unit_that_owns_it(sure, run):
    sure.answers["POST /feedback"] = (200, {})
    topic = ask(run, "居住证怎么办").slots["topic"]
    done = run(Triage(), tracker("没解决", "not_resolved", slots={"topic": topic}))
    assert done.slots["route"] == "dispatch"
    assert sure.sent("POST", "/feedback") == [{"entry_id": "17", "solved": False}]
    assert done.slots["draft"]["subject_unit"] == "B009"
    assert "答复知识条目《居住证怎么办理》" in done.slots["draft"]["description"]


def test_a_solved_answer_is_recorded(platform, run):
    platform.answers["POST /feedback"] = (200, {})
    done = run(Feedback(), tracker("解决了", "resolved", slots={"topic": {"entry_id": "17", "draft": {}}}))
    assert platform.sent("POST", "/feedback") == [{"entry_id": "17", "solved": True}]
    assert done.said
