"""Where the reference data and the models made from it lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parent.parent
_DATA = _ROOT / "data"

MODELS = _ROOT / "models"
"""What is fitted on this machine from the project's own data: shared by all data directories, made anew when it is missing."""


def data_path(*parts: str) -> Path:
    """Return the path of a file under the project's ``data/`` folder, e.g. ``data_path("gazetteer", "streets.csv")``."""
    return _DATA.joinpath(*parts)


YamlLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads plain YAML; written in C where that is installed, which is ten times faster."""


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file. Raises OSError and yaml.YAMLError."""
    return yaml.load(file.read_text(encoding="utf-8"), YamlLoader)  # noqa: S506  (both are safe loaders)
