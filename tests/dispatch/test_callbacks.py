"""Callbacks from the answer to the figure: asked once, at decent hours, heard in any words, and what the answer causes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.jobs import HANDLERS, ask_residents
from dispatch.callbacks import service, words
from dispatch.callbacks.reading import Answers
from dispatch.callbacks.service import Callback, CallbackOverError, Reply
from dispatch.core.clock import FixedClock, beijing
from dispatch.evaluation import service as evaluation
from dispatch.orders import service as orders
from dispatch.orders import timers
from dispatch.orders.schemas import OrderIn, TransitionIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox import service as outbox
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut
from tests.dispatch.test_api import log_in

CONVERSATION = "c" * 32
UNIT = "110105026"
WANGJING = PlaceOut(district="朝阳区", street="望京街道")
HANDLER = Actor("staff", Role.HANDLER, UNIT)


@pytest.fixture
def order(platform: Platform) -> Callable[..., str]:
    """Files an order and, unless told otherwise, has it answered."""

    def file(*, answered: bool = True, conversation: str | None = CONVERSATION, phone: str | None = "13800138000") -> str:
        now, reference = platform.clock.now(), platform.reference.current()
        with platform.database.write() as session:
            made = orders.register(
                session,
                OrderIn(
                    description="家里暖气不热",
                    request_type="求助",
                    matter_code="0704",
                    place=PlaceOut(district="朝阳区", street="望京街道"),
                    contact_phone=phone,
                ),
                actor=Actor("bot", Role.BOT),
                now=now,
                reference=reference,
                cipher=platform.cipher,
                conversation_id=conversation,
            )
            steps = [("accept", TransitionIn()), ("log_contact", TransitionIn(reason="已电话联系"))] if answered else []
            for name, given in [*steps, *([("answer", TransitionIn(answer="已上门调试，室温二十度"))] if answered else [])]:
                orders.apply(session, made.number, name, given, actor=HANDLER, now=now, reference=reference)
            return made.number

    return file


@pytest.fixture
def say(platform: Platform) -> Callable[[str], Reply | None]:
    def say(text: str) -> Reply | None:
        with platform.database.write() as session:
            return service.hear(session, CONVERSATION, text, now=platform.clock.now(), reference=platform.reference.current())

    return say


def _callback(platform: Platform, number: str) -> Callback:
    with platform.database.read() as session:
        return service.of_order(session, number)[0]


def _state(platform: Platform, number: str) -> str:
    with platform.database.read() as session:
        found = orders.find(session, number)
        assert found
        return found.state


def _told(platform: Platform) -> list[str]:
    with platform.database.read() as session:
        waiting = [row for kind in ("resident", service.KIND) for row in outbox.listing(session, "waiting", kind=kind)]
    return [row.payload["text"] for row in sorted(waiting, key=lambda row: row.sequence)]


def _ask(platform: Platform, clock: FixedClock) -> None:
    clock.moment += service.ASK_AFTER
    ask_residents(platform)


def test_asked_once_solved_and_counted(platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]) -> None:
    number = order()
    ask_residents(platform)
    before = len(_told(platform))
    _ask(platform, clock)
    ask_residents(platform)
    asked = _told(platform)[before:]
    assert len(asked) == 1
    assert number in asked[0]
    assert "供暖不热" in asked[0]
    reply = say("打过电话，修好了，挺满意的，谢谢")
    assert reply == Reply(words.THANKS)
    assert _state(platform, number) == "closed"
    with platform.database.read() as session:
        _, _, counts = evaluation.figures(session, first=date(2026, 11, 19), last=date(2026, 12, 18))
    assert (counts[UNIT].valid, counts[UNIT].resolved, counts[UNIT].satisfied) == (1, 1, 1)
    assert say("打过电话，修好了，挺满意的") is None, "never twice for one order"


def test_one_question_at_a_time(platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]) -> None:
    number = order()
    _ask(platform, clock)
    assert say("没人联系过我") == Reply(words.NEXT["resolved"], words.NEXT_BUTTONS["resolved"])
    assert say("3") == Reply(words.NEXT["satisfied"], words.NEXT_BUTTONS["satisfied"])
    reply = say("不满意")
    assert reply is not None
    assert "哪里没办好" in reply.text
    assert "退回望京街道办事处" in say("暖气片还是冰凉的，电话13800138000随时打").text
    callback = _callback(platform, number)
    assert (callback.contacted, callback.resolved, callback.satisfied) == (False, "no", "dissatisfied")
    assert callback.reason is not None
    assert "13800138000" not in callback.reason
    assert _state(platform, number) == "accepted"


def test_no_reason_given_still_sends_it_back(
    platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]
) -> None:
    number = order()
    _ask(platform, clock)
    say("联系了，没解决，不满意")
    clock.moment += service.REASON_WITHIN
    ask_residents(platform)
    assert _state(platform, number) == "accepted"


def test_something_else_is_heard_as_such(platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]) -> None:
    order()
    _ask(platform, clock)
    assert say("另外我们楼下饭店油烟特别大，天天呛得没法开窗") is None
    assert say("不想评价") == Reply(words.REFUSED)


def test_reworked_and_answered_again_is_asked_again_once(
    platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]
) -> None:
    number = order()
    _ask(platform, clock)
    say("联系了，但是没解决，暖气片还是冰凉的，根本没有调试，非常不满意")
    with platform.database.write() as session:
        for name, given in [("log_contact", TransitionIn(reason="再次联系")), ("answer", TransitionIn(answer="已更换阀门"))]:
            orders.apply(session, number, name, given, actor=HANDLER, now=clock.now(), reference=platform.reference.current())
    _ask(platform, clock)
    assert say("联系了，解决了，满意") == Reply(words.THANKS)
    with platform.database.read() as session:
        assert [each.round for each in service.of_order(session, number)] == [2, 1]
        _, _, counts = evaluation.figures(session, first=date(2026, 11, 19), last=date(2026, 12, 18))
    assert counts[UNIT].valid == 2


def test_nobody_is_asked_at_night(platform: Platform, clock: FixedClock, order: Callable[..., str]) -> None:
    clock.moment += timedelta(hours=9)  # 19:00 in Beijing
    order()
    before = len(_told(platform))
    clock.moment += timedelta(hours=3)
    ask_residents(platform)
    assert len(_told(platform)) == before
    clock.moment += timedelta(hours=11, minutes=1)
    assert beijing(clock.moment).hour == 9
    ask_residents(platform)
    assert len(_told(platform)) == before + 1


def test_silence_is_reminded_rung_and_ends(
    platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]
) -> None:
    number = order()
    _ask(platform, clock)
    clock.moment += service.REMIND_AFTER
    ask_residents(platform)
    assert "前两天" in _told(platform)[-1]
    clock.moment += service.RING_AFTER
    ask_residents(platform)
    with platform.database.read() as session:
        assert [each.order_number for each in service.to_ring(session)] == [number]
    clock.moment += service.ENDS_AFTER
    ask_residents(platform)
    assert (_callback(platform, number).state, _state(platform, number)) == ("expired", "closed")
    assert say("联系了，解决了，满意") == Reply(words.OVER)
    assert say("楼道灯坏了好久没人修") is None


def test_overdue_orders_are_asked_about_too(
    platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]
) -> None:
    number = order(answered=False)
    clock.moment += timedelta(hours=25)
    timers.sweep(platform)
    _ask(platform, clock)
    assert "办理时限已到" in _told(platform)[-1]
    say("没人联系我，没解决，很不满意，都两天了屋里还是十五度")
    callback = _callback(platform, number)
    assert callback.state == "answered"
    assert callback.resolved == "no"
    assert _state(platform, number) == "dispatched", "it is still being handled: nothing to send back"


def test_by_phone_with_the_same_form(client: TestClient, clock: FixedClock) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.write() as session:
        made = orders.register(
            session,
            OrderIn(description="暖气不热", matter_code="0704", place=WANGJING, contact_phone="01084700000"),
            actor=Actor("bot", Role.BOT),
            now=clock.now(),
            reference=platform.reference.current(),
            cipher=platform.cipher,
        )
        for name, given in [("accept", TransitionIn()), ("answer", TransitionIn(answer="好了", no_contact_reason="电话无人接听"))]:
            orders.apply(session, made.number, name, given, actor=HANDLER, now=clock.now(), reference=platform.reference.current())
    _ask(platform, clock)
    deliver_due(platform, HANDLERS)  # a landline takes no SMS: operators ring
    browser, csrf = log_in(client, Role.OPERATOR)
    (listed,) = browser.get("/api/v1/callbacks/to-ring").json()["callbacks"]
    path = f"/api/v1/callbacks/{listed['id']}"
    assert browser.post(f"{path}/not-reached", headers=csrf).json()["calls"] == 1
    given_answer = {"contacted": True, "resolved": "no", "satisfied": "dissatisfied", "reason": "还是不热"}
    assert browser.post(f"{path}/answer", json={**given_answer, "resolved": "maybe"}, headers=csrf).status_code == 422
    assert browser.post(f"{path}/answer", json=given_answer, headers=csrf).json()["state"] == "answered"
    assert browser.post(f"{path}/answer", json=given_answer, headers=csrf).status_code == 409
    # The unit appeals, the review upholds it: out of the assessment, both counts kept.
    unit_browser, unit_csrf = log_in(client, Role.HANDLER, UNIT)
    assert unit_browser.post(f"{path}/appeal", json={"reason": "当天已上门"}, headers=unit_csrf).status_code == 201
    assert unit_browser.post(f"{path}/appeal", json={"reason": "再申诉"}, headers=unit_csrf).status_code == 409
    other, other_csrf = log_in(client, Role.HANDLER, "110105027")
    assert other.post(f"{path}/appeal", json={"reason": "不是我的"}, headers=other_csrf).status_code == 404
    reviewer, reviewer_csrf = log_in(client, Role.SUPERVISOR)
    decision = {"uphold": True, "decision": "有上门照片"}
    assert reviewer.post(f"{path}/appeal/decision", json=decision, headers=reviewer_csrf).json()["state"] == "upheld"
    figures = reviewer.get("/api/v1/evaluation/months/2026-12").json()
    assert figures["units"] == []
    month = reviewer.get("/api/v1/evaluation/months/2026-12", params={"kind": "street"}).json()
    assert month["city_counts"]["excluded"] + reviewer.get("/api/v1/evaluation/months/2026-11").json()["city_counts"]["excluded"] == 1


def test_an_answer_needs_all_three(platform: Platform, clock: FixedClock, order: Callable[..., str]) -> None:
    number = order(conversation=None)
    _ask(platform, clock)
    callback_id = _callback(platform, number).id
    with pytest.raises(ValueError, match="satisfied"), platform.database.write() as session:
        service.record(session, callback_id, Answers(True, "yes"), None, by="x", now=clock.now(), reference=platform.reference.current())
    with platform.database.write() as session:
        service.refuse(session, callback_id, now=clock.now(), reference=platform.reference.current())
    with pytest.raises(CallbackOverError), platform.database.write() as session:
        service.refuse(session, callback_id, now=clock.now(), reference=platform.reference.current())


def test_recounting_from_the_callbacks_gives_the_same(
    platform: Platform, clock: FixedClock, order: Callable[..., str], say: Callable[..., Any]
) -> None:
    order()
    _ask(platform, clock)
    say("打过电话，修好了，满意")
    first, last = date(2026, 11, 1), date(2026, 12, 18)
    with platform.database.write() as session:
        before = evaluation.figures(session, first=first, last=last)[2]
        service.recount(session, first=first, last=last)
        assert service.differences(session, first=first, last=last) == 0
        assert evaluation.figures(session, first=first, last=last)[2] == before


def test_unheard_kinds_of_delivery_do_no_harm(platform: Platform, clock: FixedClock, order: Callable[..., str]) -> None:
    order()
    _ask(platform, clock)
    deliver_due(platform, HANDLERS)
