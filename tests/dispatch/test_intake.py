"""Bulk intake: good rows become orders once, bad rows are reported by line and column, nothing else is lost."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient

from bot.commands import import_orders as command
from bot.commands.import_orders import ImportFileError, import_orders
from dispatch.core.settings import Settings
from dispatch.intake.schemas import RowIn
from dispatch.intake.service import take_in
from dispatch.orders import service as orders
from dispatch.platform import Platform

HEADER = "text,channel,received_at,phone,address\n"
GOOD = "楼道灯坏了半个月没人修，老人晚上下楼看不见,电话,2026-11-20 09:30,13800138000,朝阳区望京西园四区410楼\n"


def _import(
    settings: Settings, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], data: bytes
) -> tuple[int, list[dict[str, object]]]:
    file = tmp_path / "rows.csv"
    file.write_bytes(data)
    bad = import_orders(settings, file, lambda _: None)
    return bad, [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_row_becomes_an_order_once(
    settings: Settings, platform: Platform, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], encoding: str
) -> None:
    data = (HEADER + GOOD).encode(encoding)
    bad, (row,) = _import(settings, tmp_path, capfdbinary, data)
    assert (bad, row["line"], row["unit"]) == (0, 2, "望京街道办事处")
    with platform.database.read() as session:
        order = orders.find(session, str(row["number"]))
        assert order is not None
        assert order.created_at == datetime(2026, 11, 20, 1, 30, tzinfo=timezone.utc)
        assert order.channel == "phone"
        assert platform.cipher.decrypt(order.contact_phone) == "13800138000"
        assert "13800138000" not in order.description
    _, (again,) = _import(settings, tmp_path, capfdbinary, data)
    assert (again["number"], again["repeated"]) == (row["number"], True)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",电话,,,", "text"),
        ("灯坏了,飞鸽传书,,,", "channel"),
        ("灯坏了,,2099-01-01,,", "received_at: 晚于现在"),
        ("灯坏了,,昨天,,", "received_at: 不是时间"),
        ("灯坏了,,,打不通,", "phone"),
        ("灯坏了,,,", "4 列"),
        ("灯" * 20_001 + ",,,,", "text: 超过"),
    ],
)
def test_bad_rows_are_named_and_good_ones_kept(
    settings: Settings, platform: Platform, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], line: str, says: str
) -> None:
    bad, rows = _import(settings, tmp_path, capfdbinary, f"{HEADER}{line}\n{GOOD}".encode())
    assert bad == 1
    assert rows[0]["line"] == 2
    assert says in str(rows[0]["error"])
    assert "number" in rows[1]


def test_danger_is_pointed_out(platform: Platform) -> None:
    (row,) = take_in(platform, [RowIn(line=2, text="隔壁屋里一股煤气味，敲门没人应，快来人", address="朝阳区望京西园四区410楼")], by="test")
    assert row.emergency == "119"
    assert row.number, "an alarm in a file is still kept as an order"


def test_a_file_without_text_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("内容,渠道\n", encoding="utf-8")
    with pytest.raises(ImportFileError, match="text"):
        import_orders(settings, file, lambda _: None)


def test_through_a_running_platform(
    client: TestClient,
    service_token: dict[str, str],
    settings: Settings,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class ThroughClient:
        def __init__(self, **options: object) -> None:
            self.headers = options["headers"]

        def post(self, path: str, *, content: str, headers: dict[str, str]) -> object:
            return client.post(path, content=content, headers={**headers, **self.headers})  # type: ignore[dict-item]

    monkeypatch.setattr(
        command, "running_platform", lambda _: ("http://testserver", service_token["Authorization"].removeprefix("Bearer "))
    )
    monkeypatch.setattr(command.httpx, "Client", ThroughClient)
    bad, (row,) = _import(settings, tmp_path, capfdbinary, (HEADER + GOOD).encode())
    assert (bad, row["unit"]) == (0, "望京街道办事处")
    assert client.post("/api/v1/intake/rows", json={"rows": [{"line": 2}]}).status_code == 401
