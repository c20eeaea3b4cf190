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
from dispatch.platform import Platform
from dispatch.reports import service
from dispatch.reports.tables import K, Table, publishable
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
    assert "http://" not in page.split("</script>")[1].replace("http://www.w3.org", ""), "nothing is fetched"
    for secret in ("鹦鹉", "13800138000", "修好了", "延庆区", "香水园"):
        assert all(secret.encode() not in file.read_bytes() for file in files if file.suffix != ".pdf"), secret
    districts = rows(tmp_path / "out", "districts")
    assert [(row[0], row[1]) for row in districts[1:]] == [("其他（不足 5 件的合并）", "21")], "one alone could be told by subtracting"
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


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 30), max_size=8))
def test_no_row_stands_for_few_and_none_can_be_told_by_subtracting(volumes: dict[str, int]) -> None:
    found = {key: Tally(filed=count) for key, count in volumes.items()}
    shown = publishable(found)
    assert all(tally.filed >= K for _key, tally in shown)
    hidden = [count for key, count in volumes.items() if count and key not in {key for key, _ in shown}]
    whole = sum(volumes.values())
    if any(key is None for key, _ in shown):
        assert sum(tally.filed for _, tally in shown) == whole
        assert len(hidden) > 1
    elif hidden:
        assert whole == sum(hidden) < K, "so few in all that nothing is shown"


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
