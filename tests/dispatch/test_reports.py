"""Reports: figures that add up, nothing that tells of a single resident, and files that open."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from typer.testing import CliRunner

from bot.cli import app
from dispatch.core.clock import FixedClock
from dispatch.insight import service as insight
from dispatch.platform import Platform
from dispatch.reports import charts, service, wording
from dispatch.reports.tables import KEPT_BACK, OTHERS, K, Table, kept_back, of_tallies, of_years
from dispatch.statistics.counting import Tally
from dispatch.understanding.schemas import PlaceOut
from tests.dispatch.order_work import COLD_FLAT, STALLS, WANGJING, do, register

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def filed(platform: Platform, clock: FixedClock) -> Platform:
    """A year with 14 orders on heating, seven of them answered, six on stalls, and one of its own kind in another district."""
    for number in range(14):
        made = register(platform, COLD_FLAT)
        if number % 2:
            do(platform, made, "accept", WANGJING)
            do(platform, made, "log_contact", WANGJING, reason="打过电话")
            do(platform, made, "answer", WANGJING, answer="<script>alert(1)</script>修好了")
        clock.moment += timedelta(hours=3)
    for _ in range(6):
        register(platform, STALLS)
    alone = {"place": PlaceOut(district="延庆区", street="香水园街道"), "description": "独一无二的鹦鹉", "channel": "sms"}
    register(platform, STALLS.model_copy(update=alone))
    return platform


def rows(folder: Path, name: str) -> list[list[str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle))


def test_the_annual_report_adds_up_and_keeps_small_numbers_back(filed: Platform, tmp_path: Path) -> None:
    report = service.make(filed, *YEAR)
    files = service.write(report, tmp_path / "out")
    assert report.title == "北京市 2026 年接诉即办工作年度报告"
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "21 件" in page
    assert "从受理到首次答复平均用时 0.0 小时" in page
    assert "供暖不热" in page
    assert "满意率＝（满意件数＋0.9×基本满意件数）÷有效回访件数；综合得分＝响应率×10%＋解决率×50%＋满意率×40%" in page
    assert "http://" not in page.split("</script>")[1].replace("http://www.w3.org", ""), "nothing is fetched"
    for secret in ("鹦鹉", "13800138000", "修好了", "延庆区", "香水园"):
        assert all(secret.encode() not in file.read_bytes() for file in files if file.suffix != ".pdf"), secret
    districts = rows(tmp_path / "out", "districts")
    assert [(row[0], row[1]) for row in districts[1:]] == [(OTHERS, "21")], "one alone could be told by subtracting"
    matters = rows(tmp_path / "out", "matters")
    assert (matters[1][0], matters[1][1], matters[1][3]) == ("供暖不热", "14", "1.0")
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "out/report.pdf").pages)
    assert "年度报告" in text


def test_a_units_own_report(filed: Platform) -> None:
    unit = filed.reference.current().units.get("110105026")
    report = service.make(filed, date(2026, 11, 1), date(2026, 11, 30), unit=unit)
    assert report.title == "望京街道办事处 2026 年 11 月接诉即办工作报告"
    assert "望京街道办事处共承办" in report.sections[0].paragraphs[0]
    assert [section.title for section in report.sections][-1] == "响应率、解决率、满意率"
    district = service.make(filed, date(2026, 11, 1), date(2026, 11, 30), unit=filed.reference.current().units.get("110105"))
    (streets,) = (section.tables[0] for section in district.sections if section.title.startswith("所辖街道"))
    assert streets.rows[0][:2] == ("望京街道办事处", 20)


def test_a_year_without_orders_is_a_report_that_says_so(platform: Platform, tmp_path: Path) -> None:
    report = service.make(platform, *YEAR)
    service.write(report, tmp_path)
    assert "没有受理诉求" in (tmp_path / "report.html").read_text(encoding="utf-8")


_VOLUMES = st.dictionaries(
    st.tuples(st.sampled_from("甲乙丙"), st.sampled_from("一二三四五")).map("/".join), st.integers(0, 30), max_size=15
)


@given(_VOLUMES)
def test_nothing_published_tells_of_few_not_even_by_subtracting(volumes: dict[str, int]) -> None:
    """Streets in districts, both published: whoever subtracts gets several at once, and ``K`` at least."""
    districts: dict[str, int] = {}
    for street, count in volumes.items():
        districts[street[0]] = districts.get(street[0], 0) + count
    above = kept_back(districts)
    kept = kept_back(volumes, lambda street: (street[0],), above)
    shown = {key: count for key, count in volumes.items() if count and key not in kept}
    assert all(count >= K for count in shown.values())
    assert not any(street[0] in above for street in shown)
    for whole, parts in [(districts, above), (volumes, kept)]:
        hidden = [whole[key] for key in parts]
        assert not hidden or sum(hidden) >= K or len(hidden) == sum(1 for count in whole.values() if count)
    for district in districts.keys() - above:
        hidden = [volumes[key] for key in kept if key[0] == district]
        assert not hidden or sum(hidden) >= K
        assert len(hidden) != 1 or hidden[0] == districts[district], "alone only where it is the district's own published number"


def test_small_numbers_of_what_became_of_orders_are_kept_back_too() -> None:
    found = {"a": Tally(filed=50, answered=50, on_time=48, overdue=2), "b": Tally(filed=40, answered=40, on_time=31, overdue=9)}
    found |= {"c": Tally(filed=30, answered=30, on_time=10, overdue=20), "d": Tally(filed=9, answered=2, on_time=2, answer_seconds=7200)}
    table = of_tallies("t", "T", "甲", found, str)
    assert {row[0]: row[3:6] for row in table.rows} == {
        "a": (KEPT_BACK, 0.0, KEPT_BACK),
        "b": (KEPT_BACK, 0.0, KEPT_BACK),  # alone, a's could be told from the total
        "c": (1 / 3, 0.0, 20),
        "d": (KEPT_BACK, KEPT_BACK, 0),
    }
    own = of_tallies("t", "T", "甲", found, str, public=False)
    assert [row[5] for row in own.rows] == [2, 9, 20, 0]


def test_beside_the_year_before_stands_only_what_may_be_told_of_both() -> None:
    now, before = {"a": 30, "b": 20, "c": 8, "d": 3}, {"a": 40, "b": 10, "c": 2, "d": 9, "e": 7}
    table = of_years("t", "T", "甲", now, before, str)
    assert table.rows == (("a", 30, 40, -10, -0.25), ("b", 20, 10, 10, 1.0))
    assert wording.changed(table) == "与上年同期相比，增加最多的是b（增加 10 件，+100.0%）；减少最多的是a（减少 10 件，-25.0%）。"


def test_a_period_with_few_orders_says_so_and_no_more(platform: Platform, tmp_path: Path) -> None:
    register(platform, COLD_FLAT)
    files = service.write(service.make(platform, *YEAR), tmp_path)
    assert {file.name for file in files} == {"report.html", "report.pdf"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "不足 5 件，为保护个人隐私不再细分" in page
    assert "供暖" not in page


def test_days_without_orders_are_on_the_curve_and_days_kept_back_are_not() -> None:
    drawn = charts.volume(
        {date(2026, 3, 1): Tally(filed=7), date(2026, 3, 4): Tally(filed=9), date(2026, 3, 5): Tally(filed=2)}, {"2026-03-05"}
    )
    assert '"y":[7,0,0,9,null]' in drawn


def test_topics_are_named_where_they_were_chosen_about_then(filed: Platform, clock: FixedClock) -> None:
    insight.analyse(filed, (clock.now() + timedelta(days=1)).date())
    near = service.make(filed, date(2026, 11, 1), date(2026, 11, 30))
    assert near.sections[-1].title == "主动治理"
    assert "供暖不热" in near.sections[-1].paragraphs[0]
    assert [section.title for section in service.make(filed, date(2026, 1, 1), date(2027, 12, 31)).sections][-1] != "主动治理"


def test_days_lie_in_months_and_hours_in_weekdays(filed: Platform) -> None:
    report = service.make(filed, *YEAR)
    of = {table.name: table for table in report.tables}
    assert of["months"].rows[0][:2] == ("2026-11", 21)
    assert of["waits"].rows == (("2 小时以内", 7, 7 / 21), ("尚未答复", 14, 14 / 21))
    days = [row[1] for row in of["days"].rows]
    assert all(number == KEPT_BACK or int(str(number)) >= K for number in days)
    assert len([number for number in days if number == KEPT_BACK]) != 1
    cells = [cell for row in of["weekdays"].rows for cell in row[1:]]
    assert len(cells) == 7 * 24
    assert not {1, 2, 3, 4}.intersection(cells)


def test_tables_are_safe_for_spreadsheets(tmp_path: Path) -> None:
    Table("t", "T", ("a",), (("=1+1",), ("+x",), ("文字",), (0.25,), (None,))).write(tmp_path)
    assert [row[0] for row in rows(tmp_path, "t")[1:]] == ["'=1+1", "'+x", "文字", "0.25", ""]


def test_the_command(filed: Platform, tmp_path: Path) -> None:
    where = ["--data-dir", str(filed.settings.data_dir), "--database-url", filed.settings.resolved_database_url()]
    period = ["--from", "2026-01-01", "--to", "2026-12-31"]
    out = tmp_path / "report"
    done = CliRunner().invoke(app, ["report", *period, "--out", str(out), *where])
    assert done.exit_code == 0, done.output
    assert {file.name for file in out.iterdir()} >= {"report.html", "report.pdf", "channels.csv", "matters.csv", "districts.csv"}
    file = tmp_path / "file"
    file.touch()
    for wrong, named in (
        (["--from", "2026-12-31", "--to", "2026-01-01", "--out", str(out)], "--to"),
        (["--from", "2026-13-01", "--to", "2026-12-31", "--out", str(out)], "--from"),
        ([*period, "--out", str(file)], "--out"),
        ([*period, "--out", str(out), "--unit", "nobody"], "--unit"),
    ):
        result = CliRunner().invoke(app, ["report", *wrong, *where])
        assert result.exit_code == 2, wrong
        assert named in result.output
    nowhere = CliRunner().invoke(app, ["report", *period, "--out", str(out), "--data-dir", str(tmp_path / "nothing")])
    assert nowhere.exit_code == 2
    assert not (tmp_path / "nothing").exists()
