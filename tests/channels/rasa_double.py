"""A stand-in for the Rasa server that can fail on command; the real one is used in tests marked ``rasa``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class RasaDouble:
    """Answers with ``mode``: ``echo``, ``empty`` (200 []), ``error`` (500), ``broken`` (no JSON), ``slow``."""

    def __init__(self) -> None:
        self.mode = "echo"
        self.turns: list[dict[str, Any]] = []
        self.in_flight = 0
        self.most_in_flight: dict[str, int] = {}
        self.lock = threading.Lock()

    def answer(self, turn: dict[str, Any]) -> tuple[int, bytes]:
        """Return status and body for one turn."""
        sender = turn["sender"]
        with self.lock:
            self.turns.append(turn)
            busy = self.most_in_flight.get(f"now:{sender}", 0) + 1
            self.most_in_flight[f"now:{sender}"] = busy
            self.most_in_flight[sender] = max(busy, self.most_in_flight.get(sender, 0))
        try:
            if self.mode == "slow":
                time.sleep(2)
            return {
                "echo": (200, json.dumps([{"recipient_id": sender, "text": f"听到：{turn['message']}"}]).encode()),
                "slow": (200, b'[{"text": "late"}]'),
                "empty": (200, b"[]"),
                "error": (500, b"{}"),
                "broken": (200, b"<html>"),
            }[self.mode]
        finally:
            with self.lock:
                self.most_in_flight[f"now:{sender}"] -= 1


@contextmanager
def running() -> Iterator[tuple[str, RasaDouble]]:
    """Yield the double's address and the double."""
    double = RasaDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, b"Hello from the double")

        def do_POST(self) -> None:
            turn = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*double.answer(turn))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", double
    finally:
        server.shutdown()
        server.server_close()
