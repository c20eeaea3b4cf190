"""The catalogue as data that an administrator edits and publishes, over HTTP."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from dispatch.catalogue import service as catalogue
from dispatch.catalogue.loader import CatalogueItemsError, check_items
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from dispatch.understanding.service import ReferenceData
from tests.dispatch.test_api import ORDER, log_in

PATH = "/api/v1/catalogue"
FRIDAY_EVENING = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)
PUBLISHERS = {Role.DISPATCHER, Role.ADMINISTRATOR}
STAFF = [Role.OPERATOR, Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR]
OLD_ITEM = {
    "code": "0704",
    "name": "供暖不热",
    "group": "供热供暖",
    "description": "采暖季室内温度不达标，暖气片不热。",
    "handler": {"kind": "street"},
    "time_limit": "livelihood",
    "clock": "calendar",
    "basis": "接诉即办条例第十五条",
    "synonyms": ["暖气不热"],
    "examples": ["都供暖一个礼拜了，我家卧室还不到十五度"],
}
NEW_ITEM = {
    "code": "0799",
    "name": "供暖管道异响",
    "group": "供热供暖",
    "description": "暖气管道夜里当当响，影响休息。",
    "handler": {"kind": "street"},
    "time_limit": "ordinary",
    "clock": "calendar",
    "basis": "接诉即办条例第十五条",
    "synonyms": ["暖气管异响"],
    "examples": ["半夜暖气管子当当响，像有人在敲"],
}


@pytest.fixture
def admin(client: TestClient) -> tuple[TestClient, dict[str, str]]:
    return log_in(client, Role.ADMINISTRATOR)


def version(browser: TestClient) -> int:
    return int(browser.get(PATH, params={"q": "不会有的词"}).json()["version"]["id"])


def item(browser: TestClient, code: str) -> dict[str, Any]:
    items = browser.get(PATH, params={"q": code}).json()["items"]
    return dict(next(each for each in items if each["code"] == code))


def publish(sender: tuple[TestClient, dict[str, str]], **body: Any) -> Any:
    browser, csrf = sender
    content = json.dumps({"base": version(browser), "note": "试验", **body})  # ASCII, so that half characters get through
    return browser.post(f"{PATH}/versions", content=content, headers={**csrf, "Content-Type": "application/json"})


def test_the_catalogue_is_searched_by_words_group_kind_unit_and_time_limit(client: TestClient, service_token: dict[str, str]) -> None:
    def codes(**given: str) -> set[str]:
        return {each["code"] for each in client.get(PATH, params=given, headers=service_token).json()["items"]}

    everything = codes()
    assert len(everything) > 300
    assert "0704" in codes(q="暖气 不热")
    assert codes(group="07") == codes(group="供热供暖") == {code for code in everything if code.startswith("07")}
    assert codes(kind="street") | codes(kind="district") < everything
    for some in (codes(time_limit="urgent"), codes(unit="U003")):
        assert some
        assert some < everything
    assert codes(q="不会有的词") == codes(unit="X999") == set()


def test_an_edited_item_is_published_with_author_and_note(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    before = version(browser)
    changed = item(browser, "0704") | {"time_limit": "urgent"}
    answer = publish(admin, changes=[changed, NEW_ITEM], removed=["0705"], note=" 寒潮期间提级 ")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["published_by"], made["note"], made["origin"], made["in_force"]) == ("administrator-city", "寒潮期间提级", "console", True)
    changes = {each["code"]: each for each in browser.get(f"{PATH}/diff", params={"before": before, "after": made["id"]}).json()["changes"]}
    assert {code: each["kind"] for code, each in changes.items()} == {"0704": "changed", "0705": "removed", "0799": "added"}
    assert changes["0704"]["fields"] == [{"field": "time_limit", "before": "livelihood", "after": "urgent"}]
    listed = browser.get(f"{PATH}/versions").json()
    assert [(each["id"], each["in_force"]) for each in listed] == [(made["id"], True), (before, False)]
    assert browser.get(f"{PATH}/versions/{before}").json()["version"]["in_force"] is False


def test_an_order_keeps_the_version_it_was_dispatched_by(
    client: TestClient, service_token: dict[str, str], admin: tuple[TestClient, dict[str, str]], clock: FixedClock
) -> None:
    browser, _ = admin

    def file() -> tuple[str, int, int]:
        number = client.post("/api/v1/orders", json=ORDER, headers=service_token).json()["number"]
        events = client.get(f"/api/v1/orders/{number}/events", headers=service_token).json()
        hours = client.get(f"/api/v1/orders/{number}", headers=service_token).json()["deadline"]["hours"]
        return number, events[1]["detail"]["catalogue_version"], hours

    first, old, hours = file()
    assert (old, hours) == (version(browser), 24)
    made = publish(admin, changes=[item(browser, "0704") | {"time_limit": "urgent"}]).json()["id"]
    time.sleep(0.6)
    _, new, hours = file()
    assert (new, hours) == (made, 2)
    kept = client.get(f"/api/v1/orders/{first}", headers=service_token).json()
    assert kept["deadline"]["hours"] == 24
    publish(admin, changes=[item(browser, "0704") | {"clock": "working", "time_limit": "complex"}])
    step = {"reason": "应由区里统筹", "unit": "110105"}
    clock.moment = FRIDAY_EVENING
    dispatcher, csrf = log_in(client, Role.DISPATCHER)
    due = dispatcher.post(f"/api/v1/orders/{first}/transitions/redispatch", json=step, headers=csrf).json()
    assert datetime.fromisoformat(due["deadline_at"]) == FRIDAY_EVENING + timedelta(hours=24), "still by the old version's clock"
    by_version = client.get(f"{PATH}/versions/{old}", headers=service_token).json()["items"]
    assert next(each for each in by_version if each["code"] == "0704")["time_limit"] == "livelihood"


def test_another_process_takes_up_a_new_version_within_two_seconds(client: TestClient, admin: tuple[TestClient, dict[str, str]]) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    other = ReferenceData(platform.database)
    assert other.current().catalogue.find("0799") is None
    assert publish(admin, changes=[NEW_ITEM]).status_code == 201
    started = time.monotonic()
    while other.current().catalogue.find("0799") is None:
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    assert other.current().catalogue.matcher.match("半夜暖气管异响，睡不着")[0].code == "0799"


def test_an_earlier_version_is_put_in_force_again(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    first = version(browser)
    second = publish(admin, removed=["0704"]).json()["id"]
    third = publish(admin, restore=first, note="改回去").json()
    assert third["id"] > second
    assert browser.get(f"{PATH}/diff", params={"before": first, "after": third["id"]}).json()["changes"] == []
    assert publish(admin, restore=10**6).status_code == 404


def test_a_whole_list_replaces_the_catalogue(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    assert publish(admin, items=[NEW_ITEM]).status_code == 201
    assert [each["code"] for each in browser.get(PATH).json()["items"]] == ["0799"]
    assert publish(admin, items=[]).json()["type"] == "/problems/invalid-catalogue"


def test_two_editors_of_one_version_cannot_undo_each_other(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    base = version(browser)
    now = publish(admin, base=base, removed=["0704"]).json()["id"]
    late = publish(admin, base=base, removed=["0705"])
    assert (late.status_code, late.json()["in_force"]) == (409, now)
    assert late.headers["content-type"] == "application/problem+json"
    assert version(browser) == now


@pytest.mark.parametrize(
    ("change", "name", "field"),
    [
        ({"time_limit": "soon"}, "0799", "time_limit"),
        ({"handler": {"kind": "utility"}}, "0799", "handler"),
        ({"handler": {"kind": "utility", "unit": "U999"}}, "0799", "handler.unit"),
        ({"co_units": ["U003", "B998"]}, "0799", "co_units.1"),
        ({"synonyms": []}, "0799", "synonyms"),
        ({"synonyms": ["暖气管异响", 5]}, "0799", "synonyms.1"),
        ({"name": "供暖不热"}, "0799", "name"),
        ({"group": "别的组"}, "0799", "group"),
        ({"name": "两行\n名称"}, "0799", "item"),
        ({"surprise": 1}, "0799", "surprise"),
        ({"\ud83d": 1}, "0799", "item"),
        ({"name": "\ud83d"}, "0799", "name"),
        ({"code": "79"}, "#2", "code"),
        ({"code": "\ud83d"}, "#2", "code"),
        ({"code": None}, "#2", "code"),
    ],
)
def test_what_is_wrong_is_named_by_item_and_field(change: dict[str, Any], name: str, field: str) -> None:
    with pytest.raises(CatalogueItemsError) as caught:
        check_items([OLD_ITEM, NEW_ITEM | change], {"U003"})
    assert (name, field) in [(each.item, each.field) for each in caught.value.items]
    json.dumps(caught.value.problems, ensure_ascii=False).encode()  # fit for an answer, whatever was sent


def test_every_problem_is_told_at_once_and_nothing_is_published(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    wrong = NEW_ITEM | {"time_limit": "soon", "co_units": ["B998"], "name": "\ud83d"}
    answer = publish(admin, changes=[wrong, NEW_ITEM | {"code": "0798"}, NEW_ITEM | {"code": "0797"}])
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/invalid-catalogue"
    named = {(each["item"], each["field"]) for each in answer.json()["errors"]}
    assert named == {("0799", "time_limit"), ("0799", "name"), ("0797", "name")}
    assert browser.get(f"{PATH}/versions").json()[0]["origin"] == "files"


def test_other_refusals(admin: tuple[TestClient, dict[str, str]]) -> None:
    browser, _ = admin
    same = item(browser, "0704")
    assert publish(admin, changes=[same]).json()["type"] == "/problems/unchanged"
    assert publish(admin, removed=["0000"]).json()["errors"] == [{"item": "0000", "field": "code", "message": "派单目录里没有这个事项"}]
    assert publish(admin, changes=[NEW_ITEM, NEW_ITEM]).json()["errors"][0]["field"] == "code"
    assert publish(admin).status_code == 422, "nothing to do"
    assert publish(admin, changes=[NEW_ITEM], restore=1).status_code == 422, "two ways at once"
    assert publish(admin, removed=["0704"], note=" ").status_code == 422, "a note says why"
    assert publish(admin, removed=["0704"], note="a\0b").status_code == 422
    assert browser.post(f"{PATH}/versions", json={"base": 1, "note": "x y", "removed": ["0704"]}).status_code == 403, "CSRF"
    assert browser.get(f"{PATH}/versions/99").status_code == 404
    assert browser.get(f"{PATH}/diff", params={"before": 1, "after": 99}).status_code == 404


def test_staff_may_read_and_only_dispatchers_and_administrators_publish(client: TestClient) -> None:
    for role in STAFF:
        sender = log_in(client, role, "110105" if role is Role.HANDLER else None)
        for path in (PATH, f"{PATH}/versions", f"{PATH}/versions/1", f"{PATH}/diff?before=1&after=1"):
            assert sender[0].get(path).status_code == 200
        name = f"供暖管道异响{len(role.value)}"
        assert publish(sender, changes=[NEW_ITEM | {"name": name}]).status_code == (201 if role in PUBLISHERS else 403), role


def test_strangers_get_nothing_and_the_assistant_does_not_publish(client: TestClient, service_token: dict[str, str]) -> None:
    body = {"base": 1, "note": "试验", "removed": ["0704"]}
    for path in (PATH, f"{PATH}/versions", f"{PATH}/versions/1", f"{PATH}/diff?before=1&after=1"):
        assert client.get(path).status_code == 401
    assert client.post(f"{PATH}/versions", json=body).status_code == 401
    assert client.post(f"{PATH}/versions", json=body, headers=service_token).status_code == 403


def test_a_new_release_does_not_displace_what_an_administrator_published(
    client: TestClient, admin: tuple[TestClient, dict[str, str]]
) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    made = publish(admin, removed=["0704"]).json()["id"]
    with platform.database.write() as session:
        items = catalogue.items_of(session, 1)
        catalogue.seed(session, items[:10], platform.clock.now())
        assert catalogue.version_in_force(session) == made


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_input_makes_it_fail(client: TestClient, admin: tuple[TestClient, dict[str, str]], data: st.DataObject) -> None:
    browser, csrf = admin
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    operations = [result.ok() for result in schema.include(path_regex="^/api/v1/(catalogue|corrections)").get_all_operations()]
    case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
    cookie = {"Cookie": f"jsjb_session={browser.cookies['jsjb_session']}"}
    case.call_and_validate(headers={**csrf, **cookie}, checks=[not_a_server_error])
