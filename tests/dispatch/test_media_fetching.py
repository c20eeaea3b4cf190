"""Fetching what somebody else named: never inside our own network, never too much, never too long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dispatch.media import fetching
from dispatch.media.errors import FetchError, ForbiddenAddressError, TooLargeError
from dispatch.platform import Platform


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while True:
                try:
                    self.wfile.write(bytes(64 * 1024))
                except OSError:
                    return
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
        else:
            self.send_response(200 if self.path == "/file" else 404)
            self.end_headers()
            self.wfile.write(b"the file")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """host:port of a server on loopback, and what it was asked."""
    seen: list[tuple[str, str | None]] = []
    double = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"seen": seen}))
    double.daemon_threads = True
    thread = threading.Thread(target=double.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{double.server_port}", seen
    double.shutdown()
    double.server_close()


Server = tuple[str, list[tuple[str, str | None]]]

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # the database plays no part


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fc00::1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::"],
)  # fmt: skip
def test_private_addresses_are_known(platform: Platform, address: str) -> None:
    assert not fetching.is_public(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises((ForbiddenAddressError, FetchError)):
        fetching.fetch(platform, f"http://{host}:9/")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/a", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://017700000001/",
     "http://user:secret@example.org/", "gopher://127.0.0.1/", "http://", "//127.0.0.1/", "http://[::1", "http://a:99999/"],
)  # fmt: skip
def test_disguised_addresses_are_refused(platform: Platform, url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        fetching.fetch(platform, url)


def test_a_redirect_into_the_network_is_refused(platform: Platform, server: Server) -> None:
    host, seen = server
    with pytest.raises(ForbiddenAddressError):
        fetching.fetch(platform, f"http://{host}/to?http://127.0.0.1:1/secret", private=[host])
    with pytest.raises(ForbiddenAddressError):
        fetching.fetch(platform, f"http://{host}/to?file:///etc/passwd", private=[host])
    with pytest.raises(ForbiddenAddressError, match="转来转去"):
        fetching.fetch(platform, f"http://{host}/to?/to?/to?/to?/to?/to?/to?/file", private=[host])
    assert all(path.startswith("/to") for path, _ in seen)


def test_a_name_that_answers_differently_the_second_time_wins_nothing(
    platform: Platform, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the address that was checked is the address that is connected to."""
    host, seen = server
    port = int(host.rpartition(":")[2])
    answers = iter(["203.0.113.7", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    def resolve(name: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected: list[str] = []

    def connect(_self: object, address: str, *_rest: object) -> None:
        connected.append(address)
        raise fetching.httpcore.ConnectError

    monkeypatch.setattr(fetching.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(fetching, "is_public", lambda address: address != "127.0.0.1")
    monkeypatch.setattr(fetching.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(FetchError):
        fetching.fetch(platform, f"http://rebinding.example:{port}/file")
    assert asked == ["rebinding.example"]
    assert connected == ["203.0.113.7"]
    with pytest.raises(ForbiddenAddressError):
        fetching.fetch(platform, f"http://rebinding.example:{port}/file")
    assert not seen


def test_configured_hosts_are_reached_and_secrets_stay_with_the_first(platform: Platform, server: Server) -> None:
    host, seen = server
    assert fetching.fetch(platform, f"http://{host}/file", headers={"Authorization": "Basic x"}, private=[host]) == b"the file"
    other = host.replace("127.0.0.1", "localhost")
    fetching.fetch(platform, f"http://{host}/to?http://{other}/file", headers={"Authorization": "Basic x"}, private=[host, other])
    assert [secret for _, secret in seen] == ["Basic x", "Basic x", None]
    with pytest.raises(FetchError):
        fetching.fetch(platform, f"http://{host}/missing", private=[host])


def test_endless_and_slow_files_are_cut_off(platform: Platform, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _ = server
    monkeypatch.setattr(fetching, "LARGEST", 1024 * 1024)
    with pytest.raises(TooLargeError):
        fetching.fetch(platform, f"http://{host}/endless", private=[host])
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(FetchError):
        fetching.fetch(platform, f"http://{host}/drip", private=[host])
    assert time.monotonic() - began < 2
