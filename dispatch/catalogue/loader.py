"""Reads the dispatch catalogue (派单目录): the YAML files of data/catalogue/, one a group of matters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

HandlerKind = Literal["street", "district", "department", "utility", "liaison"]
TimeLimit = Literal["urgent", "livelihood", "ordinary", "complex"]
Clock = Literal["calendar", "working"]

_UNIT_LETTER = {"department": "B", "utility": "U", "liaison": "L"}
_UNIT_CODE = r"^([BUL]\d{3}|\d{6}|\d{9})$"

Place = tuple[str, int]
"""A file name and a line in it, counted from 1."""


def _without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{'、'.join(repeated)} stands there twice")
    return values


Phrase = Annotated[str, Field(min_length=2, max_length=30)]
Phrases = Annotated[tuple[Phrase, ...], AfterValidator(_without_repeats)]
Hints = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=30)], ...], AfterValidator(_without_repeats)]
Sentences = Annotated[tuple[Annotated[str, Field(min_length=4, max_length=300)], ...], AfterValidator(_without_repeats)]
UnitCode = Annotated[str, Field(pattern=_UNIT_CODE)]


class CatalogueError(ValueError):
    """The catalogue can't be used. ``problems`` has one line each, beginning with file and line."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Handler(BaseModel):
    """Who a matter is dispatched to: by place (street, district) or a named unit (department, utility, liaison desk)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: HandlerKind
    unit: UnitCode | None = None

    @model_validator(mode="after")
    def _unit_fits_kind(self) -> Handler:
        letter = _UNIT_LETTER.get(self.kind)
        if letter is None and self.unit is not None:
            raise ValueError(f"a matter of the {self.kind} is dispatched by its place and names no unit")
        if letter is not None and (self.unit is None or not self.unit.startswith(letter)):
            raise ValueError(f"a {self.kind} is named by a unit code that begins with {letter}")
        return self


class CatalogueItem(BaseModel):
    """One matter of the catalogue (Art. 12, 14, 15).

    ``group`` is the name of its group, ``time_limit`` one of the four classes of Art. 15, counted by ``clock``; ``synonyms``
    are phrases of residents that are searched verbatim, ``negative_hints`` speak against the item.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^\d{4}$")
    name: str = Field(min_length=2, max_length=30)
    group: str = Field(min_length=2, max_length=30)
    description: str = Field(min_length=8, max_length=300)
    handler: Handler
    co_units: Annotated[tuple[UnitCode, ...], AfterValidator(_without_repeats)] = ()
    time_limit: TimeLimit
    clock: Clock
    basis: str = Field(min_length=4, max_length=200)
    synonyms: Phrases = Field(min_length=1)
    negative_hints: Hints = ()
    examples: Sentences = Field(min_length=1)

    @property
    def group_code(self) -> str:
        """The two digits of the group."""
        return self.code[:2]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^\d{2}$")
    name: str = Field(min_length=2, max_length=30)


def load_catalogue(folder: Path, unit_codes: Collection[str] | None = None) -> list[CatalogueItem]:
    """Return every item of the catalogue in ``folder``, ordered by code.

    Args:
        folder: holds one ``*.yml`` file a group; data/catalogue/README.md describes the form.
        unit_codes: the codes that handlers and co-units may name; None leaves that unchecked.

    Raises:
        CatalogueError: with every problem found, each with file and line. FileNotFoundError: ``folder`` holds no such file.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise FileNotFoundError(f"no catalogue files in {folder}")
    problems: list[str] = []
    found: list[tuple[Place, CatalogueItem]] = []
    for file in files:
        found.extend(_items_of(file, problems))
    problems.extend(_repeats(found))
    if unit_codes is not None:
        problems.extend(_unknown_units(found, unit_codes))
    if problems:
        raise CatalogueError(problems)
    return sorted((item for _, item in found), key=lambda item: item.code)


def _items_of(file: Path, problems: list[str]) -> Iterator[tuple[Place, CatalogueItem]]:
    loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        content = loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(f"{file.name}:{line}: {error.problem}")
        return
    finally:
        loader.dispose()
    if root is None or not isinstance(content, dict) or not isinstance(content.get("items"), list):
        problems.append(f"{file.name}:1: expected the keys group and items")
        return
    try:
        group = _Group.model_validate(content.get("group"))
    except ValidationError as error:
        problems.extend(_described(file.name, root, ("group",), error))
        return
    for index, entry in enumerate(content["items"]):
        where = (file.name, _line(root, ("items", index)))
        if not isinstance(entry, dict):
            problems.append(f"{where[0]}:{where[1]}: expected an item with code, name, description, handler and so on")
            continue
        try:
            item = CatalogueItem.model_validate({**entry, "group": group.name})
        except ValidationError as error:
            problems.extend(_described(file.name, root, ("items", index), error))
            continue
        if item.group_code != group.code:
            line = _line(root, ("items", index, "code"))
            problems.append(f"{file.name}:{line}: code {item.code} doesn't begin with the group's {group.code}")
        yield where, item


def _described(file: str, root: yaml.Node, path: tuple[str | int, ...], error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        location = (*path, *each["loc"])
        yield f"{file}:{_line(root, location)}: {'.'.join(map(str, each['loc'])) or path[-1]}: {each['msg']}"


def _line(root: yaml.Node, path: tuple[str | int, ...]) -> int:
    """Return the line of the deepest node on ``path`` that the file has; a missing key has the line of its parent."""
    node = root
    for step in path:
        below: Any = None
        if isinstance(node, yaml.MappingNode):
            below = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            below = node.value[step]
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1


def _repeats(found: Collection[tuple[Place, CatalogueItem]]) -> Iterator[str]:
    seen: dict[str, Place] = {}
    for where, item in found:
        for key in (item.code, item.name):
            if key in seen:
                yield f"{where[0]}:{where[1]}: {key} already stands at {seen[key][0]}:{seen[key][1]}"
            else:
                seen[key] = where


def _unknown_units(found: Collection[tuple[Place, CatalogueItem]], unit_codes: Collection[str]) -> Iterator[str]:
    known = frozenset(unit_codes)
    for where, item in found:
        named = [*item.co_units] + ([item.handler.unit] if item.handler.unit else [])
        for code in named:
            if code not in known:
                yield f"{where[0]}:{where[1]}: {item.code} names the unit {code}, which the directory doesn't have"
