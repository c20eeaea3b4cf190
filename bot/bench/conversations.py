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

from bot.bench import resident
from bot.running import RunningSystem

_PLACE = "不清楚具体门牌，在海淀区上地街道"


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
        for turn in range(1, resident.MOST_TURNS + 1):
            reply = browser.post("/channels/web/messages", json={"client_id": uuid.uuid4().hex, "text": text[:20_000]})
            if not reply.is_success:
                return f"HTTP {reply.status_code}", turn
            said, holder = reply.json()["messages"], reply.json()["holder"]
            end = resident.ending(said, holder)
            if end:
                return end, turn
            answer = resident.answer(said, _PLACE)
            if answer is None:
                header = {"Authorization": f"Bearer {system.service_token}"}
                understood = httpx.post(
                    f"{system.url}/api/v1/understand", json={"text": message[:20_000]}, headers=header, trust_env=False
                ).json()
                return f"特别途径：{understood['handling']}{understood['channel'] or ''}", turn
            text = answer
    return "没有结局", resident.MOST_TURNS
