"""The jsjb command as a user runs it: exact formats, bad lines, exit codes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.environments import ROOT

KEYS = {"id", "request_type", "handling", "emergency", "matter", "place", "unit", "copied_to", "deadline", "confidence", "why", "others"}


def jsjb(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run([sys.executable, "-m", "bot.cli", *arguments], input=stdin, capture_output=True, cwd=ROOT, check=False)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_understand_prints_the_contract_in_order(tmp_path: Path) -> None:
    texts = ["望京南湖西园215楼暖气不热", "着火了，楼上冒黑烟", "公积金怎么提取"]
    texts += ["", "😀" * 50, "/restart", "长" * 10_000, "\x00\x07abc", "<b>路灯</b>坏了"]
    stdin = "\n".join(json.dumps({"id": str(n), "text": text}, ensure_ascii=False) for n, text in enumerate(texts))
    done = jsjb("understand", "--data-dir", str(tmp_path / "none"), stdin=stdin.encode())
    assert done.returncode == 0, done.stderr.decode()
    read = lines(done)
    assert [row["id"] for row in read] == [str(n) for n in range(len(texts))]
    for row in read:
        assert row.keys() >= KEYS
        assert set(row["place"]) == {"district", "street", "community", "detail"}
        assert set(row["confidence"]) == {"request_type", "matter", "place"}
    cold, fire, question = read[:3]
    assert cold["matter"]["name"] == "供暖不热"
    assert cold["place"] == {"district": "朝阳区", "street": "望京街道", "community": "南湖西园社区", "detail": "215楼"}
    assert cold["unit"]["name"] == "望京街道办事处"
    assert cold["copied_to"] == [{"name": "朝阳区人民政府"}]
    assert cold["deadline"]["hours"] == 24
    assert fire["handling"] == "emergency"
    assert fire["emergency"]["line"] == "119"
    assert question["request_type"] == "咨询"
    assert question["handling"] == "answer"
    assert not (tmp_path / "none").exists(), "reading must not make a system"


def test_a_bad_line_gets_an_error_in_its_place_and_the_rest_go_on() -> None:
    good = '{"id":"a","text":"路灯坏了"}\n'.encode()
    stdin = good + b'not json\n{"id":"c"}\n[1]\n{"id":"e","text":5}\n\xff\xfe\n{"text":"no id"}\n{"id":7,"text":"ok"}'
    done = jsjb("understand", stdin=stdin)
    assert done.returncode == 1
    read = lines(done)
    assert [row.get("line") for row in read] == [None, 2, 3, 4, 5, 6, 7, None]
    assert [row["id"] for row in read] == ["a", None, "c", None, "e", None, None, 7]
    assert "text" in read[2]["error"]
    assert "text" in read[4]["error"]


def test_survey_prints_the_contract() -> None:
    done = jsjb("survey", stdin='{"id":"1","text":"师傅来了，修好了，很满意"}\n{"id":"2","text":"今天天气不错"}'.encode())
    assert done.returncode == 0
    first, second = lines(done)
    assert first == {"id": "1", "contacted": True, "resolved": "yes", "satisfied": "satisfied"}
    assert second == {"id": "2", "contacted": None, "resolved": None, "satisfied": None}


def test_knowledge_is_imported_once_and_found(tmp_path: Path) -> None:
    csv = tmp_path / "qa.csv"
    csv.write_text(
        "id,question,passage,dept\n"
        "k1,居住证怎么办理,带身份证和租房合同到派出所办理。,公安局\n"
        "k2,怎么申请公租房,符合条件的家庭到街道办事处申请。,住建委\n"
        ",缺编号,这一行没有编号。,某局\n",
        encoding="utf-8",
    )
    data = ("--data-dir", str(tmp_path / "system"))
    first = jsjb("knowledge", "import", str(csv), *data)
    assert first.returncode == 1, "the row without an id is an error"
    assert "新增 2 条" in first.stderr.decode()
    again = jsjb("knowledge", "import", str(csv), *data)
    assert "新增 0 条" in again.stderr.decode()
    done = jsjb("knowledge", "search", *data, stdin='{"id":"q","query":"办居住证要带什么"}\n{"id":"r"}'.encode())
    assert done.returncode == 1
    found, bad = lines(done)
    assert found["id"] == "q"
    assert found["hits"][0]["id"] == "k1"
    assert set(found["hits"][0]) == {"id", "score"}
    assert isinstance(found["answer"], bool)
    assert bad["line"] == 2


def test_bad_usage_is_exit_code_2() -> None:
    assert jsjb("understand", "/no/such/file").returncode == 2
    assert jsjb("nonsense").returncode == 2
    assert jsjb("bench", "day", "--channels", "pigeon=10").returncode == 2
    for command in (
        "up",
        "understand",
        "survey",
        "knowledge import",
        "knowledge search",
        "learn",
        "audit verify",
        "bench turn",
        "bench day",
    ):
        assert jsjb(*command.split(), "--help").returncode == 0


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = jsjb("up", "--port", str(port), "--data-dir", str(tmp_path))
    assert done.returncode == 1
    said = done.stderr.decode().strip()
    assert str(port) in said
    assert len(said.splitlines()) == 1


def test_audit_verify_finds_tampering(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    from sqlalchemy import text

    from bot.system import open_platform
    from dispatch.core.settings import Settings
    from tests.dispatch.test_orders import COLD_FLAT, _register

    platform = open_platform(Settings(data_dir=tmp_path))
    number = _register(platform, COLD_FLAT)
    data = ("--data-dir", str(tmp_path))
    assert jsjb("audit", "verify", *data).returncode == 0
    with platform.database.write() as session:
        session.execute(text("UPDATE order_events SET actor = 'x' WHERE sequence = 1"))
    done = jsjb("audit", "verify", *data)
    assert done.returncode == 1
    assert number in done.stdout.decode()
    platform.database.dispose()
