"""The desk's rules: who gets which conversation, what is put right, what is filed, and that nothing leaks or slows down."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from bot.app import create_app
from channels.desk import staffing
from channels.desk.schemas import DeskSettings
from dispatch.accounts import service as accounts
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from tests.channels.rasa_double import RasaDouble, running
from tests.channels.test_gateway import say

STAFF = {"op1": Role.OPERATOR, "op2": Role.OPERATOR, "op3": Role.OPERATOR, "chief": Role.SUPERVISOR}
MARKUP = "<script>alert(1)</script>"


class Desk:
    """One system, its clock, and the browsers of residents and staff."""

    def __init__(self, client: TestClient, clock: FixedClock, double: RasaDouble) -> None:
        self.client, self.clock, self.double = client, clock, double
        self.platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
        self.token = {"Authorization": f"Bearer {self.platform.keys.service}"}
        with self.platform.database.write() as session:
            for name, role in STAFF.items():
                accounts.create(session, name, "a-long-password", display_name=f"{name}号", role=role)
        self.staff = {name: self._log_in(name) for name in STAFF}

    def _browser(self) -> TestClient:
        browser = TestClient(self.client.app)
        browser.portal = self.client.portal  # all in the event loop that the application runs on
        return browser

    def _log_in(self, name: str) -> TestClient:
        browser = self._browser()
        browser.post("/console/login", data={"username": name, "password": "a-long-password"})
        return browser

    def resident(self, matter: str | None = None, *, asks: bool = True) -> tuple[TestClient, str]:
        """A resident who has said ``matter`` and asked for a person; the browser and the conversation's id."""
        browser = self._browser()
        browser.get("/")
        conversation = str(browser.get("/channels/web/messages").json()["conversation"])
        if matter:
            say(browser, matter)
        if asks:
            self.client.post(f"/api/v1/conversations/{conversation}/handoff", json={"reason": "asked_for_person"}, headers=self.token)
        return browser, conversation

    def act(self, who: str, path: str, /, **form: object) -> tuple[int, str]:
        """Press a button and return status and text of what comes back."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.staff[who].get("/desk").text)
        assert csrf
        answer = self.staff[who].post(f"/desk/{path}", data={"csrf": csrf[1], **form})
        return answer.status_code, answer.text

    def page(self, name: str, conversation: str) -> str:
        return str(self.staff[name].get(f"/desk/conversations/{conversation}").text)

    def come(self, *names: str) -> None:
        for name in names:
            self.staff[name].get("/desk")

    def tend(self, **later: float) -> int:
        self.clock.moment += timedelta(**later)
        return staffing.tend(self.platform)

    def offered(self, conversation: str) -> str | None:
        return self._column(conversation, "offered_to")

    def holder(self, conversation: str) -> str | None:
        return self._column(conversation, "holder")

    def _column(self, conversation: str, name: str) -> str | None:
        with self.platform.database.read() as session:
            found: str | None = session.scalar(sa.text(f"SELECT {name} FROM conversations WHERE id = :id"), {"id": conversation})
        return found


@pytest.fixture
def desk(settings: Settings, clock: FixedClock) -> Iterator[Desk]:
    with running() as (url, double), TestClient(create_app(settings.model_copy(update={"rasa_url": url}), clock)) as client:
        yield Desk(client, clock, double)


def heard(browser: TestClient) -> list[str]:
    return [each["text"] for each in browser.get("/channels/web/messages").json()["messages"]]


# Who gets which conversation


def test_waiting_conversations_go_to_the_least_loaded_and_on_to_the_next_when_nobody_reacts(desk: Desk) -> None:
    desk.come("op1", "op2")
    first, second = desk.resident("路灯坏了")[1], desk.resident("井盖坏了")[1]
    desk.tend()
    assert {desk.offered(first), desk.offered(second)} == {"op1", "op2"}
    taker = desk.offered(first)
    assert "分给我的" in desk.staff[str(taker)].get("/desk/queue").text
    desk.come("op1", "op2")
    desk.tend(minutes=3)
    desk.come("op1", "op2")
    desk.tend()
    assert desk.offered(first) not in (None, taker)
    assert desk.act(str(taker), f"conversations/{first}/takeover")[0] == 200, "an assignment keeps nobody else from helping"
    assert desk.offered(first) is None


def test_skills_decide_before_load_and_breaks_before_both(desk: Desk) -> None:
    desk.come("op1", "op2", "op3")
    assert desk.act("chief", "groups", code="haidian", name="海淀组", districts="海淀区")[0] == 200
    desk.act("chief", "operators/op2", capacity="5", groups="haidian")
    chaoyang = [desk.resident("望京西园四区路灯坏了")[1] for _ in range(2)]
    desk.tend()
    assert "op2" not in {desk.offered(each) for each in chaoyang}, "others are free who have no other skill"
    desk.act("op1", "presence", state="break")
    desk.tend()
    assert "op1" not in {desk.offered(each) for each in chaoyang}
    desk.act("op3", f"conversations/{chaoyang[0]}/takeover")
    desk.act("op3", f"conversations/{chaoyang[0]}/transfer", to="group:haidian", note="海淀的")
    desk.tend()
    assert desk.offered(chaoyang[0]) == "op2"


def test_assignment_can_be_switched_off_and_bad_settings_are_refused(desk: Desk) -> None:
    desk.come("op1")
    values = {"accept_minutes": "2", "answer_minutes": "10", "idle_minutes": "30", "away_seconds": "120", "capacity": "5"}
    assert desk.act("op1", "setup", **values, office_hours="1-7 00:00-24:00")[0] == 403
    status, text = desk.act("chief", "setup", **values, office_hours="1-5 18:00-08:30")
    assert status == 409
    assert "应写成" in text
    assert desk.act("chief", "setup", **values, office_hours="1-5 08:30-12:00\n1-5 13:30-18:00")[0] == 200
    conversation = desk.resident("路灯坏了")[1]
    desk.tend()
    assert desk.offered(conversation) is None


def test_office_hours_may_have_several_blocks_a_day() -> None:
    hours = DeskSettings(office_hours=("1-5 08:30-12:00", "1-5 13:30-18:00", "6 09:00-12:00"))
    monday = datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=8)))
    open_at = {
        (0, 8, 29): False,
        (0, 8, 30): True,
        (0, 12, 0): False,
        (0, 13, 30): True,
        (0, 18, 0): False,
        (5, 11, 59): True,
        (6, 10, 0): False,
    }
    for (day, hour, minute), expected in open_at.items():
        assert hours.open_at(monday + timedelta(days=day, hours=hour, minutes=minute)) is expected, (day, hour, minute)
    assert DeskSettings().open_at(monday)


def test_a_lost_browser_loses_its_conversations_and_who_comes_back_is_online(desk: Desk) -> None:
    browser, conversation = desk.resident("暖气不热")
    desk.act("op1", f"conversations/{conversation}/takeover")
    desk.tend(minutes=1)
    assert desk.holder(conversation) == "operator"
    desk.tend(minutes=2)
    assert desk.holder(conversation) == "waiting"
    turns = len(desk.double.turns)
    say(browser, "有人吗")
    assert len(desk.double.turns) == turns, "the bot stays silent for whoever was promised a person"
    desk.come("op1")
    desk.tend()
    assert "断线" not in desk.staff["op1"].get("/desk").text


def test_what_an_operator_leaves_unanswered_goes_back_and_what_has_ended_is_closed(desk: Desk) -> None:
    browser, conversation = desk.resident("暖气不热")
    desk.act("op1", f"conversations/{conversation}/takeover")
    desk.act("op1", f"conversations/{conversation}/say", text="您好，请讲")

    def alive(minutes: int) -> None:
        for _ in range(minutes):
            desk.clock.moment += timedelta(minutes=1)
            desk.come("op1")
            staffing.tend(desk.platform)

    alive(9)
    say(browser, "十五度")
    alive(9)
    assert desk.holder(conversation) == "operator"
    alive(2)
    assert desk.holder(conversation) == "waiting"
    desk.act("op1", f"conversations/{conversation}/takeover")
    desk.act("op1", f"conversations/{conversation}/say", text="已经登记")
    alive(31)
    assert desk.holder(conversation) == "bot"
    assert "本次人工服务已结束" in heard(browser)[-1]
    assert say(browser, "谢谢")[0]["text"].startswith("听到")


# What operators do in a conversation


def test_a_correction_is_a_row_to_learn_from_and_changes_the_draft(desk: Desk) -> None:
    _browser, conversation = desk.resident("望京西园四区门口的路灯坏了")
    desk.client.put(
        f"/api/v1/conversations/{conversation}/draft", json={"description": "路灯坏了", "place": {"district": "朝阳区"}}, headers=desk.token
    )
    path = f"conversations/{conversation}/correct"
    assert desk.act("op1", path, field="request_type", value="建议")[0] == 200
    assert desk.act("op1", path, field="street", value="海淀区 上地街道")[0] == 200
    status, text = desk.act("op1", path, field="matter", value=f"没有的事 {MARKUP}")
    assert status == 409
    assert "派单目录中的事项" in text
    assert desk.act("op1", path, field="request_type", value="建议")[0] == 409, "nothing new is no correction"
    draft = desk.client.get(f"/api/v1/conversations/{conversation}/draft", headers=desk.token).json()
    assert (draft["request_type"], draft["place"]["district"], draft["place"]["street"]) == ("建议", "海淀区", "上地街道")
    page = desk.page("op1", conversation)
    assert "op1 已更正" in page
    assert "上地街道办事处" in page, "the unit follows the place"
    with desk.platform.database.read() as session:
        rows = session.execute(sa.text("SELECT field, corrected, source, text FROM understanding_corrections ORDER BY id")).all()
    assert [(row.field, row.corrected) for row in rows] == [("request_type", "建议"), ("street", "海淀区 上地街道")]
    assert all(re.fullmatch(r"message:\d+", row.source) and row.text == "望京西园四区门口的路灯坏了" for row in rows)


def test_notes_reach_neither_the_resident_nor_the_assistant(desk: Desk) -> None:
    browser, conversation = desk.resident("暖气不热")
    assert desk.act("op1", f"conversations/{conversation}/notes", text=f"老住户 13800138000 {MARKUP}")[0] == 200
    assert "老住户 13800138000 &lt;script&gt;" in desk.page("op2", conversation)
    desk.act("op1", f"conversations/{conversation}/takeover")
    desk.act("op1", f"conversations/{conversation}/handback")
    say(browser, "好的")
    assert "老住户" not in browser.get("/channels/web/messages").text
    assert "老住户" not in str(desk.double.turns)
    with desk.platform.database.read() as session:
        assert "13800138000" not in session.scalar(sa.text("SELECT text FROM conversation_notes"))


def test_canned_replies_are_found_filled_and_never_sent_half_filled(desk: Desk) -> None:
    _browser, conversation = desk.resident("望京西园四区路灯坏了")
    assert desk.act("op1", "replies", title="催办", text="工单 {order} 由{unit}办理")[0] == 200
    assert desk.act("op1", "replies", title="坏的", text="{nonsense}")[0] == 409
    assert desk.act("op1", "replies", title="全市", text="x", city="true")[0] == 409
    assert desk.act("chief", "replies", title="全市的", text="市里统一答复", city="true")[0] == 200
    found = desk.staff["op1"].get(f"/desk/conversations/{conversation}/replies", params={"q": "工单 办理"}).text
    assert "工单 {order} 由望京街道办事处办理" in found
    others = desk.staff["op2"].get(f"/desk/conversations/{conversation}/replies").text
    assert "市里统一答复" in others
    assert "工单 {order} 由望京" not in others, "one's own are one's own"
    assert desk.staff["op1"].get(f"/desk/conversations/{conversation}/replies", params={"q": "100%_"}).text.count("<li") == 1
    desk.act("op1", f"conversations/{conversation}/takeover")
    status, text = desk.act("op1", f"conversations/{conversation}/say", text="工单 {order} 正在办")
    assert status == 409
    assert "工单号" in text


def test_an_answer_from_the_knowledge_base_keeps_entry_and_version(desk: Desk) -> None:
    browser, conversation = desk.resident("居住证怎么办")
    csv = "id,question,passage,dept\nk1,居住证怎么办理,带身份证到派出所办理。,市公安局\n".encode()
    imported = desk.client.post("/api/v1/knowledge/import", files={"file": ("k.csv", csv)}, headers=desk.token)
    assert imported.is_success, imported.text
    desk.platform.knowledge.refresh()
    form = {"entry_id": "k1", "version": "1"}
    assert desk.act("op1", f"conversations/{conversation}/answer", **form)[0] == 409, "first take over"
    desk.act("op1", f"conversations/{conversation}/takeover")
    found = desk.staff["op1"].get(f"/desk/conversations/{conversation}/knowledge", params={"q": "怎么办理居住证"}).text
    assert "发送此答案" in found
    assert desk.act("op1", f"conversations/{conversation}/answer", entry_id="k1", version="7")[0] == 409
    assert desk.act("op1", f"conversations/{conversation}/answer", **form)[0] == 200
    last = browser.get("/channels/web/messages").json()["messages"][-1]
    assert last["text"].startswith("带身份证到派出所办理。")
    assert (last["custom"]["entry_id"], last["custom"]["entry_version"]) == ("k1", 1)


def test_an_order_is_filed_once_with_everything_known_and_by_the_holder_only(desk: Desk) -> None:
    browser, conversation = desk.resident("望京西园四区12号楼路灯坏了，我姓李，电话13800138000")
    form = {"key": "abcdefgh-0", "description": "路灯坏了", "matter": "", "district": "朝阳区", "street": "望京街道", "detail": "12号楼"}
    assert desk.act("op1", f"conversations/{conversation}/file", **form)[0] == 409
    desk.act("op1", f"conversations/{conversation}/takeover")
    assert 'value="望京街道"' in desk.page("op1", conversation)
    for wrong, said in (
        ({"street": "没有街道"}, "街道"),
        ({"phone": "abc"}, "联系电话"),
        ({"unit": "没有的单位"}, "承办单位"),
        ({"description": " "}, "诉求内容"),
    ):
        status, text = desk.act("op1", f"conversations/{conversation}/file", **{**form, **wrong})
        assert (status, said in text) == (409, True), wrong
    for _ in range(2):
        assert desk.act("op1", f"conversations/{conversation}/file", **form)[0] == 200
    filed = desk.client.get(f"/api/v1/conversations/{conversation}/orders", headers=desk.token).json()
    assert len(filed) == 1
    assert filed[0]["unit"]["name"] == "望京街道办事处"
    assert sum(filed[0]["number"] in text for text in heard(browser)) == 1
    other = {**form, "key": "abcdefgh-1", "unit": "大屯街道办事处"}
    assert desk.act("op1", f"conversations/{conversation}/file", **other)[0] == 200
    newest = desk.client.get(f"/api/v1/conversations/{conversation}/orders", headers=desk.token).json()[0]
    assert newest["unit"]["name"] == "大屯街道办事处", "what the operator says goes before the catalogue"


def test_markup_in_every_field_stays_text(desk: Desk) -> None:
    _browser, conversation = desk.resident(f"{MARKUP}路灯坏了")
    desk.act("op1", f"conversations/{conversation}/takeover")
    desk.act("op1", f"conversations/{conversation}/say", text=MARKUP)
    desk.act("op1", f"conversations/{conversation}/notes", text=MARKUP)
    desk.act("op1", "replies", title=MARKUP[:40], text=MARKUP)
    desk.act("chief", "groups", code="g1", name=MARKUP[:40])
    names = ("description", "matter", "district", "street", "community", "detail", "unit", "name", "phone", "request_type")
    shown = desk.act("op1", f"conversations/{conversation}/file", key="abcdefgh", **dict.fromkeys(names, MARKUP))[1]
    shown += desk.act("op1", f"conversations/{conversation}/transfer", to=MARKUP, note=MARKUP)[1]
    for path in ("/desk", "/desk/all", "/desk/replies", "/desk/setup", f"/desk/conversations/{conversation}/replies"):
        shown += desk.staff["op1"].get(path).text
    shown += desk.staff["op1"].get(f"/desk/conversations/{conversation}/knowledge", params={"q": MARKUP}).text
    shown += desk.staff["op1"].get("/desk/all", params={"number": MARKUP, "before": MARKUP}).text
    assert "<script>alert" not in shown


# At a hundred thousand


@pytest.mark.parametrize("settings", [pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"], indirect=True)
def test_queue_and_lists_stay_fast_with_a_hundred_thousand_conversations(desk: Desk) -> None:
    now = desk.clock.now()
    row: dict[str, Any] = {
        "channel": "web", "address": "x", "attention_reason": None, "attention_since": None, "urgency": None, "passed_by": "[]",
        "created_at": now, "last_words": "楼下的路灯坏了三天了一直没有人来修，晚上走路很不方便，老人也多",
    }  # fmt: skip
    rows = []
    for number in range(100_000):
        waiting = number % 20 == 0
        extra = (
            {"attention_reason": "asked_for_person", "urgency": 2, "attention_since": now - timedelta(seconds=number)} if waiting else {}
        )
        rows.append(
            {**row, "id": f"c{number:024x}", "address_lookup": f"{number:064x}", "holder": "waiting" if waiting else "bot",
             "last_message_at": now - timedelta(seconds=number % 86400), **extra}
        )  # fmt: skip
    table = sa.Table("conversations", sa.MetaData(), autoload_with=desk.platform.database.engine)
    if desk.platform.database.is_sqlite:
        for each in rows:
            each["last_message_at"] = each["last_message_at"].replace(tzinfo=None)
            each["created_at"] = now.replace(tzinfo=None)
            each["attention_since"] = each["attention_since"].replace(tzinfo=None) if each["attention_since"] else None
    with desk.platform.database.write() as session:
        session.execute(sa.insert(table), rows)
    with desk.platform.database.write() as session:
        session.execute(sa.text("ANALYZE"))
    desk.come("op1")
    desk.tend()
    browser = desk.staff["op1"]
    middle = browser.get("/desk/all").text
    older = re.search(r'href="(\?holder=[^"]+)"', middle)
    assert older
    paths = [
        "/desk",
        "/desk/queue",
        "/desk/all",
        "/desk/all?holder=waiting",
        f"/desk/all{older[1].replace('&amp;', '&')}",
        f"/desk/conversations/c{0:024x}",
    ]
    for path in paths:
        begun = time.perf_counter()
        answer = browser.get(path)
        seconds = time.perf_counter() - begun
        assert answer.status_code == 200, path
        assert len(answer.content) < 150_000, path
        assert seconds < 0.2, f"{path}: {seconds * 1000:.0f} ms"
