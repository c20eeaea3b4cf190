"""The knowledge base on a database: import, versions, review, expiry, freshness in other processes, answers that are recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.core.database import Base, Database
from dispatch.knowledge import repository, service
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.models import Consultation, Feedback, KnowledgeEntry
from dispatch.knowledge.rows import KnowledgeFileError
from dispatch.knowledge.schemas import EntryContent
from dispatch.knowledge.seeds import SeedFileError, load_seeds
from dispatch.knowledge.service import IllegalStepError, NoSuchEntryError, State
from nlu.files import data_path

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
TODAY = date(2026, 11, 23)
CHANGES_BY_YEAR = re.compile(
    r"当年|每年(?:公布|调整|发布)|年度公告|政府指导价|票价|税率|首付|上下限|最低工资标准|补贴标准|\d+元(?!以[上下]|的?按)"
)
LAW = re.compile(r"法(?:、|$)|法典|条例|规定")
HEADER = "id,question,passage,dept\n"
ROWS = "q1,家里暖气不热找谁,先联系供热单位报修。,城市管理委\nq2,养犬登记怎么办,到派出所办理。,公安局\n"
CSV = (HEADER + ROWS).encode()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    tables = [table for table in Base.metadata.sorted_tables if table.name.startswith(("knowledge_", "administration_"))]
    Base.metadata.create_all(database.engine, tables=tables)
    yield database
    database.dispose()


@pytest.fixture
def base(database: Database) -> KnowledgeBase:
    return KnowledgeBase(database)


def content(title: str = "公园怎样预约", answer: str = "在公众号预约。", **more: object) -> EntryContent:
    return EntryContent.model_validate({"title": title, "answer": answer, **more})


def found(base: KnowledgeBase, query: str, on: date = TODAY) -> list[str]:
    base.refresh()
    return [hit.id for hit in base.search(query, on=on).hits]


def test_an_empty_base_finds_nothing_and_answers_nothing(database: Database, base: KnowledgeBase) -> None:
    result = base.search("暖气不热", on=TODAY)
    assert (result.hits, result.answer) == ((), False)
    with database.write() as session:
        assert service.answer(session, "暖气不热", result, NOW).hits == []


def test_an_imported_file_is_searched_under_its_own_ids(database: Database, base: KnowledgeBase) -> None:
    steps: list[tuple[int, int]] = []
    report = service.import_csv(database, CSV, NOW, progress=lambda done, total: steps.append((done, total)))
    assert (report.added, report.updated, report.unchanged, report.errors) == (2, 0, 0, ())
    assert steps[-1] == (2, 2)
    assert found(base, "狗证怎么办")[0] == "q2"
    (result,) = service.search_many(base, ["家里暖气不热找谁"], NOW)
    assert result.hits[0].id == "q1"
    assert result.answer


def test_importing_again_doubles_nothing_and_takes_changes_as_versions(database: Database, base: KnowledgeBase) -> None:
    service.import_csv(database, CSV, NOW)
    assert service.import_csv(database, CSV, NOW).unchanged == 2
    changed = CSV.replace("先联系供热单位报修。".encode(), "拨打供热单位公示的电话。".encode())
    report = service.import_csv(database, changed, NOW)
    assert (report.added, report.updated, report.unchanged) == (0, 1, 1)
    assert len(found(base, "暖气")) == 2
    with database.read() as session:
        versions = repository.versions(session, "q1")
        assert [(each.number, each.state) for each in versions] == [(1, "superseded"), (2, "published")]
        (change,) = service.diff(service.version_content(session, "q1", 1), service.version_content(session, "q1", 2))
        assert (change.field, change.before, change.after) == ("answer", "先联系供热单位报修。", "拨打供热单位公示的电话。")


def test_a_dry_run_reports_and_changes_nothing(database: Database, base: KnowledgeBase) -> None:
    assert service.import_csv(database, CSV, NOW, dry_run=True).added == 2
    assert found(base, "暖气") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(database: Database, base: KnowledgeBase, encoding: str) -> None:
    service.import_csv(database, CSV.decode().encode(encoding), NOW)
    assert found(base, "暖气不热")[0] == "q1"


def test_gb18030_with_its_byte_order_mark(database: Database, base: KnowledgeBase) -> None:
    report = service.import_csv(database, ("\ufeff" + CSV.decode()).encode("gb18030"), NOW)
    assert (report.added, report.errors) == (2, ())


def test_broken_rows_are_named_and_good_ones_kept(database: Database, base: KnowledgeBase) -> None:
    rows = [
        b"q1,\xe6\x9a\x96\xe6\xb0\x94,\xe6\x8a\xa5\xe4\xbf\xae,d",
        "只有一列".encode(),
        ",没有编号,答案,部门".encode(),
        "q2,,没有问题,部门".encode(),
        "q3,没有答案,,部门".encode(),
        "q4,多了一列,答案,部门,多余".encode(),
        "q1,编号重复,答案,部门".encode(),
        "q5,坏字符".encode() + b"\xff\xfe" + ",答案,部门".encode(),
        "q6,<b></b>,<p> </p>,部门".encode(),
        ("x" * 65 + ",编号太长,答案,部门").encode(),
        b"",
        "q7,最后一行,好的,部门".encode(),
    ]
    report = service.import_csv(database, HEADER.encode() + b"\n".join(rows), NOW)
    assert report.added == 2
    assert [error.line for error in report.errors] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [error.id for error in report.errors[2:5]] == ["q2", "q3", "q4"]
    assert "重复" in report.errors[5].error
    assert found(base, "最后一行")[0] == "q7"


def test_an_open_quote_costs_only_what_it_swallows(database: Database) -> None:
    data = HEADER + "q1,好的,答案,部门\n" + 'q2,"没有关上,答案,部门\n' + "q3,被吞掉,答案,部门\n"
    report = service.import_csv(database, data.encode(), NOW)
    assert report.added == 1
    assert report.errors[0].line == 3


@pytest.mark.parametrize("data", [b"", b"\n", b"a,b\n1,2\n", bytes(range(256)) * 20])
def test_files_that_are_no_knowledge_base_are_refused(database: Database, data: bytes) -> None:
    with pytest.raises(KnowledgeFileError):
        service.import_csv(database, data, NOW)


def test_a_script_in_an_entry_never_comes_out(database: Database, base: KnowledgeBase) -> None:
    question = '"<script>alert(1)</script>怎样<b>预约</b>公园"'
    passage = '"<p>看&lt;script&gt;alert(2)&lt;/script&gt;公告</p><img src=x onerror=alert(3)><a href=""javascript:x"">点</a>，血压<140"'
    row = f"q1,{question},{passage},d\n"
    service.import_csv(database, (HEADER + row).encode(), NOW)
    with database.read() as session:
        hit = service.search(session, base, "怎样预约公园", NOW).hits[0]
    assert hit.title == "怎样预约公园"
    assert hit.passage == "看公告\n点，血压＜140"


def test_another_process_finds_new_and_changed_entries_within_two_seconds(database: Database) -> None:
    writer, reader = Database(database.url.render_as_string(hide_password=False)), KnowledgeBase(database)
    assert reader.search("公园预约", on=TODAY).hits == ()
    with writer.write() as session:
        number = service.submit(session, "park", content(), author="unit", now=NOW)
        service.publish(session, "park", number, reviewer="desk", now=NOW)
    deadline = datetime.now(timezone.utc) + timedelta(seconds=2)
    while not reader.search("公园预约", on=TODAY).hits:
        assert datetime.now(timezone.utc) < deadline
    writer.dispose()


def test_a_submitted_change_is_answered_only_when_published(database: Database, base: KnowledgeBase) -> None:
    with database.write() as session:
        assert service.submit(session, "park", content(), author="unit", now=NOW) == 1
    assert found(base, "公园预约") == []
    with database.write() as session:
        service.publish(session, "park", 1, reviewer="desk", now=NOW)
    assert found(base, "公园预约") == ["park"]
    with database.write() as session:
        assert service.submit(session, "park", content(answer="在小程序预约。"), author="unit", now=NOW) == 2
    with database.read() as session:
        assert service.search(session, base, "公园预约", NOW).hits[0].passage == "在公众号预约。"
        assert service.waiting_for_review(session) == [("park", 2)]
    with database.write() as session:
        service.publish(session, "park", 2, reviewer="desk", now=NOW)
    base.refresh()
    with database.read() as session:
        assert service.search(session, base, "公园预约", NOW).hits[0].passage == "在小程序预约。"


def test_rejecting_withdrawing_and_what_isn_t_allowed(database: Database, base: KnowledgeBase) -> None:
    with database.write() as session:
        service.submit(session, "park", content(), author="unit", now=NOW)
        service.reject(session, "park", 1, reviewer="desk", note="缺少依据", now=NOW)
        with pytest.raises(IllegalStepError):
            service.publish(session, "park", 1, reviewer="desk", now=NOW)
        with pytest.raises(IllegalStepError):
            service.withdraw(session, "park", by="desk", reason="", now=NOW)
        with pytest.raises(NoSuchEntryError):
            service.publish(session, "nobody", 1, reviewer="desk", now=NOW)
        service.publish(session, "park", service.submit(session, "park", content(), author="unit", now=NOW), reviewer="desk", now=NOW)
    assert found(base, "公园预约") == ["park"]
    with database.write() as session:
        service.withdraw(session, "park", by="desk", reason="政策调整", now=NOW)
    assert found(base, "公园预约") == []
    with database.read() as session:
        entry = service.entry_out(session, base, "park", TODAY)
    assert entry.state == State.WITHDRAWN.value
    assert [each.state for each in entry.versions] == ["rejected", "withdrawn"]


def test_an_expired_entry_leaves_answers_at_midnight_and_is_marked_later(database: Database, base: KnowledgeBase) -> None:
    with database.write() as session:
        service.submit(session, "park", content(valid_to=TODAY, unit_code="B008"), author="unit", now=NOW)
        service.publish(session, "park", 1, reviewer="desk", now=NOW)
        assert service.expire_due(session, NOW) == []
        assert service.expiring(session, TODAY, TODAY + timedelta(days=30)) == [("park", "B008", TODAY)]
    assert found(base, "公园预约") == ["park"]
    assert found(base, "公园预约", TODAY + timedelta(days=1)) == []
    with database.write() as session:
        assert service.expire_due(session, NOW + timedelta(days=1)) == ["park"]
    assert found(base, "公园预约") == []


def test_the_reviewer_is_shown_what_an_entry_may_contradict(database: Database, base: KnowledgeBase) -> None:
    service.import_csv(database, CSV, NOW)
    base.refresh()
    with database.read() as session:
        other = content("养犬登记怎么办？", "到社区办理。")
        assert [(hit.id, hit.kind) for hit in service.conflicts(session, base, "new", other, TODAY)] == [("q2", "contradiction")]
        same_answer = content("养犬登记怎么办？", "到派出所办理。")
        assert [(hit.id, hit.kind) for hit in service.conflicts(session, base, "new", same_answer, TODAY)] == [("q2", "duplicate")]
        elsewhere = content("公园怎样预约", "到社区办理。")
        assert service.conflicts(session, base, "new", elsewhere, TODAY) == []
        earlier = content("养犬登记怎么办？", "到社区办理。", valid_to=TODAY - timedelta(days=1))
        assert [hit.id for hit in service.conflicts(session, base, "new", earlier, TODAY)] == ["q2"]


def test_only_overlapping_validity_is_a_conflict(database: Database, base: KnowledgeBase) -> None:
    with database.write() as session:
        service.submit(session, "old", content(valid_to=date(2026, 12, 31)), author="unit", now=NOW)
        service.publish(session, "old", 1, reviewer="desk", now=NOW)
    base.refresh()
    with database.read() as session:
        after = content(answer="在小程序预约。", valid_from=date(2027, 1, 1))
        assert service.conflicts(session, base, "new", after, TODAY) == []
        (found,) = service.conflicts(session, base, "new", content(answer="在小程序预约。", valid_from=date(2026, 12, 31)), TODAY)
        assert (found.id, found.valid_to) == ("old", date(2026, 12, 31))


def test_an_answer_records_the_version_and_masks_the_question(database: Database, base: KnowledgeBase) -> None:
    service.import_csv(database, CSV, NOW)
    query = "家里暖气不热找谁，我电话13812345678"
    result = base.search("家里暖气不热找谁", on=TODAY)
    with database.write() as session:
        out = service.answer(session, query, result, NOW, conversation_id="c1")
        assert out.answer
        assert out.hits[0].dept == "城市管理委"
        service.record_feedback(session, "q1", conversation_id="c1", solved=False, now=NOW)
        with pytest.raises(NoSuchEntryError):
            service.record_feedback(session, "nobody", conversation_id="c1", solved=True, now=NOW)
    with database.read() as session:
        asked = session.scalars(select(Consultation)).one()
        assert (asked.entry_id, asked.entry_version, asked.answered) == ("q1", 1, True)
        assert "13812345678" not in asked.query
        assert session.scalars(select(Feedback)).one().solved is False


def test_an_entry_withdrawn_since_the_search_is_no_answer(database: Database, base: KnowledgeBase) -> None:
    service.import_csv(database, CSV, NOW)
    result = base.search("家里暖气不热找谁", on=TODAY)
    with database.write() as session:
        service.withdraw(session, "q1", by="desk", reason="", now=NOW)
        out = service.answer(session, "家里暖气不热找谁", result, NOW)
    assert not out.answer
    assert "q1" not in {hit.id for hit in out.hits}


def test_units_are_found_by_their_usual_names() -> None:
    find = service.unit_finder(
        [
            ("B001", "北京市公安局", ["公安局"]),
            ("B002", "北京市医疗保障局", ["医保局"]),
            ("S1", "八里庄街道办事处", ["八里庄街道"]),
            ("S2", "八里庄街道办事处", []),
        ]
    )
    assert find("医保局") == find("市医疗保障局") == find("北京市医疗保障局") == "B002"
    assert find("八里庄街道办事处") is None
    assert find("气象局") is None


def test_seed_entries_load_once_and_leave_the_city_s_own_alone(database: Database, base: KnowledgeBase) -> None:
    total = service.seed(database, NOW)
    assert total >= 120
    assert service.seed(database, NOW) == 0
    assert found(base, "公积金能付房租吗")[0] == "gjj-01"
    with database.write() as session:
        service.withdraw(session, "gjj-01", by="desk", reason="", now=NOW)
        number = service.submit(session, "gou-01", content("养犬怎样登记", "看最新办法。"), author="unit", now=NOW)
        service.publish(session, "gou-01", number, reviewer="desk", now=NOW)
    assert service.seed(database, NOW) == 0
    with database.read() as session:
        entry = repository.entry(session, "gou-01")
        assert isinstance(entry, KnowledgeEntry)
        assert entry.answer == "看最新办法。"


def test_seed_entries_are_complete() -> None:
    seeds = load_seeds(data_path("knowledge"))
    assert len(seeds) >= 120
    for entry_id, each in seeds:
        assert each.source, entry_id
        assert each.unit_name, entry_id
        assert each.subject, entry_id
        assert 3 <= len(each.variants) <= 6, entry_id
        assert 50 <= len(each.answer) <= 400, entry_id
        assert not re.search("百度|网友|据说", each.source), entry_id
        if CHANGES_BY_YEAR.search(each.answer) and not LAW.search(each.source):
            assert "最新官方口径" in each.answer, entry_id


@pytest.mark.parametrize("text", ["entries: 1", "- a", "entries:\n  - {id: x}", "entries: [", "entries: [1]"])
def test_wrong_seed_files_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SeedFileError, match=r"bad\.yml"):
        load_seeds(tmp_path)
