"""The entries that a fresh system comes with: data/knowledge/*.yml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.knowledge.schemas import EntryContent


class SeedFileError(ValueError):
    """A seed file is wrong; the message names file and entry."""


class _Seed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z]+(-[a-z]+)*-\d{2}$")
    question: str
    variants: list[str] = Field(min_length=3, max_length=6)
    answer: str
    subject: str
    dept: str
    source: str


def load_seeds(folder: Path) -> list[tuple[str, EntryContent]]:
    """Return every entry of the YAML files in ``folder`` with its id.

    A file has ``entries`` and, above them, ``subject``, ``dept`` and ``source`` for entries that don't say their own.

    Raises:
        SeedFileError: an entry is wrong or its id occurs twice.
    """
    found: dict[str, EntryContent] = {}
    for file in sorted(folder.glob("*.yml")):
        for where, values in _entries(file):
            try:
                seed = _Seed.model_validate(values)
                content = EntryContent(
                    title=seed.question,
                    variants=tuple(seed.variants),
                    answer=seed.answer,
                    subject=seed.subject,
                    source=seed.source,
                    unit_name=seed.dept,
                )
            except ValidationError as error:
                problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
                raise SeedFileError(f"{where}: {problems}") from error
            if seed.id in found:
                raise SeedFileError(f"{where}: the id occurs twice")
            found[seed.id] = content
    return list(found.items())


def _entries(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        root = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SeedFileError(f"{file.name}: {error}") from error
    if not isinstance(root, dict) or not isinstance(root.get("entries"), list):
        raise SeedFileError(f"{file.name}: expected a list named entries")
    shared = {key: value for key, value in root.items() if key != "entries"}
    for number, entry in enumerate(root["entries"], 1):
        if not isinstance(entry, dict):
            raise SeedFileError(f"{file.name}: entry {number} is not a mapping")
        yield f"{file.name}: {entry.get('id', f'entry {number}')}", shared | entry
