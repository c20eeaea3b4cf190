"""Where the reference data lies."""

from __future__ import annotations

from pathlib import Path

_DATA = Path(__file__).resolve().parent.parent / "data"


def data_path(*parts: str) -> Path:
    """Return the path of a file under the project's ``data/`` folder, e.g. ``data_path("gazetteer", "streets.csv")``."""
    return _DATA.joinpath(*parts)
