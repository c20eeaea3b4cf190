"""One turn through the gateway beside the same turn on the bare Rasa server, in one run (DESIGN.md section 7).

The bare server is Rasa as it is installed (``rasa run``, trackers in memory), with the same model, action server and metadata.
Both sides alternate conversation by conversation, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import secrets
import statistics
import subprocess
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from bot.environments import ASSISTANT, ROOT
from bot.model import ensure_model, environment
from bot.running import RunningSystem
from bot.supervisor import free_port

CONVERSATION = (
    ("问候", "你好"),
    ("反映问题", "我家暖气不热，卧室只有十五度，孩子都冻感冒了"),
    ("补地点", "朝阳区望京南湖西园215楼"),
    ("留电话", "13800138000"),
    ("确认提交", "确认提交"),
    ("查进度", "查一下办理进度"),
)

_REPLY_SECONDS = 30
_START_SECONDS = 120


def run(turns: int, json_out: Path | None, say: Callable[[str], None]) -> None:
    """Measure at least ``turns`` turns on each side and print a table; the JSON goes to stdout or ``json_out``."""
    with tempfile.TemporaryDirectory() as folder:
        say("启动一套临时系统……")
        with RunningSystem(Path(folder), say) as system, _bare_rasa(system, Path(folder)) as bare_url:
            timings = _measure(system, bare_url, max(1, turns // len(CONVERSATION)))
    result = _summary(timings)
    _print(result)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    if json_out:
        json_out.write_text(text, encoding="utf-8")
    else:
        Console().print_json(text)


@contextmanager
def _bare_rasa(system: RunningSystem, folder: Path) -> Iterator[str]:
    """Run a Rasa server without anything of ours around it and yield its address."""
    port = free_port()
    endpoints = folder / "bare-endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: {system.supervisor.action_url}\n", encoding="utf-8")
    command = [str(ASSISTANT / "bin" / "python"), "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port)]
    command += ["--model", str(ensure_model(lambda _text: None)), "--endpoints", str(endpoints)]
    command += ["--credentials", str(ROOT / "bot/credentials.yml")]
    with (folder / "bare-rasa.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(SANIC_HOST="127.0.0.1"), stdout=log, stderr=log)  # noqa: S603
    address, begun = f"http://127.0.0.1:{port}", time.perf_counter()
    try:
        while not _answers(address):
            if process.poll() is not None or time.perf_counter() - begun > _START_SECONDS:
                raise RuntimeError("the bare Rasa server didn't start")
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _measure(system: RunningSystem, bare_url: str, conversations: int) -> dict[str, dict[str, list[float]]]:
    timings: dict[str, dict[str, list[float]]] = defaultdict(lambda: {"gateway": [], "bare": []})
    with httpx.Client(trust_env=False, timeout=_REPLY_SECONDS) as http:
        for number in range(conversations + 2):
            counted = number >= 2  # the first two warm caches on both sides
            for side, times in (("gateway", _through_gateway(system)), ("bare", _bare(system, bare_url, http))):
                for (name, _text), seconds in zip(CONVERSATION, times, strict=True):
                    if counted:
                        timings[name][side].append(seconds * 1000)
    return timings


def _through_gateway(system: RunningSystem) -> list[float]:
    token = secrets.token_urlsafe(24)
    address = system.url.replace("http://", "ws://") + "/channels/web/ws"
    with connect(address, additional_headers={"Cookie": f"jsjb_chat={token}"}, proxy=None) as socket:
        socket.send(orjson.dumps({"type": "resume", "after": 0}).decode())
        _await_reply(socket, "system")
        return [_timed_turn(socket, text) for _name, text in CONVERSATION]


def _timed_turn(socket: ClientConnection, text: str) -> float:
    begun = time.perf_counter()
    socket.send(orjson.dumps({"type": "message", "client_id": uuid.uuid4().hex, "text": text}).decode())
    _await_reply(socket, "bot")
    return time.perf_counter() - begun


def _await_reply(socket: ClientConnection, author: str) -> None:
    while True:
        event = orjson.loads(socket.recv(timeout=_REPLY_SECONDS))
        if any(message["author"] == author for message in event.get("messages", ())):
            return


def _bare(system: RunningSystem, bare_url: str, http: httpx.Client) -> list[float]:
    conversation = f"b{secrets.token_hex(12)}"
    times = []
    for _name, text in CONVERSATION:
        metadata = _metadata(system, http, conversation, text)
        begun = time.perf_counter()
        answer = http.post(f"{bare_url}/webhooks/rest/webhook", json={"sender": conversation, "message": text, "metadata": metadata})
        times.append(time.perf_counter() - begun)
        if not answer.is_success or not answer.json():
            raise RuntimeError(f"the bare server gave no answer to {text!r}")
    return times


def _metadata(system: RunningSystem, http: httpx.Client, conversation: str, text: str) -> dict[str, Any]:
    """Return what the gateway would send along, computed outside the timed part."""
    header = {"Authorization": f"Bearer {system.service_token}"}
    understanding = http.post(f"{system.url}/api/v1/understand", json={"text": text}, headers=header).json()
    draft = http.get(f"{system.url}/api/v1/conversations/{conversation}/draft", headers=header)
    phone = "138****8000" if "138" in text else None
    return {
        "channel": "web",
        "understanding": understanding,
        "contact": {"phone": phone, "name": None},
        "order_numbers": [],
        "draft": draft.json() if draft.is_success else None,
    }


def _summary(timings: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    every: dict[str, list[float]] = {"gateway": [], "bare": []}
    rows = []
    for name, sides in timings.items():
        for side, values in sides.items():
            every[side].extend(values)
        rows.append({"turn": name, **_figures(sides)})
    return {"turns_each": len(every["bare"]), "unit": "ms", "rows": [*rows, {"turn": "全部", **_figures(every)}]}


def _figures(sides: dict[str, list[float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for side, values in sides.items():
        percentiles = statistics.quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
        figures[f"{side}_p50"], figures[f"{side}_p99"] = round(percentiles[49], 2), round(percentiles[98], 2)
    figures["ratio_p50"] = round(figures["gateway_p50"] / figures["bare_p50"], 3)
    figures["ratio_p99"] = round(figures["gateway_p99"] / figures["bare_p99"], 3)
    return figures


def _print(result: dict[str, Any]) -> None:
    table = Table(
        "轮次", "网关 p50", "Rasa p50", "p50 之比", "网关 p99", "Rasa p99", "p99 之比", title=f"每方 {result['turns_each']} 轮，毫秒"
    )
    for row in result["rows"]:
        keys = ("gateway_p50", "bare_p50", "ratio_p50", "gateway_p99", "bare_p99", "ratio_p99")
        table.add_row(row["turn"], *(f"{row[key]:.2f}" for key in keys))
    Console(stderr=True).print(table)
