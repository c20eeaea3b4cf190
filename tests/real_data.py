"""The real messages that lie beside the project and never inside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def path(name: str) -> Path:
    """Return the path of a file of real messages; skip the calling test where it is absent."""
    file = _FOLDER / name
    if not file.is_file():
        pytest.skip(f"{name} is not on this machine")
    return file


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV of real messages; skip the calling test where it is absent."""
    csv.field_size_limit(10**8)
    with path(name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)
