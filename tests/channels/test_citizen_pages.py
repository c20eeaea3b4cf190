"""The citizen's own pages: an order by number and phone or by its link, the answer, adding, withdrawing, evaluating, rework."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from PIL import Image

from bot.jobs import ask_residents
from channels.web import citizen_words as words
from dispatch.callbacks import service as callbacks
from dispatch.citizens import service as citizens
from dispatch.core import body_limit
from dispatch.core.clock import FixedClock
from dispatch.media import service as media
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, OPERATOR, SUPERVISOR, WANGJING, do, events, names, notices, register, shown, stored
from tests.dispatch.test_api import log_in

SOLVED = {"contacted": "yes", "resolved": "yes", "satisfied": "satisfied"}
UNSOLVED = {"contacted": "yes", "resolved": "no", "satisfied": "dissatisfied"}


def _platform(client: TestClient) -> Platform:
    return client.app.state.platform  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def answered(client: TestClient) -> Callable[..., str]:
    """Files an order with a phone and has it answered; returns its number."""

    def file(**more: Any) -> str:
        platform = _platform(client)
        number = register(platform, COLD_FLAT, **more)
        do(platform, number, "accept", WANGJING)
        do(platform, number, "log_contact", WANGJING, reason="已电话联系")
        do(platform, number, "answer", WANGJING, answer="师傅已上门调试，室温二十度")
        return number

    return file


def _page(client: TestClient, number: str) -> str:
    platform = _platform(client)
    return f"/my/{citizens.make_link(platform.keys, number, platform.clock.now())}"


def _survey(client: TestClient, number: str) -> str:
    platform = _platform(client)
    with platform.database.read() as session:
        (newest, *_) = callbacks.of_order(session, number)
    return f"/survey/{citizens.make_survey_link(platform.keys, newest.id, platform.clock.now())}"


def _callback(client: TestClient, number: str) -> callbacks.Callback:
    with _platform(client).database.read() as session:
        return callbacks.of_order(session, number)[0]


def test_found_by_number_and_phone_tail_and_guessing_is_limited(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    assert words.FIND_LEAD in client.get("/my").text
    found = client.post("/my", data={"number": f" {number.lower()} ", "tail": "8000"})
    assert found.url.path.startswith("/my/")
    assert number not in str(found.url)
    for part in ("供暖不热", "望京街道办事处", "师傅已上门调试", "家里暖气不热"):
        assert part in found.text
    assert "13800138000" not in found.text
    assert "王建国" not in found.text
    assert found.headers["x-robots-tag"] == "noindex, nofollow"
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in found.text, "it works without JavaScript"
    wrong = [client.post("/my", data={"number": number, "tail": f"{tail:04d}"}) for tail in range(6)]
    assert words.FIND_NOTHING in wrong[0].text
    assert f'value="{number}"' in wrong[0].text, "what was typed is kept"
    unknown = client.post("/my", data={"number": "BJ20200101-000001", "tail": "8000"})
    assert (unknown.status_code, words.FIND_NOTHING in unknown.text) == (404, True)
    assert wrong[-1].status_code == 429
    assert words.FIND_TOO_OFTEN in client.post("/my", data={"number": number, "tail": "8000"}).text
    assert words.FIND_TAIL_WRONG in client.post("/my", data={"number": number, "tail": "８０００"}).text
    assert client.post("/my", data={"number": "", "tail": "8000"}).status_code == 422


def test_links_run_out_and_forged_ones_open_nothing(client: TestClient, clock: FixedClock, answered: Callable[..., str]) -> None:
    page = _page(client, answered())
    assert client.get(page).status_code == 200
    assert client.get(f"{page}x").status_code == 404
    assert client.get("/my/%3Cscript%3E").status_code == 404
    assert words.LINK_BAD in client.post(f"{page}x/withdraw", data={"reason": "x", "sure": "yes"}).text
    clock.moment += citizens.LINK_LIFETIME
    over = client.get(page)
    assert (over.status_code, words.LINK_EXPIRED in over.text) == (410, True)


def test_a_survey_link_is_no_link_to_the_order(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    token = _survey(client, number).rpartition("/")[2]
    assert client.get(f"/my/{token}").status_code == 404
    assert client.get(f"/survey/{_page(client, number).rpartition('/')[2]}").status_code == 404


def test_added_words_are_on_record_and_the_unit_is_told(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform)
    page = _page(client, number)
    assert words.ADD_EMPTY in client.post(f"{page}/supplement", data={"reason": "  "}).text
    assert words.TOO_LONG in client.post(f"{page}/supplement", data={"reason": "长" * 2001}).text
    said = client.post(f"{page}/supplement", data={"reason": "<script>alert(1)</script> 晚上更冷，改打13900139000"})
    assert words.ADDED in said.text
    assert names(platform, number)[-1] == "supplement"
    assert ("110105026", "supplement") in notices(platform, number)
    said_by_resident = events(platform, number)[-1].detail["reason"]
    assert "晚上更冷" in said_by_resident
    assert "13900139000" not in said_by_resident
    assert "<script>" not in client.get(page).text


def _picture(colour: str = "red") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()


def test_added_files_go_with_the_order_and_what_is_refused_costs_no_words(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform)
    page = _page(client, number)
    picture = ("files", ("暖气.png", _picture(), "image/png"))
    bad = client.post(f"{page}/supplement", data={"reason": "还是不热"}, files=[picture, ("files", ("木马.jpg", b"MZ\x90", "image/jpeg"))])
    assert bad.status_code == 422
    assert "“木马.jpg”没有收下：只收图片" in bad.text
    assert ">还是不热</textarea>" in bad.text
    many = [("files", (f"{count}.png", _picture(), "image/png")) for count in range(11)]
    assert words.TOO_MANY_FILES in client.post(f"{page}/supplement", data={"reason": ""}, files=many).text
    with platform.database.read() as session:
        assert media.find(session, f"resident:{number}") == []
    assert names(platform, number)[-1] != "supplement"

    said = client.post(f"{page}/supplement", data={"reason": ""}, files=[picture, ("files", ("墙.png", _picture("blue"), "image/png"))])
    assert words.ADDED in said.text
    assert said.text.count("/media/") == 4, "two pictures, each with its small one"
    assert events(platform, number)[-1].detail["reason"] == "诉求人补充了 2 个文件"
    browser, _ = log_in(client, Role.HANDLER, "110105026")
    order_page = browser.get(f"/console/orders/{number}").text
    assert order_page.count("诉求人补充 ·") == 2
    assert "暖气.png" in order_page
    do(platform, number, "withdraw", OPERATOR, reason="自己修好了")
    late = client.post(f"{page}/supplement", data={"reason": ""}, files=[("files", ("晚.png", _picture("green"), "image/png"))])
    assert words.NOT_NOW in late.text
    with platform.database.read() as session:
        assert len(media.find(session, f"resident:{number}")) == 2


def test_more_than_anybody_needs_is_refused_as_it_comes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _page(client, register(_platform(client)))
    monkeypatch.setattr(body_limit, "MOST_FILES", 100_000)
    files = [("files", ("大.png", b"\x89PNG" * 50_000, "image/png"))]
    said = client.post(f"{page}/supplement", data={"reason": "x"}, files=files)
    assert (said.status_code, "内容太大" in said.text) == (413, True)

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(1000):
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert client.post(f"{page}/supplement", content=endless(), headers=headers).status_code == 413
    assert client.post(f"{page}/supplement", data={"reason": "小的照收"}).status_code == 200


def test_of_staffs_files_the_resident_sees_those_given_with_the_answer(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform, COLD_FLAT)
    do(platform, number, "accept", WANGJING)
    unit, csrf = log_in(client, Role.HANDLER, "110105026")
    desk, desk_csrf = log_in(client, Role.OPERATOR)
    path = f"/console/orders/{number}"
    inside = {"files": ("内部核查.png", _picture("blue"), "image/png")}
    assert unit.post(f"{path}/attachments", data={"csrf": csrf["X-CSRF-Token"]}, files=inside).status_code == 200
    shared = {"file": ("给居民.png", _picture(), "image/png")}
    api = f"/api/v1/orders/{number}/attachments"
    refused = desk.post(api, data={"for_resident": "true"}, files=shared, headers=desk_csrf)
    assert (refused.status_code, "现在可以答复的单位" in refused.json()["detail"]) == (409, True)
    page = _page(client, number)
    unanswered = {"files": ("修好了.png", _picture("green"), "image/png")}
    form = {"csrf": csrf["X-CSRF-Token"], "answer": "修好了", "no_contact_reason": "电话一直无人接听"}
    assert "/media/" not in client.get(page).text
    done = unit.post(f"{path}/transitions/answer", data=form, files=unanswered)
    assert "随答复给诉求人 ·" in done.text
    seen = client.get(page).text
    assert words.ANSWER_FILES in seen
    assert seen.count("/media/") == 2, "one picture and its small one"
    with platform.database.read() as session:
        (given,) = media.find(session, f"answer:{number}")
    assert f"/media/{given.id}?" in seen
    assert client.get(re.findall(r'href="(/media/[^"]+)"', seen)[0]).headers["content-type"] == "image/png"
    assert "内部核查" not in seen


def test_withdrawn_only_when_meant(client: TestClient) -> None:
    platform = _platform(client)
    number = register(platform)
    page = _page(client, number)
    kept = client.post(f"{page}/withdraw", data={"reason": "自己修好了"})
    assert words.WITHDRAW_EMPTY in kept.text
    assert "自己修好了" in kept.text
    assert stored(platform, number).state != "withdrawn"
    assert words.WITHDRAWN_NOW in client.post(f"{page}/withdraw", data={"reason": "自己修好了", "sure": "yes"}).text
    assert stored(platform, number).state == "withdrawn"
    again = client.post(f"{page}/withdraw", data={"reason": "再撤一次", "sure": "yes"})
    assert words.NOT_NOW in again.text


def test_evaluated_once_and_closed(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    assert words.RATE_TITLE in client.get(_page(client, number)).text
    survey = _survey(client, number)
    assert "谢谢您的评价" in client.post(survey, data=SOLVED).text
    assert stored(_platform(client), number).state == "closed"
    used = client.post(survey, data=UNSOLVED)
    assert (used.status_code, words.OVER["answered"][0] in used.text) == (410, True)
    assert _callback(client, number).resolved == "yes"
    assert words.RATE_TITLE not in client.get(_page(client, number)).text
    reopened = client.post(f"{_page(client, number)}/reopen", data={"reason": "又不热了"})
    assert words.REOPENED in reopened.text
    assert stored(_platform(client), number).state == "accepted"


def test_unsolved_goes_back_with_the_words(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    survey = _survey(client, number)
    why = client.post(survey, data=UNSOLVED)
    assert words.WHY_LEAD in why.text
    assert stored(_platform(client), number).state == "answered", "not before the resident could say why"
    assert words.WHY_LEAD in client.get(survey).text
    done = client.post(survey, data={"reason": "暖气片还是冰的，打我电话13900139000"})
    assert "退回望京街道办事处" in done.text
    assert stored(_platform(client), number).state == "accepted"
    reason = _callback(client, number).reason
    assert reason is not None
    assert "暖气片还是冰的" in reason
    assert "13900139000" not in reason


def test_whoever_wont_say_why_is_counted_all_the_same(client: TestClient, clock: FixedClock, answered: Callable[..., str]) -> None:
    first, second = answered(), answered()
    client.post(_survey(client, first), data=UNSOLVED)
    client.post(_survey(client, second), data=UNSOLVED)
    assert "退回" in client.post(_survey(client, first), data={"without_reason": "1"}).text
    clock.moment += callbacks.REASON_WITHIN
    ask_residents(_platform(client))
    assert [stored(_platform(client), each).state for each in (first, second)] == ["accepted", "accepted"]


def test_one_by_one_and_in_ones_own_words(client: TestClient, answered: Callable[..., str]) -> None:
    survey = _survey(client, answered())
    first = client.get(survey, params={"one": "1"}).text
    assert words.QUESTIONS["contacted"] in first
    assert words.QUESTIONS["resolved"] not in first
    assert words.MISSING in client.post(survey, data={"one": "1"}).text
    second = client.post(survey, data={"one": "1", "contacted": "yes"}).text
    assert words.QUESTIONS["resolved"] in second
    assert words.MISSING not in second
    assert "谢谢您的评价" in client.post(survey, data={"text": "修好了，挺满意"}).text
    in_words = _survey(client, answered())
    assert "退回" in client.post(in_words, data={"text": "打过电话，可是根本没修，屋里还是十五度，非常不满意"}).text
    partly = client.post(_survey(client, answered()), data={"resolved": "yes", "satisfied": "maybe"}).text
    assert words.MISSING in partly
    assert words.QUESTIONS["resolved"] not in partly


def test_refused_and_ended_and_overtaken_are_said_kindly(client: TestClient, clock: FixedClock, answered: Callable[..., str]) -> None:
    platform = _platform(client)
    numbers = [answered() for _ in range(4)]
    refused, ended, overtaken, by_words = [_survey(client, number) for number in numbers]
    assert words.REFUSED in client.post(refused, data={"refuse": "1"}).text
    assert words.OVER["refused"][0] in client.get(refused).text
    assert words.REFUSED in client.post(by_words, data={"text": "别再问了"}).text
    do(platform, numbers[2], "rework", SUPERVISOR, reason="现场核查没有修好")
    assert words.OVER["cancelled"][0] in client.post(overtaken, data=SOLVED).text
    clock.moment += callbacks.ASK_AFTER
    ask_residents(platform)
    clock.moment += callbacks.ENDS_AFTER + timedelta(minutes=1)  # the sweep hasn't come round yet
    late = client.post(ended, data=SOLVED)
    assert (late.status_code, words.OVER["expired"][0] in late.text) == (410, True)
    assert _callback(client, numbers[1]).counted_at is None


def test_repeated_rework_goes_to_the_supervisor(client: TestClient, answered: Callable[..., str]) -> None:
    platform = _platform(client)
    number = answered()
    for time in range(2):
        client.post(_survey(client, number), data={**UNSOLVED, "reason": f"第{time + 1}次还是没修好"})
        if time == 0:
            do(platform, number, "log_contact", WANGJING, reason="又联系了")
            do(platform, number, "answer", WANGJING, answer="再次调试")
    assert shown(platform, number).flagged
    assert ("supervisor", "rework") in notices(platform, number)


def test_large_type_stays_chosen(client: TestClient, answered: Callable[..., str]) -> None:
    page = _page(client, answered())
    assert 'class="large"' not in client.get(page).text
    assert 'class="large"' in client.get(page, params={"size": "large"}).text
    assert 'class="large"' in client.get("/my").text
    assert re.search(r'href="/my/[\w.-]+\?size=normal"', client.post(f"{page}/reopen", data={}).text)
    assert 'class="large"' not in client.get("/my", params={"size": "normal"}).text


def test_stages_in_plain_words(client: TestClient, clock: FixedClock) -> None:
    platform = _platform(client)
    number = register(platform)
    assert "前办好并答复您" in client.get(_page(client, number)).text
    clock.moment += timedelta(days=8)
    assert "让您久等了" in client.get(_page(client, number)).text
    do(platform, number, "withdraw", OPERATOR, reason="来电撤回")
    page = client.get(_page(client, number)).text
    assert "您撤回了这件事" in page
    assert "让您久等了" not in page


def test_danger_comes_before_any_form(client: TestClient, answered: Callable[..., str]) -> None:
    platform = _platform(client)
    number, open_one = answered(), register(platform)
    alarmed = client.post(_survey(client, number), data={"text": "先别评价了，楼道着火了，全是黑烟，有人困在里面"}).text
    assert 'href="tel:119"' in alarmed
    assert stored(platform, number).state == "answered"
    added = client.post(f"{_page(client, open_one)}/supplement", data={"reason": "燃气漏了，屋里味道特别大"}).text
    assert 'role="alert"' in added
    assert words.ADDED in added, "what was written is on record all the same"
    with platform.database.read() as session:
        queue = session.execute(sa.text("SELECT attention_note FROM conversations WHERE attention_reason = 'emergency'")).scalars().all()
    assert len(queue) == 2
    assert number in queue[0]


def test_something_else_is_no_answer(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    page = client.post(_survey(client, number), data={"text": "另外我们楼下饭店油烟特别大，天天呛得没法开窗"}).text
    assert words.SOMETHING_ELSE in page
    assert "油烟特别大" in page, "what was written is kept"
    assert _callback(client, number).counted_at is None


def test_solved_but_dissatisfied_goes_back_too(client: TestClient, answered: Callable[..., str]) -> None:
    number = answered()
    given = {"contacted": "yes", "resolved": "yes", "satisfied": "dissatisfied", "without_reason": "1"}
    assert "退回望京街道办事处" in client.post(_survey(client, number), data=given).text
    assert stored(_platform(client), number).state == "accepted"
    assert "不满意" in events(_platform(client), number)[-1].detail["reason"]
