"""After the period nothing tells who filed an order or what they said, in any table; history, figures and younger orders are whole."""

from __future__ import annotations

import io
import secrets
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bot.cli import app
from bot.jobs import HANDLERS, ask_residents
from bot.retention import ERASURES
from bot.tables import metadata
from channels.conversations import service as conversations
from channels.message import InboundMessage
from dispatch.bulk import service as bulk
from dispatch.bulk.retention import BULK
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.reading import Answers
from dispatch.core import retention
from dispatch.core.clock import FixedClock
from dispatch.emergencies import service as emergencies
from dispatch.evaluation import service as evaluation
from dispatch.media import service as media
from dispatch.orders import history
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform
from nlu.emergency import Emergency as Danger
from tests.dispatch.order_work import CITY, COLD_FLAT, DISPATCHER, WANGJING, do, events, faults, register, stored, told

MARK = "翠花家的鹦鹉"
"""Words that are in everything that the resident and the unit say, and nowhere else."""
PERIOD = timedelta(days=365)


def _picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 40), "blue").save(data, "PNG")
    return data.getvalue()


def _say(platform: Platform, session: Session, conversation: str, text: str) -> None:
    inbound = InboundMessage(channel="sms", address="+8613800138000", provider_id=secrets.token_hex(8), text=text)
    assert conversations.store(session, inbound, now=platform.clock.now(), cipher=platform.cipher).conversation_id == conversation


@pytest.fixture
def number(platform: Platform, clock: FixedClock) -> str:
    """An order that went through many hands, of a resident who said a lot."""
    now = clock.now()
    with platform.database.write() as session:
        conversation = conversations.open_conversation(session, "sms", "+8613800138000", now=now, cipher=platform.cipher).id
        _say(platform, session, conversation, f"{MARK}冻着了，我叫王建国，电话13800138000")
    order_in = COLD_FLAT.model_copy(update={"description": f"{MARK}冻着了，暖气不热"})
    number = register(platform, order_in, conversation_id=conversation)
    do(platform, number, "accept", WANGJING)
    do(platform, number, "invite_co_unit", WANGJING, unit="B005", reason=f"请查{MARK}")
    do(platform, number, "co_report", CITY, reason=f"{MARK}没有许可")
    do(platform, number, "whistle", WANGJING, unit="B004", reason=f"来看{MARK}")
    do(platform, number, "escalate", WANGJING, unit="110105", reason=f"{MARK}的事协调不动")
    do(platform, number, "redispatch", DISPATCHER, unit="110105026", reason=f"再看看{MARK}")
    do(platform, number, "accept", WANGJING)
    do(platform, number, "log_contact", WANGJING, reason=f"和{MARK}的主人通了话")
    do(platform, number, "answer", WANGJING, answer=f"{MARK}暖和了")
    photo = media.store(platform, _picture(), owner=f"conversation:{conversation}", now=now, filename=f"{MARK}.png")
    for kind in ("order", "answer", "resident"):
        media.store(platform, _picture(), owner=f"{kind}:{number}", now=now, filename=f"{MARK}.png")
    with platform.database.write() as session:
        media.set_text(session, photo.id, MARK)
        _say(platform, session, conversation, f"{MARK}着火了")
    clock.moment += timedelta(hours=20)
    ask_residents(platform)
    deliver_due(platform, HANDLERS)
    with platform.database.write() as session:
        now, reference = clock.now(), platform.reference.current()
        asked = callbacks.of_order(session, number)[0].id
        answers = Answers(True, "no", "dissatisfied")
        callbacks.record(session, asked, answers, f"{MARK}还是冷", by="operator1", now=now, reference=reference)
        callbacks.appeal(session, asked, unit_code="110105026", reason=f"{MARK}不归我们管", by="wangjing", now=now)
        emergencies.record(
            session, conversation, Danger("119", f"{MARK}着火", (), ("着火",)), f"{MARK}着火了", now=now, cipher=platform.cipher
        )
    do(platform, number, "log_contact", WANGJING, reason=f"又和{MARK}的主人通了话")
    with platform.database.write() as session:
        actor, key = Actor("supervisor1", Role.SUPERVISOR), secrets.token_hex(16)
        bulk.start(session, key=key, action="urge", unit=None, reason=f"为{MARK}催办", numbers=[number], actor=actor, now=clock.now())
    do(platform, number, "answer", WANGJING, answer=f"{MARK}真的暖和了")
    do(platform, number, "close", DISPATCHER)
    clock.moment += timedelta(hours=12)  # what waited for the morning goes out
    deliver_due(platform, HANDLERS)
    return number


