"""What the doubles of providers share: a server on a free port, and what it is told to do wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and JSON of an answer."""


@dataclass
class Trouble:
    """One thing to do wrong, once: answer ``status`` without doing it, or do it and ``lose`` the answer, after ``delay`` seconds."""

    status: int = 200
    retry_after: int | None = None
    lose: bool = False
    delay: float = 0.0


@dataclass
class Provider:
    """A provider's state: ``down`` answers 503 to everything; ``troubles`` are taken one by one."""

    url: str = ""
    down: bool = False
    refused: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_trouble(self) -> Trouble:
        """Return what to do wrong now."""
        with self.lock:
            return self.troubles.pop(0) if self.troubles else Trouble()


Respond = Callable[[str, str, bytes, dict[str, str]], Answer | None]
"""From method, path, body and headers to the answer; None to hang up without one."""


@contextmanager
def serving(provider: Provider, respond: Respond) -> Iterator[None]:
    """Answer requests by ``respond``, and tell ``provider`` at which address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"] or 0)))

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = respond(self.command, self.path, body, headers)
            if answer is None:
                self.close_connection = True
                return
            status, extra, value = answer
            data = value if isinstance(value, bytes) else orjson.dumps(value)
            self.send_response(status)
            for name, text in {"Content-Type": "application/json", "Content-Length": str(len(data)), **extra}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def wait(seconds: float) -> None:
    """Be slow."""
    if seconds:
        time.sleep(seconds)
