"""Where the bytes lie: a folder of this machine, or S3-compatible storage, by one address (``JSJB_MEDIA_URL``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from dispatch.core.settings import Settings

_CHUNK = 256 * 1024


class GoneError(Exception):
    """The row is there, the bytes aren't: the storage was emptied or restored from an older copy."""


@lru_cache(maxsize=8)
def _open(url: str | None, folder: str) -> ObjectStore:
    """S3 takes its key, region and endpoint from ``AWS_*`` in the environment, as all its tools do."""
    return from_url(url) if url else LocalStore(prefix=folder, mkdir=True)


def _store(settings: Settings) -> ObjectStore:
    return _open(settings.media_url, str((settings.data_dir / "media").resolve()))


def write(settings: Settings, key: str, data: bytes) -> None:
    """Store ``data`` under ``key``."""
    obstore.put(_store(settings), key, data)


def read(settings: Settings, key: str) -> bytes:
    """Return what is stored under ``key``. Raises GoneError."""
    try:
        return obstore.get(_store(settings), key).bytes().to_bytes()
    except FileNotFoundError as error:
        raise GoneError(key) from error


def part(settings: Settings, key: str, start: int, end: int) -> bytes:
    """Return bytes ``start`` to ``end`` (exclusive). Raises GoneError."""
    try:
        return obstore.get_range(_store(settings), key, start=start, end=end).to_bytes()
    except FileNotFoundError as error:
        raise GoneError(key) from error


def stream(settings: Settings, key: str) -> Iterator[bytes]:
    """Return the bytes under ``key`` piece by piece. Raises GoneError at once, not half-way."""
    try:
        result = obstore.get(_store(settings), key)
    except FileNotFoundError as error:
        raise GoneError(key) from error
    return (bytes(chunk) for chunk in result.stream(min_chunk_size=_CHUNK))


def delete(settings: Settings, *keys: str) -> None:
    """Remove what is stored under ``keys``; what isn't there needn't be removed."""
    for key in keys:
        try:
            obstore.delete(_store(settings), key)
        except FileNotFoundError:
            continue