def _dump(platform: Platform, *, but: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    with platform.database.read() as session:
        return {
            name: [dict(row) for row in session.execute(sa.select(table)).mappings()]
            for name, table in metadata.tables.items()
            if name not in but
        }


def _where(platform: Platform, words: str) -> set[str]:
    """Return the tables in which ``words`` stand, in the open or encrypted."""
    found = set()
    for name, rows in _dump(platform).items():
        for value in (value for row in rows for value in row.values()):
            text = str(value)
            if text.startswith("gAAAA"):
                text = platform.cipher.decrypt(text) or ""
            if words in text:
                found.add(name)
    return found


def _figures(platform: Platform) -> str:
    with platform.database.read() as session:
        return str(evaluation.days(session, first=date(2026, 11, 1), last=date(2026, 12, 31)))


def test_nothing_tells_who_or_what_and_the_rest_is_whole(platform: Platform, clock: FixedClock, number: str) -> None:
    assert {"orders", "order_events", "messages", "callbacks", "media_files", "outbox", "bulk_jobs"} <= _where(platform, MARK)
    assert {"conversations", "messages", "orders"} <= _where(platform, "13800138000")
    clock.moment += PERIOD - timedelta(days=1)
    assert not any(retention.due(platform, ERASURES, clock.now() - PERIOD).values()), "not over for long enough"
    clock.moment += timedelta(days=2)
    young = register(platform, COLD_FLAT)
    before, figures = _dump(platform), _figures(platform)
    due = retention.due(platform, ERASURES, clock.now() - PERIOD)
    assert due["工单"] == 1
    assert _dump(platform) == before, "a dry run writes nothing"

    list(retention.run(platform, ERASURES, clock.now() - PERIOD))

    deliver_due(platform, HANDLERS)
    assert _where(platform, MARK) == set()
    assert not [file for file in (platform.settings.data_dir / "media").rglob("*") if file.is_file()]
    assert _where(platform, "13800138000") == {"orders"}, "the young order's own"
    assert faults(platform) == []
    assert _figures(platform) == figures
    old = stored(platform, number)
    assert (old.matter_code, old.street, old.deadline_at is not None, old.reworks) == ("0704", "望京街道", True, 1)
    assert stored(platform, young).contact_phone is not None
    assert events(platform, number)[-1].name == "anonymise"
    assert history.ERASED_TEXT in str(told(platform, number))
    assert not any(retention.due(platform, ERASURES, clock.now() - PERIOD).values()), "nothing is left to do"


def test_the_command_tries_first_and_refuses_beside_a_running_system(
    platform: Platform, clock: FixedClock, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.system.SystemClock", lambda: FixedClock(clock.now() + PERIOD + timedelta(days=1)))
    where = ["--data-dir", str(platform.settings.data_dir), "--database-url", platform.settings.resolved_database_url(), "--days", "365"]
    tried = CliRunner().invoke(app, ["retention", "run", *where])
    assert tried.exit_code == 0
    assert "工单  1" in tried.output
    assert stored(platform, number).anonymised_at is None
    if platform.database.is_sqlite:
        refused = CliRunner().invoke(app, ["retention", "run", "--apply", *where])
        assert refused.exit_code == 1
        assert "系统还在运行" in refused.output
        platform.database.dispose()
    assert CliRunner().invoke(app, ["retention", "run", "--apply", *where]).exit_code == 0
    assert stored(platform, number).anonymised_at is not None
    assert CliRunner().invoke(app, ["retention", "run", *where[:-2]]).exit_code == 1, "no period is set"


def test_a_large_bulk_job_goes_in_parts_and_a_young_one_stays(platform: Platform, clock: FixedClock) -> None:
    def start(count: int) -> int:
        numbers = [f"BJ20261101-{number:06d}" for number in range(count)]
        actor = Actor("supervisor1", Role.SUPERVISOR)
        with platform.database.write() as session:
            key = secrets.token_hex(16)
            return bulk.start(session, key=key, action="urge", unit=None, reason="请抓紧", numbers=numbers, actor=actor, now=clock.now()).id

    old = start(450)
    clock.moment += PERIOD + timedelta(days=1)
    young = start(3)
    assert retention.due(platform, [BULK], clock.now() - PERIOD) == {BULK.name: 450}
    assert [count for _, count in retention.run(platform, [BULK], clock.now() - PERIOD)] == [200, 200, 50]
    with platform.database.read() as session:
        assert bulk.progress(session, old) is None
        left = bulk.progress(session, young)
    assert left is not None
    assert left.waiting == 3
