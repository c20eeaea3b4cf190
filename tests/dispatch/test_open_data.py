"""Open data: whoever stands alone in any way isn't in it, what is published adds up, and what is unsafe isn't published."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import app
from dispatch.platform import Platform
from dispatch.reports import open_data
from dispatch.reports.open_data import Extract, Row, UnsafeExtractError
from dispatch.reports.tables import K
from dispatch.understanding.schemas import PlaceOut
from tests.conftest import MONDAY_MORNING
from tests.dispatch.order_work import COLD_FLAT, STALLS, register

rows = st.lists(
    st.builds(
        Row,
        st.just("2026-11"),
        st.sampled_from(["朝阳区", "海淀区"]),
        st.sampled_from(["供热", "环境"]),
        st.sampled_from(["投诉", "咨询"]),
        st.sampled_from(["网页", "电话"]),
        st.integers(1, 9),
        st.just(0),
        st.just(0),
    ),
    max_size=16,
    unique_by=lambda row: (row.district, row.group, row.request_type, row.channel),
)


@given(rows)
def test_merging_keeps_every_order_or_says_how_many_are_left_out(found: list[Row]) -> None:
    kept, few = open_data.generalise(found)
    assert all(row.filed >= K for row in kept)
    assert sum(row.filed for row in kept) + few == sum(row.filed for row in found)
    assert few < K
    assert len({(row.district, row.group, row.request_type, row.channel) for row in kept}) == len(kept)


def test_who_stands_alone_is_not_in_it(platform: Platform, tmp_path: Path) -> None:
    for _ in range(6):
        register(platform, COLD_FLAT)
    for _ in range(3):
        register(platform, STALLS)
    alone = {"place": PlaceOut(district="延庆区", street="香水园街道"), "channel": "telegram", "description": "独一无二的鹦鹉"}
    register(platform, STALLS.model_copy(update=alone))
    where = ["--data-dir", str(platform.settings.data_dir), "--database-url", platform.settings.resolved_database_url()]
    done = CliRunner().invoke(app, ["open-data", "--from", "2026-01-01", "--to", "2026-12-31", "--out", str(tmp_path / "out"), *where])
    assert done.exit_code == 0, done.output
    with (tmp_path / "out/orders.csv").open(encoding="utf-8", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert (row["month"], row["district"], row["request_type"], row["filed"]) == ("2026-11", "朝阳区", "求助", "6")
    published = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "out").iterdir())
    for secret in ("延庆", "鹦鹉", "Telegram", "13800138000", "南湖"):
        assert secret not in published
    package = json.loads((tmp_path / "out/datapackage.json").read_text(encoding="utf-8"))
    assert [field["name"] for field in package["resources"][0]["schema"]["fields"]] == list(row)
    assert json.loads((tmp_path / "out/checks.json").read_text(encoding="utf-8"))["orders_left_out"] is None, "four of them: not even that"


def test_an_unsafe_extract_is_not_published(tmp_path: Path) -> None:
    few = Row("2026-11", "朝阳区", "供热", "投诉", "网页", 2, 0, 0)
    impossible = Row("2026-11", "海淀区", "供热", "投诉", "网页", 7, 8, 0)
    for wrong in ((few,), (impossible,), (impossible, impossible)):
        with pytest.raises(UnsafeExtractError):
            open_data.write(Extract(wrong, 0), date(2026, 1, 1), date(2026, 12, 31), MONDAY_MORNING, tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_a_part_that_tells_of_few_is_left_empty(tmp_path: Path) -> None:
    row = Row("2026-11", "朝阳区", "供热", "投诉", "网页", 20, 18, 1)
    data, *_ = open_data.write(Extract((row,), 0), date(2026, 1, 1), date(2026, 12, 31), MONDAY_MORNING, tmp_path)
    assert data.read_text(encoding="utf-8").splitlines()[1] == "2026-11,朝阳区,供热,投诉,网页,20,18,"
    told = tmp_path / "told.csv"
    told.write_text(data.read_text(encoding="utf-8").replace("20,18,", "20,18,1"), encoding="utf-8")
    assert open_data.check(told) == ["有的分项不足 5 件"]
