"""What residents make of the knowledge base: follow-up questions, titles picked, words of thanks or not, the gap list, rates, expiry."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from dispatch.core.clock import FixedClock
from dispatch.knowledge import jobs, service
from dispatch.knowledge.followups import excerpt, follow_up
from dispatch.knowledge.schemas import EntryContent
from dispatch.knowledge.service import GapFilter, NoSuchEntryError, NoSuchGapError
from dispatch.outbox import service as outbox
from dispatch.platform import Platform

PERMIT = "带身份证和近六个月居住证明到派出所申请。办理不收费。15个工作日内可以领证。未满十六周岁的孩子由监护人代办。"
ENTRIES = {
    "permit": EntryContent(title="北京市居住证怎么办理", answer=PERMIT, unit_code="B009", unit_name="北京市公安局", subject="居住证"),
    "dog": EntryContent(title="养犬登记怎么办", answer="到派出所办理养犬登记，每年年检。", unit_code="B009", subject="养犬"),
    "school": EntryContent(title="非京籍孩子入学要审核什么材料", answer="由街道审核五证。", unit_code="B003", subject="入学"),
}


@pytest.fixture
def base(platform: Platform) -> Platform:
    now = platform.clock.now()
    with platform.database.write() as session:
        for entry_id, content in ENTRIES.items():
            service.publish(session, entry_id, service.submit(session, entry_id, content, author="unit", now=now), reviewer="desk", now=now)
    return platform


def ask(platform: Platform, query: str, conversation: str = "c1", after: str | None = None):  # type: ignore[no-untyped-def]
    return service.ask(platform.database, platform.knowledge, query, platform.clock.now(), conversation_id=conversation, after=after)


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("要带什么材料？", "养犬登记怎么办 要带什么材料"),
        ("多少钱", "养犬登记怎么办 多少钱"),
        ("那在哪办啊", "养犬登记怎么办 在哪办啊"),
        ("需要本人去吗", "养犬登记怎么办 需要本人去吗"),
        ("那孩子呢？", "孩子 养犬登记怎么办"),
        ("要是外地人呢", "外地人 养犬登记怎么办"),
        ("公积金贷款要什么条件", None),
        ("养犬登记多少钱", None),
        ("北京居住证怎么办理需要哪些材料和手续呢我想问问", None),
        ("谢谢", None),
        ("", None),
    ],
)
def test_short_questions_lean_on_the_one_before(question: str, meant: str | None) -> None:
    found = follow_up(question, "养犬登记怎么办")
    assert (found.question if found else None) == meant


def test_an_excerpt_is_what_speaks_of_it() -> None:
    price = follow_up("多少钱", "居住证")
    assert price
    assert excerpt(PERMIT, price.told) == "办理不收费。"
    place = follow_up("电话多少", "居住证")
    assert place
    assert excerpt("到窗口办理。", place.told) is None


def test_a_follow_up_is_answered_from_the_entry_before_where_it_says_so(base: Platform) -> None:
    first = ask(base, "居住证怎么办理")
    assert first.answer
    assert first.hits[0].id == "permit"
    assert first.hits[0].updated_on == date(2026, 11, 23)
    papers = ask(base, "要带什么材料？", after="permit")
    assert papers.answer
    assert papers.excerpt == "带身份证和近六个月居住证明到派出所申请。"
    assert papers.asked == "北京市居住证怎么办理 要带什么材料"
    child = ask(base, "那孩子呢", after="permit")
    assert child.excerpt == "未满十六周岁的孩子由监护人代办。"
    unknown = ask(base, "那电话多少", after="permit")
    assert not unknown.answer
    assert "permit" not in {hit.id for hit in unknown.hits}, "it was read out already and doesn't say"
    assert not ask(base, "多少钱").answer, "after nothing it means nothing"
    assert ask(base, "养犬登记怎么办", after="permit").hits[0].id == "dog"


def test_a_title_picked_is_an_answer_given(base: Platform) -> None:
    assert not ask(base, "我家娃不是北京户口想上学").answer
    with base.database.write() as session:
        hit = service.give(session, "c1", "school", base.clock.now())
        assert (hit.id, hit.version) == ("school", 1)
        with pytest.raises(NoSuchEntryError):
            service.give(session, "c1", "nobody", base.clock.now())
    today = date(2026, 11, 23)
    with base.database.read() as session:
        (row,) = service.rates(session, today, today, by="entry")
    assert (row.id, row.asked, row.answered) == ("school", 1, 1)
    assert service.cluster(base.database) == 0, "it is no gap"


def test_rates_by_entry_and_unit_and_the_last_word_counts(base: Platform) -> None:
    now, today = base.clock.now(), date(2026, 11, 23)
    for number in range(4):
        ask(base, "居住证怎么办理", f"c{number}")
    ask(base, "养狗要交税给国家吗怎么报", "c9")
    with base.database.write() as session:
        for conversation, solved in (("c0", False), ("c1", True), ("c0", True), ("c2", False)):
            service.record_feedback(session, "permit", conversation_id=conversation, solved=solved, now=now)
    with base.database.read() as session:
        by_entry = {row.id: row for row in service.rates(session, today, today, by="entry")}
        permit = by_entry["permit"]
        assert (permit.asked, permit.answered, permit.solved, permit.unsolved) == (4, 4, 2, 1)
        assert (permit.answered_rate, permit.unsolved_rate) == (1.0, 0.25)
        by_unit = {row.id: row for row in service.rates(session, today, today, by="unit")}
        assert by_unit["B009"].asked == 5
        assert by_unit["B009"].answered == 4
        assert service.rates(session, today + timedelta(days=1), today + timedelta(days=9), by="unit") == []
        assert service.rates(session, today, today, by="entry", unit_code="B003") == []


def test_the_gap_list_puts_together_what_means_the_same(base: Platform) -> None:
    now = base.clock.now()
    same = ("骑电动滑板车上路会不会罚款", "电动滑板车上路要罚款吗", "骑电动滑板车上马路罚不罚钱")
    for number, question in enumerate((*same, "护照丢在国外了找谁，我电话13812345678")):
        ask(base, question, f"c{number}")
    ask(base, "居住证怎么办理", "c9")
    with base.database.write() as session:
        service.record_feedback(session, "permit", conversation_id="c9", solved=False, now=now)
    assert service.cluster(base.database) == 5
    assert service.cluster(base.database) == 0
    with base.database.read() as session:
        listed = service.gaps(session, GapFilter())
        assert (listed[0].question, listed[0].asked, listed[0].unsolved) == (same[0], 3, 0)
        assert len(listed) == 3
        unsolved = next(gap for gap in listed if gap.unsolved)
        assert (unsolved.unit_code, unsolved.subject) == ("B009", "居住证")
        assert [gap.id for gap in service.gaps(session, GapFilter(unit_code="B009"))] == [unsolved.id]
        assert not any("13812345678" in gap.question for gap in listed)
        gap, questions = service.gap_examples(session, listed[0].id)
        assert questions == list(reversed(same))
    with base.database.write() as session:
        service.close_gap(session, gap.id, by="desk", note="已补充条目")
        with pytest.raises(NoSuchGapError):
            service.close_gap(session, 999, by="desk", note="")
    ask(base, same[0], "c7")
    jobs.cluster(base)
    with base.database.read() as session:
        assert service.gaps(session, GapFilter())[0].asked == 1, "asked again after it was closed, it is a gap again"


def test_units_are_warned_once_on_a_workday_before_an_entry_ends(base: Platform, clock: FixedClock) -> None:
    ends = date(2026, 12, 4)  # nine workdays from Monday the 23rd
    now = base.clock.now()
    with base.database.write() as session:
        for entry_id, last in (("dog", ends), ("school", date(2026, 12, 8))):
            number = service.submit(session, entry_id, ENTRIES[entry_id].model_copy(update={"valid_to": last}), author="unit", now=now)
            service.publish(session, entry_id, number, reviewer="desk", now=now)
    assert jobs.warn(base) == 1
    assert jobs.warn(base) == 0
    with base.database.read() as session:
        (told,) = outbox.listing(session, "waiting", kind="notice", target="B009")
        assert (told.subject, told.payload["name"], told.payload["valid_to"]) == ("dog", "knowledge_expiring", "2026-12-04")
    clock.moment = datetime(2026, 11, 28, 2, 0, tzinfo=timezone.utc)  # a Saturday
    assert jobs.warn(base) == 0
    clock.moment = datetime(2026, 12, 4, 16, 0, tzinfo=timezone.utc)  # midnight in Beijing
    assert jobs.expire(base) == 1
    base.knowledge.refresh()
    assert "dog" not in {hit.id for hit in ask(base, "养犬登记怎么办").hits}
