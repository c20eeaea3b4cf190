"""Overruled readings: kept masked, by those who may, and exported as rows that ``jsjb learn`` takes."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from bot.cli import app
from dispatch.core.clock import FixedClock
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding import corrections
from dispatch.understanding.corrections import CorrectedField, NoCorrectionError, UnknownValueError
from nlu.learning import table
from tests.dispatch.test_api import ORDER, log_in

PATH = "/api/v1/corrections"
TEXT = "楼上把暖气管改了，我家一点不热，电话13800138000"
CORRECTION = {"field": "matter", "text": TEXT, "predicted": "0705", "confidence": 0.61, "corrected": "0704", "source": "message:1"}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def record(platform: Platform, field: CorrectedField, corrected: str, predicted: str | None = None, **more: Any) -> int:
    reference = platform.reference.current()
    given = {"text": TEXT, "by": "operator1", "at": platform.clock.now(), **more}
    with platform.database.write() as session:
        return corrections.record_correction(
            session,
            field=field,
            predicted=predicted,
            corrected=corrected,
            catalogue=reference.catalogue,
            units=reference.units,
            **given,
        )


def exported(platform: Platform, field: CorrectedField) -> list[tuple[str, str]]:
    with platform.database.read() as session:
        return [(row["text"], row["label"]) for row in rows("".join(corrections.export(session, field)))]


def test_codes_names_and_short_names_are_kept_as_codes(platform: Platform) -> None:
    record(platform, "matter", "供暖不热", source="m:1")
    record(platform, "matter", "0704", "0705", source="m:2")
    assert [label for _, label in exported(platform, "matter")] == ["0704", "0704"]
    for unit in ("U003", "北京市燃气集团有限责任公司", "燃气集团"):
        record(platform, "unit", unit, source=unit)
    assert {label for _, label in exported(platform, "unit")} == {"U003"}
    record(platform, "district", "朝阳", source="m:1")
    record(platform, "street", "望京街道", source="m:1")
    record(platform, "street", "海淀区 八里庄街道", source="m:2")
    record(platform, "request_type", "投诉", "求助", source="m:1")
    assert [label for _, label in exported(platform, "district")] == ["朝阳区"]
    assert [label for _, label in exported(platform, "street")] == ["朝阳区 望京街道", "海淀区 八里庄街道"]


def test_what_no_value_can_be_and_what_changes_nothing_is_refused(platform: Platform) -> None:
    wrong: list[tuple[CorrectedField, str]] = [
        ("matter", "9999"),
        ("matter", ""),
        ("unit", "没有这个单位"),
        ("unit", "海淀"),
        ("district", "浦东新区"),
        ("street", "八里庄街道"),
        ("street", "海淀区 望京街道"),
        ("request_type", "抱怨"),
    ]
    for field, value in wrong:
        with pytest.raises(UnknownValueError):
            record(platform, field, value)
    for said in ("0704", "供暖不热"):
        with pytest.raises(NoCorrectionError):
            record(platform, "matter", "供暖不热", said)
    assert record(platform, "matter", "0704", "一个已经撤销的事项")
    assert len(exported(platform, "matter")) == 1


def test_the_last_correction_of_a_message_counts_and_learn_reads_the_export(platform: Platform, tmp_path: Path) -> None:
    record(platform, "matter", "0705", source="m:1")
    record(platform, "matter", "0704", source="m:1")
    record(platform, "matter", "0704", text='=HYPERLINK("x")，逗号,"引号"\n第二行', source="m:2")
    with platform.database.read() as session:
        file = tmp_path / "corrections.csv"
        file.write_text("".join(corrections.export(session, "matter")), encoding="utf-8")
    assert "\n=" not in file.read_text(encoding="utf-8"), "no spreadsheet may take it for a formula"
    assert [(row.text, row.label) for row in table.read(file, "text", "label")] == [
        (TEXT.replace("13800138000", "138****8000"), "0704"),
        ('=HYPERLINK("x")，逗号,"引号"\n第二行', "0704"),
    ]


def test_an_operator_corrects_over_the_api_and_a_supervisor_exports(client: TestClient) -> None:
    browser, csrf = log_in(client, Role.OPERATOR)
    assert browser.post(PATH, json=CORRECTION).status_code == 403, "a change needs the page's own token"
    answer = browser.post(PATH, json=CORRECTION, headers=csrf)
    assert answer.status_code == 201, answer.text
    bad = browser.post(PATH, json={**CORRECTION, "corrected": "9999"}, headers=csrf)
    assert (bad.status_code, bad.json()["field"]) == (422, "corrected")
    assert browser.post(PATH, json={**CORRECTION, "corrected": "0705"}, headers=csrf).json()["type"] == "/problems/unchanged"
    assert browser.post(PATH, json={**CORRECTION, "field": "mood"}, headers=csrf).status_code == 422
    assert browser.post(PATH, json={**CORRECTION, "source": "a\0b"}, headers=csrf).status_code == 422
    assert browser.post(PATH, json={**CORRECTION, "text": "a\0b 暖气"}, headers=csrf).status_code == 201
    supervisor, _ = log_in(client, Role.SUPERVISOR)
    answer = supervisor.get(PATH, params={"field": "matter"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "13800138000" not in answer.text
    assert [row["label"] for row in rows(answer.text)] == ["0704"]


def test_who_may_record_and_who_may_export(client: TestClient, service_token: dict[str, str]) -> None:
    assert client.post(PATH, json=CORRECTION).status_code == 401
    assert client.get(PATH, params={"field": "matter"}).status_code == 401
    assert client.post(PATH, json=CORRECTION, headers=service_token).status_code == 201
    assert client.get(PATH, params={"field": "matter"}, headers=service_token).status_code == 403
    correctors = {Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR}
    exporters = {Role.SUPERVISOR, Role.ADMINISTRATOR}
    for role in (*correctors, Role.HANDLER, Role.AUDITOR):
        browser, csrf = log_in(client, role, "110105" if role is Role.HANDLER else None)
        assert browser.post(PATH, json=CORRECTION, headers=csrf).status_code == (201 if role in correctors else 403), role
        assert browser.get(PATH, params={"field": "matter"}).status_code == (200 if role in exporters else 403), role


def test_a_redispatch_is_a_correction_of_the_unit(client: TestClient, service_token: dict[str, str]) -> None:
    number = client.post("/api/v1/orders", json=ORDER, headers=service_token).json()["number"]
    browser, csrf = log_in(client, Role.DISPATCHER)
    path = f"/api/v1/orders/{number}/transitions/redispatch"
    assert browser.post(path, json={"reason": "不归街道管", "unit": "999999"}, headers=csrf).status_code == 422
    assert browser.post(path, json={"reason": "请街道再看", "unit": "110105026"}, headers=csrf).status_code == 200
    supervisor, _ = log_in(client, Role.SUPERVISOR)
    assert rows(supervisor.get(PATH, params={"field": "unit"}).text) == [], "the same unit again teaches nothing"
    assert browser.post(path, json={"reason": "先给燃气", "unit": "U003"}, headers=csrf).status_code == 200
    assert browser.post(path, json={"reason": "应归热力", "unit": "U004"}, headers=csrf).status_code == 200
    learnt = rows(supervisor.get(PATH, params={"field": "unit"}).text)
    assert learnt == [{"text": str(ORDER["description"]).replace("13800138000", "138****8000"), "label": "U004"}]


def test_the_console_steps_are_corrections_too(client: TestClient, service_token: dict[str, str]) -> None:
    number = client.post("/api/v1/orders", json=ORDER, headers=service_token).json()["number"]
    browser, csrf = log_in(client, Role.DISPATCHER)
    form = {"csrf": csrf["X-CSRF-Token"], "reason": "应归热力", "unit": "U004"}
    assert browser.post(f"/console/orders/{number}/transitions/redispatch", data=form).status_code == 200
    supervisor, _ = log_in(client, Role.SUPERVISOR)
    assert [row["label"] for row in rows(supervisor.get(PATH, params={"field": "unit"}).text)] == ["U004"]


def test_the_command_exports_from_the_database(platform: Platform, tmp_path: Path, clock: FixedClock) -> None:
    record(platform, "matter", "0704")
    url = platform.database.url.render_as_string(hide_password=False)
    where = ["--data-dir", str(tmp_path), "--database-url", url]
    printed = CliRunner().invoke(app, ["corrections", "export", "--field", "matter", *where])
    assert printed.exit_code == 0, printed.output
    assert [row["label"] for row in rows(printed.stdout)] == ["0704"]
    out = tmp_path / "out.csv"
    written = CliRunner().invoke(app, ["corrections", "export", "--field", "unit", "--out", str(out), *where])
    assert written.exit_code == 0
    assert written.stdout == ""
    assert out.read_text(encoding="utf-8") == "text,label\n"
    nowhere = CliRunner().invoke(app, ["corrections", "export", "--field", "matter", "--data-dir", str(tmp_path / "none")])
    assert nowhere.exit_code == 1
    assert not (tmp_path / "none").exists()
    assert CliRunner().invoke(app, ["corrections", "export", "--field", "mood"]).exit_code == 2
