"""Near-duplicates at filing, repeats in bulk, stories in different words."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from dispatch.core.clock import FixedClock
from dispatch.insight.similar import duplicates, similar
from dispatch.insight.stories import stories
from dispatch.orders.schemas import OrderIn
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut
from tests.dispatch.order_work import DISPATCHER, do, register
from tests.dispatch.test_api import log_in

NANHU = PlaceOut(district="朝阳区", street="望京街道", community="南湖西园社区")
HUAJIADI = PlaceOut(district="朝阳区", street="望京街道", community="花家地社区")
JIUXIANQIAO = PlaceOut(district="朝阳区", street="酒仙桥街道")

PIT = [
    "小区东门外的路塌了一个大坑，已经崴了好几个人的脚",
    "东门口路面塌陷，坑有半米深，晚上看不见特别危险",
    "我们院儿东门那个大坑什么时候填，昨天又有老人摔了",
]
NOISE = ["楼下烧烤店半夜两点还在放音响", "一楼的烤串店天天闹到凌晨，音响声震得睡不着", "底商那家烧烤夜里喧哗扰民，根本没法休息"]


def ask(platform: Platform, text: str, place: PlaceOut, matter: str | None, **more: object) -> list[str]:
    with platform.database.read() as session:
        found = similar(session, text, place=place, matter=matter, now=platform.clock.now(), **more)  # type: ignore[arg-type]
    return [each.number for each in found]


def test_the_same_told_in_other_words_is_found_and_other_places_and_matters_are_not(platform: Platform, clock: FixedClock) -> None:
    first = register(platform, OrderIn(description=PIT[0], matter_code="0801", place=NANHU, contact_phone="13800138001"))
    other = register(platform, OrderIn(description=PIT[0], matter_code="0801", place=JIUXIANQIAO))
    register(platform, OrderIn(description=NOISE[0], matter_code="0801", place=NANHU))
    assert ask(platform, PIT[1], NANHU, "0801") == [first]
    assert ask(platform, PIT[1], JIUXIANQIAO, "0801") == [other]
    assert ask(platform, NOISE[1], HUAJIADI, "0704") == []
    assert ask(platform, PIT[1], PlaceOut(), "0801") == [], "without a street there is nothing to compare"
    lookup = platform.cipher.lookup("13800138001")
    assert ask(platform, PIT[2], PlaceOut(), None, lookup=lookup) == [first], "the same person's, wherever it is"
    second = register(platform, OrderIn(description=PIT[1], matter_code="0801", place=NANHU))
    do(platform, second, "merge", DISPATCHER, parent=first, reason="同一处塌陷")
    assert second not in ask(platform, PIT[2], NANHU, "0801"), "what is merged leads nowhere"
    clock.moment += timedelta(days=31)
    assert ask(platform, PIT[1], NANHU, "0801") == []


def test_the_page_of_an_order_shows_what_it_may_repeat(client: TestClient) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    first = register(platform, OrderIn(description=PIT[0], matter_code="0801", place=NANHU))
    second = register(platform, OrderIn(description=PIT[1], matter_code="0802", place=NANHU))
    browser, _ = log_in(client, Role.DISPATCHER)
    assert f"/console/orders/{second}?merge={first}" in browser.get(f"/console/orders/{second}/alike").text
    assert f"merge={second}" not in browser.get(f"/console/orders/{first}/alike").text, "repeats hang on the earlier order"


def test_repeats_in_bulk() -> None:
    copied = [f"{PIT[0]}，请尽快处理", PIT[0] + "。", *NOISE, PIT[0]]
    assert duplicates(copied) == [(0, 1, 5)]
    assert duplicates([]) == []
    assert duplicates(["好", "好"]) == [(0, 1)]


def test_stories_count_people_and_their_titles_hold_no_single_persons_words() -> None:
    pit = ["小区东门外的路塌了一个大坑", "东门外的路面塌了个大坑，很危险", "我们小区东门外路上塌了个大坑，什么时候填"]
    noise = ["楼下烧烤店半夜还在放音响", "楼下的烧烤店放音响放到半夜", "一楼烧烤店半夜放音响，睡不着"]
    texts = [*pit, *noise, pit[0], "王建国家里的暖气片漏水了", "图书馆周末能不能晚点关门"]
    found = stories(texts, ["a", "b", "c", "d", "e", "f", "a", "g", "h"], least=3)
    assert [(story.people, len(story.members)) for story in found] == [(3, 4), (3, 3)]
    assert set(found[0].members) == {0, 1, 2, 6}
    for story in found:
        for word in story.title:
            assert sum(word in texts[member] for member in story.members) >= 3
    assert stories(["只有一句"]) == []
    assert stories(["", " ", "。"]) == []
