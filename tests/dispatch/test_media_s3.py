"""Files in S3-compatible storage: the same calls as on disk, over real HTTP against a small double of S3's own interface."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dispatch.core.settings import Settings
from dispatch.media import storage
from dispatch.media.storage import GoneError


@contextmanager
def s3(objects: dict[str, bytes]) -> Iterator[str]:
    """Yield the address of a server that keeps ``objects`` by path; every request must be signed (AWS Signature Version 4)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _signed(self) -> bool:
            return self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=key-of-test/")

        def _answer(self, status: int, data: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), "ETag": '"1"', **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if not self._signed():
                self._answer(403)
                return
            objects[self.path] = data
            self._answer(200)

        def do_GET(self) -> None:
            data = objects.get(self.path)
            if not self._signed() or data is None:
                self._answer(404 if self._signed() else 403)
                return
            modified = {"Last_Modified": "Mon, 23 Nov 2026 02:00:00 GMT"}
            wanted = self.headers.get("Range", "")
            if wanted.startswith("bytes="):
                start, _, end = wanted.removeprefix("bytes=").partition("-")
                part = data[int(start) : int(end) + 1]
                self._answer(206, part, Content_Range=f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}", **modified)
                return
            self._answer(200, data, **modified)

        do_HEAD = do_GET

        def do_POST(self) -> None:
            """DeleteObjects."""
            asked = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            bucket = self.path.partition("?")[0]
            keys = re.findall(r"<Key>(.*?)</Key>", asked)
            for key in keys:
                objects.pop(f"{bucket}/{key}", None)
            done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self._answer(200, f'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{done}</DeleteResult>'.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_files_are_kept_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects: dict[str, bytes] = {}
    with s3(objects) as address:
        for name, value in {"ACCESS_KEY_ID": "key-of-test", "SECRET_ACCESS_KEY": "x", "REGION": "cn-north-1"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT", address)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        settings = Settings(data_dir=tmp_path, media_url="s3://bucket/files")
        data = bytes(range(256)) * 2000
        storage.write(settings, "ab/one.jpg", data)
        assert objects == {"/bucket/files/ab/one.jpg": data}
        assert storage.read(settings, "ab/one.jpg") == data
        assert storage.part(settings, "ab/one.jpg", 10, 20) == data[10:20]
        assert b"".join(storage.stream(settings, "ab/one.jpg")) == data
        storage.delete(settings, "ab/one.jpg", "ab/none.jpg")
        assert objects == {}
        with pytest.raises(GoneError):
            storage.read(settings, "ab/one.jpg")
    assert not (tmp_path / "media").exists()
