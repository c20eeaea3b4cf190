"""Reads the directory of units (承办单位名录): the YAML files of data/units/ and the statutory streets and towns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nlu.files import YamlLoader

UnitKind = Literal["district", "street", "town", "department", "utility", "liaison", "hotline"]

_OFFICIAL_SUFFIX = {"街道": "办事处", "镇": "人民政府", "乡": "人民政府"}

_STREET_DUTIES = (
    "统筹办理辖区内居民的诉求，负责社区治理、环境卫生、物业管理指导、街面秩序和社会服务，必要时吹哨请部门到场（第十四条、第十八条）。"
)
_TOWN_DUTIES = (
    "统筹办理辖区内村民和居民的诉求，负责村务指导、环境卫生、宅基地、街面秩序和社会服务，必要时吹哨请部门到场（第十四条、第十八条）。"
)
_DISTRICT_DUTIES = "统筹本区诉求办理，协调街道乡镇难以独自解决的问题，办理只能确定所属行政区域的诉求（第五条、第十四条第二项）。"


class UnitFileError(ValueError):
    """An entry of the directory is wrong; the message names file and line."""


class UnitRecord(BaseModel):
    """One unit that an order can be dispatched to.

    ``short`` are the names people use for it; for a street or town the first is its statutory place name, e.g. 望京街道.
    ``district`` is the administrative division a unit lies in, None for city-wide units. ``parent`` is the code of the
    district government (or 经开区管委会) that a street or town reports to, which gets a copy of its orders (Art. 14(1)).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^([BULH]\d{3}|\d{6}|\d{9})$")
    name: str = Field(min_length=2, max_length=80)
    short: tuple[str, ...] = ()
    kind: UnitKind
    district: str | None = None
    parent: str | None = None
    duties: str = Field(min_length=5, max_length=1000)


def load_units(units_folder: Path, streets_csv: Path) -> list[UnitRecord]:
    """Return every unit: districts, then streets and towns, then departments, utilities and desks.

    ``units_folder`` holds districts.yml and any number of other YAML files; ``streets_csv`` has the columns district_code,
    district, street_code, street, kind, short. Raises UnitFileError, naming file and line, for a wrong or repeated entry,
    and FileNotFoundError where a file is missing.
    """
    districts_file = units_folder / "districts.yml"
    managed_by: dict[str, str] = {}
    placed: list[tuple[str, UnitRecord]] = []
    for where, entry in _yaml_entries(districts_file):
        managed_by.update((str(street), str(entry.get("code"))) for street in entry.pop("manages", ()))
        placed.append((where, _record(where, {"kind": "district", "duties": _DISTRICT_DUTIES} | entry)))
    district_codes = {unit.code for _, unit in placed}
    placed.extend(_streets(streets_csv, managed_by, district_codes))
    unknown = managed_by.keys() - {unit.code for _, unit in placed}
    if unknown:
        raise UnitFileError(f"{districts_file.name}: manages {', '.join(sorted(unknown))}, which {streets_csv.name} does not list")
    for file in sorted(units_folder.glob("*.yml")):
        if file != districts_file:
            placed.extend((where, _record(where, entry)) for where, entry in _yaml_entries(file))
    _refuse_repeats(placed)
    return [unit for _, unit in placed]


def _streets(file: Path, managed_by: Mapping[str, str], district_codes: set[str]) -> Iterator[tuple[str, UnitRecord]]:
    with file.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            where = f"{file.name}:{reader.line_num}"
            missing = {"district_code", "district", "street_code", "street", "kind", "short"} - {key for key, value in row.items() if value}
            if missing:
                raise UnitFileError(f"{where}: no {', '.join(sorted(missing))}")
            if row["kind"] not in _OFFICIAL_SUFFIX:
                raise UnitFileError(f"{where}: kind is {row['kind']!r}, not one of {', '.join(_OFFICIAL_SUFFIX)}")
            parent = managed_by.get(row["street_code"], row["district_code"])
            if parent not in district_codes:
                raise UnitFileError(f"{where}: there is no district with the code {parent}")
            is_street = row["kind"] == "街道"
            yield (
                where,
                _record(
                    where,
                    {
                        "code": row["street_code"],
                        "name": row["street"] + _OFFICIAL_SUFFIX[row["kind"]],
                        "short": _street_names(row),
                        "kind": "street" if is_street else "town",
                        "district": row["district"],
                        "parent": parent,
                        "duties": _STREET_DUTIES if is_street else _TOWN_DUTIES,
                    },
                ),
            )


def _street_names(row: Mapping[str, str]) -> tuple[str, ...]:
    names = [row["street"], row["short"]]
    if row["kind"] != "街道":
        # Many towns near the city also carry the sign of a 地区办事处, and that is what their residents call them.
        names.append(row["short"] + "地区")
    return tuple(dict.fromkeys(names))


def _yaml_entries(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file:line, entry) for each entry under ``units`` in ``file``."""
    try:
        loader = YamlLoader(file.read_text(encoding="utf-8"))
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnitFileError(f"{file.name}:{line}: {error.problem}") from error
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    nodes = next((value for key, value in pairs if key.value == "units"), None)
    if not isinstance(nodes, yaml.SequenceNode):
        raise UnitFileError(f"{file.name}:1: expected a list named units")
    for node in nodes.value:
        where = f"{file.name}:{node.start_mark.line + 1}"
        if not isinstance(node, yaml.MappingNode):
            raise UnitFileError(f"{where}: expected an entry with code, name, short, kind, duties")
        yield where, loader.construct_document(node)


def _record(where: str, values: Mapping[str, Any]) -> UnitRecord:
    try:
        return UnitRecord.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UnitFileError(f"{where}: {problems}") from error


def _refuse_repeats(placed: Iterable[tuple[str, UnitRecord]]) -> None:
    """A code is unique; a name is unique within its district, for two districts each have a 八里庄街道."""
    seen: dict[tuple[str | None, str], str] = {}
    for where, unit in placed:
        for key in ((None, unit.code), (unit.district, unit.name)):
            if key in seen:
                raise UnitFileError(f"{where}: {key[1]} already stands at {seen[key]}")
            seen[key] = where
