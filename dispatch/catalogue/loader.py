"""Reads the dispatch catalogue (派单目录): the YAML files of data/catalogue/, one a group of matters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from nlu.files import YamlLoader

HandlerKind = Literal["street", "district", "department", "utility", "liaison"]
TimeLimit = Literal["urgent", "livelihood", "ordinary", "complex"]
Clock = Literal["calendar", "working"]

_UNIT_LETTER = {"department": "B", "utility": "U", "liaison": "L"}
_CODE = re.compile(r"\d{4}", re.ASCII)
_CONTROL = re.compile(r"\\(?:[bfnrt]|u00[01])")
"""Control characters, as JSON escapes them."""
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


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """What is wrong with one item: its code (or its place in the list, from 1, where it has none), the field, and why."""

    item: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.item} {self.field}: {self.message}"


class CatalogueItemsError(CatalogueError):
    """Items that somebody sent can't be published. ``items`` has one entry a problem."""

    def __init__(self, items: Sequence[ItemProblem]) -> None:
        self.items = tuple(items)
        super().__init__([str(item) for item in items])


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


def check_items(entries: Sequence[Mapping[str, Any]], unit_codes: Collection[str]) -> list[CatalogueItem]:
    """Return ``entries`` (items as JSON, each with its group's name) as a whole catalogue, ordered by code.

    The rules are those of the files: fields and their lengths, codes and names that stand once, one name a group, units that
    the directory has.

    Raises:
        CatalogueItemsError: with every problem found, each with the item's code and the field.
    """
    problems: list[ItemProblem] = []
    items: list[CatalogueItem] = []
    for position, given in enumerate(entries, start=1):
        code = given.get("code")
        name = code if isinstance(code, str) and _CODE.fullmatch(code) else f"#{position}"
        try:
            item = CatalogueItem.model_validate(given)
        except ValidationError as error:
            problems.extend(ItemProblem(name, _field(each["loc"]), _in_chinese(each)) for each in error.errors())
            continue
        if _CONTROL.search(item.model_dump_json()):
            problems.append(ItemProblem(name, "item", "不能有换行、制表符等控制字符"))
        items.append(item)
    problems.extend(_conflicts(items))
    known = frozenset(unit_codes)
    for item in items:
        named = [("handler.unit", item.handler.unit)] if item.handler.unit else []
        named += [(f"co_units.{position}", code) for position, code in enumerate(item.co_units)]
        problems.extend(ItemProblem(item.code, field, f"没有代码为“{code}”的单位") for field, code in named if code not in known)
    if problems:
        raise CatalogueItemsError(problems)
    return sorted(items, key=lambda item: item.code)


def _conflicts(items: Collection[CatalogueItem]) -> Iterator[ItemProblem]:
    codes: set[str] = set()
    names: dict[str, str] = {}
    groups: dict[str, str] = {}
    for item in items:
        if item.code in codes:
            yield ItemProblem(item.code, "code", "这个代码出现了两次")
        codes.add(item.code)
        if (other := names.setdefault(item.name, item.code)) != item.code:
            yield ItemProblem(item.code, "name", f"“{item.name}”已是 {other} 的名称")
        if (group := groups.setdefault(item.group_code, item.group)) != item.group:
            yield ItemProblem(item.code, "group", f"代码以 {item.group_code} 开头的事项属于“{group}”")


def _field(location: tuple[str | int, ...]) -> str:
    """Return a field's path as text that any answer can carry: names that others sent may hold half characters."""
    return (".".join(map(str, location)) or "item").encode(errors="replace").decode()


_CHINESE = {
    "missing": "必须填写",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文字",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "格式不对，应符合 {pattern}",
    "too_short": "至少 {min_length} 条",
    "literal_error": "应为 {expected} 之一",
    "tuple_type": "应为列表",
    "model_type": "应为对象",
}


def _in_chinese(error: Any) -> str:
    """Return what pydantic complains of in the language of those who edit the catalogue."""
    template = _CHINESE.get(error["type"])
    return template.format(**error.get("ctx", {})) if template else str(error["msg"])


def _items_of(file: Path, problems: list[str]) -> Iterator[tuple[Place, CatalogueItem]]:
    loader = YamlLoader(file.read_text(encoding="utf-8"))
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
