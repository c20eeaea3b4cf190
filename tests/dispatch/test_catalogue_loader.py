"""The catalogue as the release brings it is sound, and a mistake in it is found with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from dispatch.catalogue.loader import CatalogueError, CatalogueItem, load_catalogue
from dispatch.units.loader import load_units
from nlu.files import data_path

ITEM = """\
  - code: "0704"
    name: 供暖不热
    description: 采暖季室内温度不达标，暖气片不热。
    handler: {kind: street}
    co_units: [U004]
    time_limit: livelihood
    clock: calendar
    basis: 接诉即办条例第十五条
    synonyms: [暖气不热, 暖气冰凉]
    negative_hints: []
    examples:
      - 都供暖一个礼拜了，我家卧室还不到十五度
"""
GROUP = 'group: {code: "07", name: 供热供暖}\nitems:\n'


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path, text: str, unit_codes: set[str] | None = None) -> tuple[str, ...]:
    write(folder, {"07-heat.yml": text})
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder, unit_codes)
    return caught.value.problems


@pytest.fixture(scope="module")
def released() -> list[CatalogueItem]:
    units = load_units(data_path("units"), data_path("gazetteer", "streets.csv"))
    return load_catalogue(data_path("catalogue"), {unit.code for unit in units})


def test_an_item_is_read_whole(tmp_path: Path) -> None:
    (item,) = load_catalogue(write(tmp_path, {"07-heat.yml": GROUP + ITEM}), {"U004"})
    assert (item.code, item.name, item.group, item.group_code) == ("0704", "供暖不热", "供热供暖", "07")
    assert (item.handler.kind, item.handler.unit, item.co_units) == ("street", None, ("U004",))
    assert (item.time_limit, item.clock) == ("livelihood", "calendar")
    assert item.synonyms == ("暖气不热", "暖气冰凉")
    assert CatalogueItem.model_validate(item.model_dump(mode="json")) == item


def test_items_come_by_code_whatever_the_file_order(tmp_path: Path) -> None:
    later = ITEM.replace("0704", "0702").replace("供暖不热", "暖气漏水")
    assert [item.code for item in load_catalogue(write(tmp_path, {"07-heat.yml": GROUP + ITEM + later}))] == ["0702", "0704"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ('"0704"', '"0804"', 3, "doesn't begin with the group's 07"),
        ('"0704"', '"7-4"', 3, "code"),
        ("kind: street", "kind: village", 6, "handler.kind"),
        ("{kind: street}", "{kind: department}", 6, "begins with B"),
        ("{kind: street}", "{kind: utility, unit: B001}", 6, "begins with U"),
        ("{kind: street}", "{kind: street, unit: B001}", 6, "names no unit"),
        ("[U004]", "[暖气公司]", 7, "co_units.0"),
        ("livelihood", "soon", 8, "time_limit"),
        ("clock: calendar", "clock: lunar", 9, "clock"),
        ("[暖气不热, 暖气冰凉]", "[]", 11, "synonyms"),
        ("[暖气不热, 暖气冰凉]", "[暖气不热, 暖气不热]", 11, "暖气不热 stands there twice"),
        ("[暖气不热, 暖气冰凉]", "[暖气不热, 热]", 11, "synonyms.1"),
        ("    name: 供暖不热\n", "", 3, "name"),
        ("negative_hints: []", "negative_hints: []\n    colour: red", 13, "colour"),
        ("[暖气不热, 暖气冰凉]", "[暖气不热, 暖气冰凉", 12, "expected"),
    ],
)
def test_a_mistake_is_found_with_its_line(tmp_path: Path, right: str, wrong: str, line: int, said: str) -> None:
    assert right in ITEM
    (problem,) = problems_of(tmp_path, GROUP + ITEM.replace(right, wrong))
    assert problem.startswith(f"07-heat.yml:{line}: ")
    assert said in problem


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    broken = ITEM.replace("livelihood", "soon").replace("clock: calendar", "clock: lunar")
    assert len(problems_of(tmp_path, GROUP + broken + ITEM.replace("0704", "0804"))) == 3


def test_codes_and_names_stand_once(tmp_path: Path) -> None:
    assert problems_of(tmp_path, GROUP + ITEM + ITEM) == (
        "07-heat.yml:15: 0704 already stands at 07-heat.yml:3",
        "07-heat.yml:15: 供暖不热 already stands at 07-heat.yml:3",
    )


def test_units_must_be_known(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, GROUP + ITEM, {"U003"})
    assert problem == "07-heat.yml:3: 0704 names the unit U004, which the directory doesn't have"


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "group: {code: '07', name: 供热}\n", GROUP + "  - 供暖不热\n", "group: {code: '7', name: 供热}\nitems: []\n"]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)[0].startswith("07-heat.yml:")


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_catalogue(tmp_path)


def test_the_released_catalogue_has_its_groups(released: list[CatalogueItem]) -> None:
    heating = next(item for item in released if item.code == "0704")
    assert (heating.name, heating.time_limit, heating.handler.kind) == ("供暖不热", "livelihood", "street")
    assert len(released) >= 300
    assert {item.group_code for item in released} == {f"{number:02}" for number in range(1, 25)}


def test_released_items_can_be_recognised(released: list[CatalogueItem]) -> None:
    for item in released:
        assert len(item.synonyms) >= 5, item.code
        assert len(item.examples) >= 3, item.code


def test_released_files_are_plain_yaml() -> None:
    for file in data_path("catalogue").glob("*.yml"):
        assert set(yaml.safe_load(file.read_text(encoding="utf-8"))) == {"group", "items"}
