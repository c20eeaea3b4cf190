"""The console's pages of callbacks: the phone list with the same three questions, what was refused or left out, appeals."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from bot.jobs import HANDLERS
from dispatch.callbacks import service as callbacks
from dispatch.console import callback_words as words
from dispatch.core.clock import FixedClock
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from tests.dispatch.callback_work import NEIGHBOUR, UNIT, Desk, answered, asked, newest, numbers, said
from tests.dispatch.order_work import do, names, stored

SOLVED = {"contacted": "yes", "resolved": "yes", "satisfied": "neutral"}


@pytest.fixture
def platform(client: TestClient) -> Platform:
    return client.app.state.platform  # type: ignore[attr-defined, no-any-return]


def _to_ring(platform: Platform, clock: FixedClock) -> tuple[str, int]:
    number = answered(platform)
    callback = asked(platform, clock, number)
    deliver_due(platform, HANDLERS)  # there is no SMS service: operators ring
    return number, callback.id


def test_rung_with_the_same_three_questions(client: TestClient, platform: Platform, clock: FixedClock) -> None:
    number, callback_id = _to_ring(platform, clock)
    operator = Desk(client, Role.OPERATOR)
    assert numbers(operator.get("/console/callbacks").text) == [number]
    page = f"/console/callbacks/{callback_id}"
    shown = operator.get(page).text
    assert all(question in shown for question in words.QUESTIONS.values())
    assert "13800138000" not in shown
    assert "13800138000" in operator.post(f"{page}/number").text
    assert names(platform, number)[-1] == "unmask", "who looked at the number is on record"
    kept = operator.post(f"{page}/answer", contacted="yes", resolved="no", reason="屋里还是十五度")
    assert kept.status_code == 422
    assert words.ALL_THREE in kept.text
    assert "屋里还是十五度" in kept.text, "what was written is kept"
    operator.post(f"{page}/answer", contacted="yes", resolved="no", satisfied="dissatisfied", reason="屋里还是十五度")
    assert stored(platform, number).state == "accepted"
    assert newest(platform, number).reason == "屋里还是十五度"
    assert words.OVER in operator.post(f"{page}/answer", **SOLVED).text
    assert numbers(operator.get("/console/callbacks").text) == []


def test_not_reached_three_times_and_refused(client: TestClient, platform: Platform, clock: FixedClock) -> None:
    number, callback_id = _to_ring(platform, clock)
    operator = Desk(client, Role.OPERATOR)
    for _ in range(callbacks.MOST_CALLS):
        operator.post(f"/console/callbacks/{callback_id}/not-reached")
    assert numbers(operator.get("/console/callbacks").text) == []
    assert numbers(operator.get("/console/callbacks", state="unreached").text) == [number]
    operator.post(f"/console/callbacks/{callback_id}/refused")
    assert numbers(operator.get("/console/callbacks", state="refused").text) == [number]
    assert stored(platform, number).state == "closed"
    assert newest(platform, number).counted_at is None, "who says nothing counts for nothing"


def test_a_unit_appeals_and_the_review_decides(client: TestClient, platform: Platform) -> None:
    number = answered(platform)
    callback_id = said(platform, number, resolved="no", satisfied="dissatisfied")
    page = f"/console/callbacks/{callback_id}"
    unit, other = Desk(client, Role.HANDLER, UNIT), Desk(client, Role.HANDLER, NEIGHBOUR)
    assert other.get(page).status_code == 404
    assert words.WHY_NEEDED in unit.post(f"{page}/appeal", reason=" ").text
    assert "当天已上门" in unit.post(f"{page}/appeal", reason="当天已上门，<b>有</b>照片").text
    assert "已经申诉过" in unit.post(f"{page}/appeal", reason="再来一次").text
    assert numbers(unit.get("/console/appeals").text) == [number]
    assert numbers(other.get("/console/appeals").text) == []
    supervisor = Desk(client, Role.SUPERVISOR)
    waiting = supervisor.get("/console/appeals").text
    assert numbers(waiting) == [number]
    assert "<b>有</b>" not in waiting
    assert words.DECISION_NEEDED in supervisor.post(f"/console/appeals/{callback_id}", uphold="yes").text
    supervisor.post(f"/console/appeals/{callback_id}", uphold="yes", decision="照片属实")
    assert numbers(supervisor.get("/console/appeals").text) == []
    assert "照片属实" in supervisor.get("/console/appeals", state="decided").text
    assert "照片属实" in supervisor.get("/console/callbacks", state="excluded").text
    assert "没有待审的申诉" in supervisor.post(f"/console/appeals/{callback_id}", uphold="no", decision="再想想").text


def test_order_and_callback_lead_to_each_other_for_those_who_may_open_both(client: TestClient, platform: Platform) -> None:
    number = answered(platform)
    callback_id = said(platform, number, resolved="no", satisfied="dissatisfied")
    page, order_page = f"/console/callbacks/{callback_id}", f"/console/orders/{number}"
    unit = Desk(client, Role.HANDLER, UNIT)
    for desk in (unit, Desk(client, Role.SUPERVISOR)):
        assert f'href="{page}">第 1 次：已回访</a>' in desk.get(order_page).text
        assert f'href="{order_page}"' in desk.get(page).text
    district = Desk(client, Role.HANDLER, "110105").get(order_page).text
    assert "第 1 次：已回访" in district
    assert page not in district, "a district looks on, the callback is its street's"
    do(platform, number, "redispatch", Actor("dispatcher", Role.DISPATCHER), unit=NEIGHBOUR, reason="地点在隔壁街道")
    assert unit.get(order_page).status_code == 404, "it has passed to another unit"
    assert order_page not in unit.get(page).text


def test_who_gets_in_where(client: TestClient, platform: Platform, clock: FixedClock) -> None:
    _, callback_id = _to_ring(platform, clock)
    unit, auditor, operator = Desk(client, Role.HANDLER, UNIT), Desk(client, Role.AUDITOR), Desk(client, Role.OPERATOR)
    assert unit.get("/console/callbacks").status_code == 403
    assert auditor.get("/console/callbacks").status_code == 200
    assert auditor.post(f"/console/callbacks/{callback_id}/answer", **SOLVED).status_code == 403
    assert auditor.post(f"/console/callbacks/{callback_id}/number").status_code == 403
    assert operator.get("/console/appeals").status_code == 403
    assert operator.post(f"/console/callbacks/{callback_id}/exclude", reason="x").status_code == 403
    assert operator.post(f"/console/callbacks/{callback_id}/appeal", reason="x").status_code == 403
    assert operator.get("/console/callbacks/999999").status_code == 404
    assert client.get("/console/callbacks", follow_redirects=False).status_code == 303
    operator.csrf = "forged"
    assert operator.post(f"/console/callbacks/{callback_id}/answer", **SOLVED).status_code == 403
