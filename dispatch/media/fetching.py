"""Fetching a file from an address that somebody else named, without being led into a private network (SSRF).

Only http and https; the name is resolved here, every address that it has must be public, and the connection goes to the very address
that was checked, so a second answer of the name server changes nothing. The same again after every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from dispatch.media.errors import FetchError, ForbiddenAddressError, TooLargeError
from dispatch.media.types import LARGEST, MEGABYTE
from dispatch.platform import Platform

SECONDS = 30.0
"""For the whole fetch, redirects included."""
_STEP_SECONDS = 10.0
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


def fetch(platform: Platform, url: str, *, headers: Mapping[str, str] | None = None, private: Collection[str] = ()) -> bytes:
    """Return the bytes behind ``url``, at most ``types.LARGEST`` of them.

    Args:
        headers: sent to the first host only, never to one that it redirects to.
        private: ``host:port`` that may be private because we were configured to speak with it (a provider's API base); added to
            those of ``JSJB_MEDIA_PRIVATE_HOSTS``.

    Raises:
        ForbiddenAddressError: it leads where it mustn't; never try again.
        TooLargeError: there is more than is taken.
        FetchError: it can't be had now.
    """
    allowed = frozenset(private) | frozenset(platform.settings.media_private_hosts)
    deadline = time.monotonic() + SECONDS
    backend = _GuardedBackend(allowed, deadline)
    sent = dict(headers or {})
    first = _host(url)
    with httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend, max_connections=1) as pool:
        for _ in range(_REDIRECTS + 1):
            host = _host(url)
            moved_to, data = _get(pool, url, sent if host == first else {})
            if moved_to is None:
                return data
            url = urljoin(url, moved_to)
    raise ForbiddenAddressError("链接转来转去，没有到达文件")


def _host(url: str) -> str:
    """Return ``host:port`` of a URL that may be fetched."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise ForbiddenAddressError("链接写得不对") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ForbiddenAddressError("只取 http 和 https 链接")
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddressError("链接里不能带用户名或密码")
    return f"{parts.hostname}:{port}"


def _get(pool: httpcore.ConnectionPool, url: str, headers: Mapping[str, str]) -> tuple[str | None, bytes]:
    """Return where the file has moved, or its bytes."""
    given = {"User-Agent": "jsjb", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
    steps = {"connect": _STEP_SECONDS, "read": _STEP_SECONDS, "write": _STEP_SECONDS, "pool": _STEP_SECONDS}
    try:
        target = _target(url)
        with pool.stream("GET", target, headers=list(given.items()), extensions={"timeout": steps}) as response:
            names = {name.lower(): value for name, value in response.headers}
            if response.status in _MOVED and b"location" in names:
                return names[b"location"].decode("latin-1"), b""
            if response.status != 200:
                raise FetchError(f"对方回答 {response.status}")
            length = names.get(b"content-length", b"")
            if length.isdigit() and int(length) > LARGEST:
                raise TooLargeError(f"文件超过 {LARGEST // MEGABYTE} MB")
            data = bytearray()
            for chunk in response.iter_stream():
                data += chunk
                if len(data) > LARGEST:
                    raise TooLargeError(f"文件超过 {LARGEST // MEGABYTE} MB")
            return None, bytes(data)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        raise FetchError(type(error).__name__) from error


def _target(url: str) -> httpcore.URL:
    parts = urlsplit(url)
    try:
        host = (parts.hostname or "").encode("idna")
    except UnicodeError as error:
        raise ForbiddenAddressError("链接写得不对") from error
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    # Whatever isn't ASCII in the path is percent-encoded by its UTF-8 bytes, as browsers do; control characters never pass.
    raw = "".join(c if 0x20 < ord(c) < 0x7F else "".join(f"%{b:02X}" for b in c.encode()) for c in path + query)
    return httpcore.URL(scheme=parts.scheme.encode(), host=host, port=parts.port, target=raw.encode())


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to public addresses only, and to the ``host:port`` in ``private``, until ``deadline`` (monotonic seconds)."""

    def __init__(self, private: Collection[str], deadline: float) -> None:
        self._private = private
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the address of ``host`` that was checked."""
        address = public_address(host, port, trusted=f"{host}:{port}" in self._private)
        wait = _left(self._deadline, timeout)
        return _TimedStream(self._backend.connect_tcp(address, port, wait, local_address, socket_options), self._deadline)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise ForbiddenAddressError("不取本机文件")


class _TimedStream(httpcore.NetworkStream):
    """A connection on which nothing waits beyond the deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is."""
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of ``buffer``."""
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on under TLS; the certificate is checked against the name, not the address."""
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection beneath tells."""
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return min(left, timeout) if timeout is not None else left


def public_address(host: str, port: int, *, trusted: bool = False) -> str:
    """Return an address of ``host`` to connect to.

    Raises:
        ForbiddenAddressError: one of its addresses isn't public, and it isn't ``trusted``.
        FetchError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError("域名解析不了") from error
    addresses = [str(each[4][0]) for each in found]
    if not trusted and not all(is_public(address) for address in addresses):
        raise ForbiddenAddressError("链接指向内部网络，不能取")
    return addresses[0]


def is_public(address: str) -> bool:
    """Say whether ``address`` can be reached by everybody; addresses that wrap another one (IPv4 in IPv6) count as that one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
