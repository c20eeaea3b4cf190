"""A unit's own system, which takes pushes over real HTTP and can be told to fail."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class UnitSystem:
    """What arrived, and how to answer: ``answers`` are (status, headers) taken one by one, then 204; ``delay`` in seconds."""

    def __init__(self) -> None:
        self.url = ""
        self.ids: Counter[str] = Counter()
        self.received: list[tuple[dict[str, str], str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.delay = 0.0

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return what arrived, parsed."""
        return [json.loads(body) for _, body in self.received]


@contextmanager
def unit_system() -> Iterator[UnitSystem]:
    """Run one on a free port."""
    system = UnitSystem()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            data = self.rfile.read(length)
            if len(data) < length:
                return  # the sender died in mid-sentence
            body = data.decode()
            status, headers = system.answers.pop(0) if system.answers else (204, {})
            if status < 300:
                system.ids[self.headers["webhook-id"]] += 1
                system.received.append((dict(self.headers), body))
            time.sleep(system.delay)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    system.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield system
    finally:
        server.shutdown()
        server.server_close()
