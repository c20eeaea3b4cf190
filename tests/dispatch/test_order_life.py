"""An order's whole life by the regulation: objections, helping units, holds, endings, merges and splits, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from dispatch.core.clock import FixedClock
from dispatch.orders import service
from dispatch.orders.errors import BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError
from dispatch.orders.rules import OrderRules
from dispatch.orders.schemas import OrderIn
from dispatch.orders.terms import UNDISPATCHED_ENDINGS, Ending
from dispatch.orders.workflow import IllegalTransitionError, MissingNeedError, Need
from dispatch.platform import Platform
from tests.dispatch.order_work import (
    ASSISTANT,
    CHAOYANG,
    CITY,
    COLD_FLAT,
    DISPATCHER,
    HAIDIAN,
    HOUSING,
    OPERATOR,
    PLACE,
    STALLS,
    SUPERVISOR,
    SYSTEM,
    WANGJING,
    accepted,
    do,
    events,
    faults,
    messages,
    names,
    notices,
    register,
    shown,
    stored,
    told,
)


def test_objections_end_at_the_supervisor_who_names_a_unit_that_cannot_object(platform: Platform) -> None:
    number = register(platform, STALLS)
    do(platform, number, "object", WANGJING, reason="摊贩在隔壁街道")
    assert ("H001", "object") in notices(platform, number)
    do(platform, number, "refuse_objection", DISPATCHER, reason="地图上在本街道")
    do(platform, number, "object", WANGJING, reason="还是不归我们")
    assert ("supervisor", "object") in notices(platform, number)
    for step in ("refuse_objection", "uphold_objection"):
        with pytest.raises(IllegalTransitionError) as refusal:
            do(platform, number, step, DISPATCHER, reason="再看看", unit="B006")
        assert not {"refuse_objection", "uphold_objection", "redispatch"} & set(refusal.value.legal)
    assert do(platform, number, "decide", SUPERVISOR, reason="现场在望京", unit="110105026").decided
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "object", WANGJING, reason="第三次")
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "redispatch", DISPATCHER, reason="绕开裁定", unit="B006")
    assert do(platform, number, "accept", WANGJING).state == "accepted"


def test_an_upheld_objection_gives_the_next_unit_its_own_time_and_the_new_district_a_copy(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, STALLS)
    do(platform, number, "object", WANGJING, reason="在南邵镇")
    clock.moment += timedelta(days=2)
    order = do(platform, number, "uphold_objection", DISPATCHER, reason="核实在昌平", unit="110114111")
    assert order.deadline_at == clock.now() + timedelta(days=7)
    assert shown(platform, number).copied_to[-1].name == "昌平区人民政府"


def test_a_district_passes_an_order_on_to_its_own_streets_only_and_the_clock_runs_on(platform: Platform, clock: FixedClock) -> None:
    number = register(platform, STALLS.model_copy(update={"place": PLACE.model_copy(update={"street": None, "community": None})}))
    deadline = stored(platform, number).deadline_at
    clock.moment += timedelta(hours=5)
    with pytest.raises(RuleError, match="不是本区"):
        do(platform, number, "assign_below", CHAOYANG, unit="110108", reason="请海淀办")
    order = do(platform, number, "assign_below", CHAOYANG, unit="110105026", reason="在望京")
    assert (order.unit_code, order.state, order.deadline_at) == ("110105026", "dispatched", deadline)


def test_co_units_have_their_own_deadline_and_the_answer_waits_for_them_or_says_why(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    due = clock.now() + timedelta(days=3)
    do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason="需要核对占道许可", deadline=due)
    do(platform, number, "invite_co_unit", WANGJING, unit="B004", reason="物业的部分")
    with pytest.raises(RuleError, match="已在协办"):
        do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason="再请一次")
    with pytest.raises(NotInChargeError):
        do(platform, number, "co_report", HAIDIAN, reason="与我无关")
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "answer", CITY, answer="协办单位不能答复")
    do(platform, number, "co_stage", HOUSING, reason="还在找物业核实，周五前报")
    do(platform, number, "co_report", CITY, reason="没有发过许可")
    with pytest.raises(MissingNeedError) as missing:
        do(platform, number, "answer", WANGJING, answer="已劝离")
    assert missing.value.need is Need.NO_REPORT_REASON
    by_unit = {helper.unit.code: helper for helper in shown(platform, number).helpers if helper.state != "suggested"}
    assert (by_unit["B005"].state, by_unit["B005"].said, by_unit["B005"].due_at) == ("reported", "没有发过许可", due)
    assert (by_unit["B004"].state, by_unit["B004"].said) == ("asked", "还在找物业核实，周五前报")
    do(platform, number, "answer", WANGJING, answer="已劝离", no_report_reason="物业部分不影响结果，另行跟进")
    assert {helper.unit.code: helper.state for helper in shown(platform, number).helpers}["B004"] == "released"
    assert events(platform, number)[-1].detail["released"] == ["B004"]


def test_an_answer_needs_a_logged_contact_or_a_reason_but_anonymous_orders_can_be_answered(platform: Platform) -> None:
    number = accepted(platform, COLD_FLAT)
    with pytest.raises(MissingNeedError) as missing:
        do(platform, number, "answer", WANGJING, answer="修好了")
    assert missing.value.need is Need.NO_CONTACT_REASON
    assert stored(platform, number).state == "accepted"
    do(platform, number, "answer", WANGJING, answer="修好了", no_contact_reason="电话三次无人接听，现场已见到本人")
    do(platform, number, "rework", OPERATOR, reason="回访说没修好")
    with pytest.raises(MissingNeedError):
        do(platform, number, "answer", WANGJING, answer="又修了")  # contact belongs to a round of handling
    do(platform, number, "log_contact", WANGJING, reason="电话说好今晚上门")
    do(platform, number, "answer", WANGJING, answer="换了阀门，室温二十一度")
    anonymous = accepted(platform)
    assert do(platform, anonymous, "answer", WANGJING, answer="摊贩已劝离").state == "answered"


def test_extensions_are_told_and_limited_until_the_supervisor_grants_more(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform, conversation_id="c1")
    deadline = stored(platform, number).deadline_at
    assert deadline is not None
    with pytest.raises(BadDeadlineError):
        do(platform, number, "extend", WANGJING, reason="往前改", deadline=deadline - timedelta(hours=1))
    with pytest.raises(RuleError, match="累计不超过15天"):
        do(platform, number, "extend", WANGJING, reason="太久", deadline=deadline + timedelta(days=16))
    do(platform, number, "extend", WANGJING, reason="等区里联合执法", deadline=deadline + timedelta(days=1))
    do(platform, number, "extend", WANGJING, reason="联合执法改期", deadline=deadline + timedelta(days=2))
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "extend", WANGJING, reason="第三次", deadline=deadline + timedelta(days=3))
    do(platform, number, "grant_extension", SUPERVISOR, reason="确需市里协调", deadline=deadline + timedelta(days=20))
    assert ("H001", "extend") in notices(platform, number)
    assert "等区里联合执法" in messages(platform, number)[0]
    assert stored(platform, number).deadline_at == deadline + timedelta(days=20)
    late = accepted(platform)
    clock.moment += timedelta(days=8)
    with pytest.raises(IllegalTransitionError):
        do(platform, late, "extend", WANGJING, reason="已经过期了才想起来", deadline=clock.now() + timedelta(days=1))


def test_a_hold_gives_back_exactly_the_time_that_was_left(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform, conversation_id="c1")
    deadline = stored(platform, number).deadline_at
    assert deadline is not None
    with pytest.raises(RuleError, match="还没有报请"):
        do(platform, number, "hold", WANGJING, ground="coordination", reason="等上级")
    with pytest.raises(RuleError, match="不超过30天"):
        do(platform, number, "hold", WANGJING, ground="resident", reason="等人", deadline=clock.now() + timedelta(days=31))
    do(platform, number, "hold", WANGJING, ground="resident", reason="诉求人出差，周四才能开门")
    assert events(platform, number)[-1].article == "第十条第二项"
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "answer", WANGJING, answer="还没恢复")
    clock.moment += timedelta(days=4, hours=3)
    do(platform, number, "resume", WANGJING, reason="诉求人回来了")
    order = stored(platform, number)
    assert (order.state, order.deadline_at) == ("accepted", deadline + timedelta(days=4, hours=3))
    assert [text for text in messages(platform, number) if "暂停计时" in text or "恢复办理" in text]
    assert faults(platform) == []


def test_a_street_whistles_and_who_comes_who_refuses_and_who_came_is_on_record(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    for unit in ("B004", "B005", "110105"):
        do(platform, number, "whistle", WANGJING, unit=unit, reason="明早九点联合清理", deadline=clock.now() + timedelta(hours=23))
    with pytest.raises(RuleError, match="正在等待报到"):
        do(platform, number, "whistle", WANGJING, unit="B004", reason="再吹一次")
    do(platform, number, "confirm_arrival", CITY, deadline=clock.now() + timedelta(hours=22))
    do(platform, number, "refuse_arrival", HOUSING, reason="没有物业管理问题")
    assert ("supervisor", "refuse_arrival") in notices(platform, number)
    clock.moment += timedelta(hours=24)
    do(platform, number, "record_arrival", WANGJING, unit="B005")
    assert events(platform, number)[-1].detail["in_time"] is False
    states = {helper.unit.code: (helper.state, helper.overdue) for helper in shown(platform, number).helpers if helper.party == "called"}
    assert states == {"B004": ("refused", False), "B005": ("arrived", False), "110105": ("called", True)}
    department = register(platform, STALLS.model_copy(update={"matter_code": "1301"}))
    assert shown(platform, department).unit is not None


def test_only_streets_whistle(platform: Platform) -> None:
    number = register(platform, STALLS)
    do(platform, number, "redispatch", DISPATCHER, unit="B006", reason="归城管执法")
    law = service.Actor("law", WANGJING.role, "B006")
    do(platform, number, "accept", law)
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "whistle", law, unit="B005", reason="部门不能吹哨")


def test_whoever_is_asked_above_gives_an_opinion_or_takes_over(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    deadline = stored(platform, number).deadline_at
    do(platform, number, "escalate", WANGJING, reason="摊贩归属两个区，协调不动")
    with pytest.raises(RuleError, match="只能报请"):
        do(platform, number, "escalate", WANGJING, reason="不该报请企业", unit="U004")
    assert shown(platform, number).helpers[-1].unit.name == "朝阳区人民政府"
    do(platform, number, "coordinate", CHAOYANG, reason="由城管委牵头开一次会")
    with pytest.raises(NotInChargeError):
        do(platform, number, "take_over", CHAOYANG, reason="已经提过意见，不再是被报请单位")
    do(platform, number, "escalate", WANGJING, reason="会开了，仍要部门牵头", unit="B005", deadline=clock.now() + timedelta(hours=5))
    order = do(platform, number, "take_over", CITY, reason="由我委牵头")
    assert (order.unit_code, order.state, order.deadline_at) == ("B005", "accepted", deadline)
    do(platform, number, "co_report", WANGJING, reason="街道部分已办完")
    assert do(platform, number, "answer", CITY, answer="已疏导到便民市场").state == "answered"


def test_a_liaison_desk_answers_only_with_a_recorded_result(platform: Platform) -> None:
    number = register(platform, STALLS.model_copy(update={"handling": "liaison", "description": "部队家属院的锅炉房半夜很吵"}))
    desk = service.Actor("liaison", WANGJING.role, stored(platform, number).unit_code)
    do(platform, number, "accept", desk)
    with pytest.raises(RuleError, match="沟通的结果"):
        do(platform, number, "answer", desk, answer="已反映")
    do(platform, number, "record_liaison", desk, reason="营房部门答应换隔音门，月底前完成")
    assert do(platform, number, "answer", desk, answer="营房部门月底前换隔音门").state == "answered"


def test_a_community_gets_only_what_is_on_its_lists(platform: Platform) -> None:
    number = accepted(platform)
    for on, part, forbidden in (
        ("duties", "main", None),
        ("assistance", "assist", None),
        ("assistance", "main", "community_part"),
        ("neither", "assist", "community_list"),
    ):
        given: dict[str, Any] = {"community_list": on, "community_part": part, "reason": "请居委会协助调解"}
        if forbidden is None:
            do(platform, number, "ask_community", WANGJING, **given)
            assert events(platform, number)[-1].detail["community"] == "南湖西园社区"
        else:
            with pytest.raises(RuleError, match="第十九条第二款") as refusal:
                do(platform, number, "ask_community", WANGJING, **given)
            assert refusal.value.field == forbidden


def test_orders_sent_back_again_and_again_reach_the_supervisor(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform)
    for round_ in (1, 2):
        do(platform, number, "answer", WANGJING, answer=f"第{round_}次答复")
        clock.moment += timedelta(days=8)
        do(platform, number, "rework", SYSTEM, reason="回访：未解决")
    order = stored(platform, number)
    assert (order.reworks, order.flagged) == (2, True)
    assert order.deadline_at == clock.now() + timedelta(days=7), "whoever handles it anew has time for it"
    assert notices(platform, number).count(("supervisor", "rework")) == 1


def test_a_closed_order_is_reopened_for_a_while_and_its_resident_is_told(platform: Platform, clock: FixedClock) -> None:
    number = accepted(platform, conversation_id="c1")
    do(platform, number, "answer", WANGJING, answer="已劝离")
    do(platform, number, "close", SYSTEM)
    assert stored(platform, number).ending == "handled"
    clock.moment += timedelta(days=29)
    order = do(platform, number, "reopen", OPERATOR, reason="摊贩又回来了")
    assert (order.state, order.ending, order.deadline_at) == ("accepted", None, clock.now() + timedelta(days=7))
    assert "已重新办理" in messages(platform, number)[-1]
    do(platform, number, "answer", WANGJING, answer="加了护栏")
    do(platform, number, "close", SYSTEM)
    clock.moment += timedelta(days=31)
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "reopen", OPERATOR, reason="太晚了")
    assert faults(platform) == []


def test_repeats_hang_on_the_first_and_end_with_it(platform: Platform) -> None:
    elder, first = register(platform, STALLS), accepted(platform, conversation_id="c1")
    second, third = (register(platform, STALLS, conversation_id=f"c{n}") for n in (2, 3))
    with pytest.raises(RuleError, match="更早登记"):
        do(platform, first, "merge", DISPATCHER, parent=second, reason="反了")
    with pytest.raises(RuleError, match="没有工单"):
        do(platform, second, "merge", DISPATCHER, parent="BJ20200101-000001", reason="不存在")
    for number in (second, third):
        assert do(platform, number, "merge", DISPATCHER, parent=first, reason="同一件事").state == "merged"
    assert [link.number for link in shown(platform, first).links] == [second, third]
    with pytest.raises(RuleError, match="请先解除并单"):
        do(platform, first, "merge", DISPATCHER, parent=elder, reason="还有挂着的")
    do(platform, third, "unmerge", DISPATCHER, reason="是另一个门口")
    assert stored(platform, third).state == "dispatched"
    do(platform, first, "report_stage", WANGJING, reason="已约城管周三到场")
    assert "已约城管周三到场" in messages(platform, second)[-1]
    assert not any("已约城管" in text for text in messages(platform, third))
    do(platform, first, "answer", WANGJING, answer="已清理")
    assert told(platform, second).answer == "已清理"
    assert first in told(platform, second).state_text
    do(platform, first, "close", SYSTEM)
    closed = stored(platform, second)
    assert (closed.state, closed.ending, closed.answer) == ("closed", "merged", "已清理")
    late = register(platform, STALLS)
    assert do(platform, late, "merge", DISPATCHER, parent=first, reason="刚办完").state == "closed"
    assert faults(platform) == []


def test_repeats_of_a_withdrawn_order_stand_on_their_own_again(platform: Platform) -> None:
    first, second = register(platform, STALLS), register(platform, STALLS)
    do(platform, second, "merge", DISPATCHER, parent=first, reason="同一件事")
    do(platform, first, "withdraw", OPERATOR, reason="诉求人说不用了")
    order = stored(platform, second)
    assert (order.state, order.unit_code) == ("dispatched", "110105026")
    assert order.next_timer_at is not None


def test_several_matters_become_orders_of_their_own(platform: Platform) -> None:
    number = register(platform, COLD_FLAT, conversation_id="c1")
    parts = [{"description": "楼道里的灯也坏了半个月"}, {"description": "燃气灶点火有味道", "matter_code": "0601"}]
    with pytest.raises(RuleError, match="派单目录里没有"):
        do(platform, number, "split", DISPATCHER, parts=[{"description": "别的事", "matter_code": "9999"}], reason="三件事")
    do(platform, number, "split", DISPATCHER, parts=parts, reason="三件事")
    links = shown(platform, number).links
    assert [link.relation for link in links] == ["part", "part"]
    for link in links:
        part = shown(platform, link.number)
        assert part.unit is not None
        assert (part.state, part.contact.phone, part.place.district) == ("dispatched", "138****8000", "朝阳区")
        assert stored(platform, link.number).conversation_id == "c1"
    assert shown(platform, links[1].number).matter.code == "0601"  # type: ignore[union-attr]
    assert told(platform, number).parts == [link.number for link in links]
    assert faults(platform) == []


def test_what_is_not_dispatched_ends_with_its_article(platform: Platform) -> None:
    for ending in UNDISPATCHED_ENDINGS:
        number = register(platform, STALLS.model_copy(update={"dispatch_now": False}), OPERATOR)
        assert stored(platform, number).unit_code == "H001"
        with pytest.raises(MissingNeedError):
            do(platform, number, "conclude", OPERATOR, ending=ending)
        order = do(platform, number, "conclude", OPERATOR, ending=ending, answer="已告知诉求人")
        assert (order.state, order.ending) == ("closed", ending.value)
        assert events(platform, number)[-1].article == ending.article
        assert ending.article.startswith("第十二条")
        with pytest.raises(IllegalTransitionError):
            do(platform, number, "reopen", OPERATOR, reason="没有派过单")
    number = register(platform, STALLS.model_copy(update={"dispatch_now": False}), OPERATOR)
    with pytest.raises(RuleError, match="第十二条"):
        do(platform, number, "conclude", OPERATOR, ending=Ending.HANDLED, answer="没有办过")


def test_registering_a_case_of_article_12_ends_it_at_once_and_needs_the_words(platform: Platform) -> None:
    with pytest.raises(ValidationError, match="told"):
        OrderIn(description="我要打官司告物业", handling="legal_channel")
    number = register(platform, OrderIn(description="我要打官司告物业", handling="legal_channel", told="请向朝阳区人民法院起诉"))
    assert names(platform, number) == ["register", "conclude"]
    assert shown(platform, number).ending_text == "告知法定渠道"
    assert told(platform, number).events[-1].text == "请向朝阳区人民法院起诉"


def test_what_waits_at_the_desk_is_dispatched_by_hand_with_the_catalogues_time(platform: Platform) -> None:
    number = register(platform, COLD_FLAT.model_copy(update={"dispatch_now": False}), OPERATOR)
    with pytest.raises(UnknownUnitError):
        do(platform, number, "dispatch", DISPATCHER, unit="999999")
    order = do(platform, number, "dispatch", DISPATCHER, unit="110105026")
    assert (order.state, order.deadline_hours, order.unit_code) == ("dispatched", 24, "110105026")
    assert shown(platform, number).copied_to[0].name == "朝阳区人民政府"


def test_who_helps_sees_the_order_and_a_stranger_never_moves_it(platform: Platform) -> None:
    number = accepted(platform)
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        assert not service.may_see(session, order, HOUSING)
    do(platform, number, "invite_co_unit", WANGJING, unit="B004", reason="请协办")
    with platform.database.read() as session:
        order = service.find(session, number)
        assert order is not None
        assert service.may_see(session, order, HOUSING)
        assert [each.number for each in service.waiting_for(session, "B004")] == [number]
        now, reference = platform.clock.now(), platform.reference.current()
        assert {row.name for row in service.steps(session, order, HOUSING, now=now, reference=reference)} == {"co_stage", "co_report"}
        assert service.steps(session, order, CHAOYANG, now=now, reference=reference) == ()
    for actor in (CHAOYANG, HAIDIAN):
        with pytest.raises(NotInChargeError):
            do(platform, number, "answer", actor, answer="别的单位")


def test_the_rules_are_the_citys_to_set(platform: Platform) -> None:
    rules = OrderRules(objections=1)
    number = register(platform, STALLS)
    do(platform, number, "object", WANGJING, reason="不归我们", rules=rules)
    with pytest.raises(IllegalTransitionError):
        do(platform, number, "refuse_objection", DISPATCHER, reason="再看", rules=rules)


def test_the_assistants_words_reach_an_order(platform: Platform) -> None:
    number = register(platform, STALLS)
    do(platform, number, "supplement", ASSISTANT, reason="电话 13912345678，早上七点最多")
    assert "13912345678" not in str(events(platform, number)[-1].detail)
