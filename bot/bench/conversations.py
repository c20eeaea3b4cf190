"""Real messages through the whole running system as conversations: how does each of them end?

A scripted resident says the message, then answers what is asked: a place (the real one is starred out in the data), no
phone, yes. The end of each conversation is an order, an answer, or a stated special route of Art. 12.
"""

from __future__ import annotations

import csv
import hashlib
import secrets
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from bot.running import RunningSystem

_TURNS = 8
_PLACE = "不清楚具体门牌，在海淀区上地街道"
_PRESSED = ("确认提交", "匿名提交", "还是要登记", "都不是", "登记")


def run(data_folder: Path, count: int, json_out: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Hold ``count`` conversations on messages chosen by hash from messages_request_type.csv, print and return how they ended."""
    messages = _messages(data_folder / "messages_request_type.csv", count)
    with tempfile.TemporaryDirectory() as folder, RunningSystem(Path(folder), say) as system:
        ends = [(message, *_converse(system, message)) for message in messages]
    table = Table("结局", "会话数", title=f"{len(ends)} 个会话")
    counts = Counter(end for _message, end, _turns in ends)
    for end, number in counts.most_common():
        table.add_row(end, str(number))
    Console(stderr=True).print(table)
    result = {
        "file": "messages_request_type.csv",
        "conversations": len(ends),
        "ends": dict(counts),
        "turns_mean": sum(turns for *_rest, turns in ends) / max(1, len(ends)),
    }
    if json_out:
        json_out.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    else:
        Console().print_json(orjson.dumps(result).decode())
    return result


def _messages(file: Path, count: int) -> list[str]:
    csv.field_size_limit(10**8)
    with file.open(encoding="utf-8", newline="") as handle:
        rows = [(hashlib.sha256(row["id"].encode()).hexdigest(), row["text"]) for row in csv.DictReader(handle)]
    return [text for _digest, text in sorted(rows)[:count]]


def _converse(system: RunningSystem, message: str) -> tuple[str, int]:
    """Return how the conversation that begins with ``message`` ended, and after how many turns."""
    cookie = {"jsjb_chat": secrets.token_urlsafe(24)}
    with httpx.Client(base_url=system.url, cookies=cookie, timeout=30, trust_env=False) as browser:
        text = message
        for turn in range(1, _TURNS + 1):
            reply = browser.post("/channels/web/messages", json={"client_id": uuid.uuid4().hex, "text": text[:20_000]})
            if not reply.is_success:
                return f"HTTP {reply.status_code}", turn
            said, holder = reply.json()["messages"], reply.json()["holder"]
            end = _end(said, holder)
            if end:
                return end, turn
            answer = _answer(said)
            if answer is None:
                header = {"Authorization": f"Bearer {system.service_token}"}
                understood = httpx.post(
                    f"{system.url}/api/v1/understand", json={"text": message[:20_000]}, headers=header, trust_env=False
                ).json()
                return f"特别途径：{understood['handling']}{understood['channel'] or ''}", turn
            text = answer
    return "没有结局", _TURNS


def _end(said: list[dict[str, Any]], holder: str) -> str | None:
    kinds = {(message["custom"] or {}).get("kind") for message in said}
    ends = {"order_filed": "工单", "answer": "即时答复", "emergency": "紧急", "progress": "告知进度"}
    for kind, end in ends.items():
        if kind in kinds:
            return end
    if any("智能客服暂时没能答上来" in message["text"] for message in said):
        return "助手故障"
    return "转人工" if holder == "waiting" else None


def _answer(said: list[dict[str, Any]]) -> str | None:
    """Return what the scripted resident says next, None where nothing is asked."""
    buttons: dict[str, str] = {button["title"]: button["payload"] for message in said for button in message["buttons"]}
    for title in _PRESSED:
        for shown, payload in buttons.items():
            if title in shown:
                return payload
    if any("哪" in message["text"] or "地址" in message["text"] or "？" in message["text"] for message in said[-1:]):
        return _PLACE
    return None
