"""The dispatchers' desk over HTTP: what is undecided, objections, suggestions to merge, and bulk work with a result for each order."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from bot.jobs import HANDLERS
from dispatch.bulk import service as bulk
from dispatch.orders.schemas import OrderIn
from dispatch.orders.workflow import Role
from dispatch.outbox import delivering
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, DISPATCHER, STALLS, WANGJING, do, names, register, stored
from tests.dispatch.test_api import log_in

UNDECIDED = STALLS.model_copy(update={"dispatch_now": False})
MARKUP = "<script>window.hacked=1</script>"


class KilledError(BaseException):
    """The process ends here."""


def _platform(client: TestClient) -> Platform:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    return platform


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def _work_off(platform: Platform) -> None:
    delivering.deliver_due(platform, {"bulk": HANDLERS["bulk"], "notice": lambda _platform, _parcel: None})


def test_what_is_undecided_is_dispatched_from_the_list(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform, UNDECIDED.model_copy(update={"description": f"天天占道摆摊 {MARKUP}"}))
    browser, csrf = log_in(client, Role.DISPATCHER)
    page = browser.get("/console/dispatch").text
    assert number in page
    assert MARKUP not in page
    assert "望京街道办事处（110105026）" in page
    form = {"csrf": csrf["X-CSRF-Token"], "seen": _hidden(page, "seen"), "back": "/console/dispatch?tab=registered"}
    path = f"/console/orders/{number}/transitions/dispatch"
    refused = browser.post(path, data=form | {"unit": "没有这个单位"})
    assert refused.status_code == 409
    assert "没有找到“没有这个单位”" in refused.text
    done = browser.post(
        path, data=form | {"unit": "望京街道办事处（110105026）", "back": "https://elsewhere.example"}, follow_redirects=False
    )
    assert done.headers["location"] == f"/console/orders/{number}"
    assert stored(platform, number).unit_code == "110105026"
    assert number not in browser.get("/console/dispatch").text.split("最近的批量办理")[0]
    for role, unit in ((Role.HANDLER, "110105026"), (Role.OPERATOR, None), (Role.AUDITOR, None)):
        other, _ = log_in(client, role, unit)
        assert other.get("/console/dispatch").status_code == 403
        assert other.get("/console/dispatch/bulk").status_code == 403


def test_objections_are_reviewed_and_the_second_goes_to_the_supervisor(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform, STALLS)
    do(platform, number, "object", WANGJING, reason="门牌在酒仙桥街道")
    browser, csrf = log_in(client, Role.DISPATCHER)
    page = browser.get("/console/dispatch?tab=objected").text
    assert "门牌在酒仙桥街道" in page
    form = {
        "csrf": csrf["X-CSRF-Token"],
        "seen": _hidden(page, "seen"),
        "back": "/console/dispatch?tab=objected",
        "reason": "地图核对属望京",
    }
    after = browser.post(f"/console/orders/{number}/transitions/refuse_objection", data=form)
    assert "这里没有等待处理的工单" in after.text
    do(platform, number, "object", WANGJING, reason="仍不属本街道")
    assert "由督办员裁定" in browser.get("/console/dispatch?tab=disputed").text
    supervisor, token = log_in(client, Role.SUPERVISOR)
    page = supervisor.get("/console/dispatch?tab=disputed").text
    form = {"csrf": token["X-CSRF-Token"], "seen": _hidden(page, "seen"), "unit": "酒仙桥街道办事处", "reason": "现场核实"}
    assert supervisor.post(f"/console/orders/{number}/transitions/decide", data=form).status_code == 200
    assert stored(platform, number).decided


def test_earlier_orders_on_the_same_thing_are_suggested_for_merging(client: TestClient) -> None:
    platform = _platform(client)
    first = register(platform, COLD_FLAT)
    elsewhere = register(platform, STALLS)
    again = register(platform, COLD_FLAT.model_copy(update={"description": "还是不热，没有人来"}))
    browser, _ = log_in(client, Role.DISPATCHER)
    page = browser.get(f"/console/orders/{again}").text
    assert "同一联系电话、同社区、同事项" in page
    assert f"?merge={first}" in page
    assert elsewhere not in page
    alike = browser.get(f"/console/orders/{again}/alike").text
    assert "文字和意思相近" in alike
    assert f"?merge={first}" in alike
    assert f'name="parent" required value="{first}"' in browser.get(f"/console/orders/{again}?merge={first}").text
    assert "?merge=" not in browser.get(f"/console/orders/{first}").text


def test_bulk_work_is_done_once_each_with_its_own_result(client: TestClient) -> None:
    platform = _platform(client)
    numbers = [register(platform, UNDECIDED) for _ in range(45)]
    withdrawn = numbers[7]
    browser, csrf = log_in(client, Role.DISPATCHER)
    page = browser.get("/console/dispatch/bulk?tab=registered").text
    assert "对这 45 件工单" in page
    do(platform, withdrawn, "withdraw", DISPATCHER, reason="诉求人不办了")
    form = {"csrf": csrf["X-CSRF-Token"], "key": _hidden(page, "key"), "action": "by_catalogue", "n": numbers}
    first = browser.post("/console/dispatch/bulk", data=form, follow_redirects=False)
    second = browser.post("/console/dispatch/bulk", data=form, follow_redirects=False)
    assert first.headers["location"] == second.headers["location"]
    assert "data-progress" in browser.get(first.headers["location"]).text
    _work_off(platform)
    shown = browser.get(first.headers["location"]).text
    assert "完成 <b>44</b>" in shown
    assert "没有办成 <b>1</b>" in shown
    assert f'/console/orders/{withdrawn}"' in shown
    assert "诉求人撤回" in shown
    assert all(names(platform, number).count("dispatch") == (number != withdrawn) for number in numbers)
    assert "完成</th>" in browser.get("/console/dispatch").text


def test_bulk_work_goes_on_where_it_was_cut_off(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = _platform(client)
    numbers = [register(platform, STALLS) for _ in range(30)]
    browser, csrf = log_in(client, Role.SUPERVISOR)
    page = browser.get("/console/dispatch/bulk", params={"n": numbers[:3]}).text
    form = {"csrf": csrf["X-CSRF-Token"], "key": _hidden(page, "key"), "action": "urge"}
    missing = browser.post("/console/dispatch/bulk?tab=dispatched", data=form)
    assert missing.status_code == 422
    assert "说明: 请填写" in missing.text
    assert browser.post("/console/dispatch/bulk?tab=dispatched", data=form | {"reason": "请今天办结"}).status_code == 200
    real, steps = bulk.orders.apply, []

    def cut_off(*args: object, **more: object) -> object:
        steps.append(args[1])
        if len(steps) == 25:
            raise KilledError
        return real(*args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(bulk.orders, "apply", cut_off)
        with pytest.raises(KilledError):
            _work_off(platform)
    assert sum(names(platform, number).count("urge") for number in numbers) == 20, "the third chunk was rolled back as a whole"
    _work_off(platform)
    assert all(names(platform, number).count("urge") == 1 for number in numbers)


def test_a_lists_filters_make_a_job(client: TestClient) -> None:
    platform = _platform(client)
    cold = [register(platform, COLD_FLAT) for _ in range(3)]
    other: OrderIn = STALLS
    register(platform, other)
    browser, _ = log_in(client, Role.DISPATCHER)
    page = browser.get("/console/dispatch/bulk?tab=dispatched&matter=0704").text
    assert "对这 3 件工单" in page
    assert all(number in page for number in cold)
    assert "对这 0 件工单" in browser.get("/console/dispatch/bulk?tab=dispatched&matter=nonsense").text
    assert "对这 0 件工单" in browser.get("/console/dispatch/bulk?tab=registered").text
