"""The directory of units: complete, unique, and clear about what is wrong in a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dispatch.units.loader import UnitFileError, UnitRecord, load_units
from nlu.files import data_path

STREETS_HEADER = "district_code,district,street_code,street,kind,short\n"
WANGJING = "110105,朝阳区,110105026,望京街道,街道,望京\n"
DISTRICTS = 'units:\n  - {code: "110105", name: 朝阳区人民政府, district: 朝阳区, short: [朝阳]}\n'


@pytest.fixture(scope="module")
def units() -> dict[str, UnitRecord]:
    return {unit.code: unit for unit in load_units(data_path("units"), data_path("gazetteer", "streets.csv"))}


def by_name(units: dict[str, UnitRecord], name: str) -> list[UnitRecord]:
    return [unit for unit in units.values() if unit.name == name]


def folder(tmp_path: Path, *, districts: str = DISTRICTS, streets: str = WANGJING, others: str = "units: []\n") -> tuple[Path, Path]:
    (tmp_path / "districts.yml").write_text(districts, encoding="utf-8")
    (tmp_path / "others.yml").write_text(others, encoding="utf-8")
    (tmp_path / "streets.csv").write_text(STREETS_HEADER + streets, encoding="utf-8")
    return tmp_path, tmp_path / "streets.csv"


def test_the_whole_city_is_there(units: dict[str, UnitRecord]) -> None:
    kinds = Counter(unit.kind for unit in units.values())
    assert kinds["district"] == 17
    assert kinds["street"] == 165
    assert kinds["town"] == 178
    assert kinds["department"] >= 45
    assert kinds["utility"] >= 15
    assert kinds["liaison"] >= 4
    assert kinds["hotline"] == 1


@pytest.mark.parametrize(
    ("code", "name", "parent"),
    [
        ("110105026", "望京街道办事处", "110105"),
        ("110105033", "常营回族乡人民政府", "110105"),
        ("110112109", "马驹桥镇人民政府", "110112"),
        ("110118003", "檀营满族蒙古族乡人民政府", "110118"),
    ],
)
def test_streets_and_towns_carry_their_official_name(units: dict[str, UnitRecord], code: str, name: str, parent: str) -> None:
    assert (units[code].name, units[code].parent) == (name, parent)


def test_the_first_short_name_of_a_street_is_its_place(units: dict[str, UnitRecord]) -> None:
    assert units["110105026"].short == ("望京街道", "望京")
    assert "东坝地区" in units["110105039"].short


def test_the_development_area_manages_streets_that_lie_in_daxing(units: dict[str, UnitRecord]) -> None:
    for code in ("110115012", "110115013"):
        assert (units[code].district, units[code].parent) == ("大兴区", "110199")


def test_streets_of_the_same_name_are_told_apart_by_district(units: dict[str, UnitRecord]) -> None:
    assert {unit.district for unit in by_name(units, "八里庄街道办事处")} == {"朝阳区", "海淀区"}


def test_every_street_has_a_parent_and_city_wide_units_have_none(units: dict[str, UnitRecord]) -> None:
    for unit in units.values():
        if unit.kind in ("street", "town"):
            assert unit.parent in units
            assert units[unit.parent].kind == "district"
        else:
            assert unit.parent is None


def test_no_two_city_wide_units_share_a_short_name(units: dict[str, UnitRecord]) -> None:
    names = Counter(name for unit in units.values() if unit.kind not in ("street", "town") for name in (unit.name, *unit.short))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"others": "units:\n  - {code: B001, name: 市公安局, kind: police, duties: 维护社会治安}\n"}, r"others\.yml:2: kind"),
        ({"others": "units:\n  - {code: B1, name: 市公安局, kind: department, duties: 维护社会治安}\n"}, r"others\.yml:2: code"),
        ({"others": "units:\n  - {code: B001, name: 市公安局, kind: department}\n"}, r"others\.yml:2: duties"),
        ({"others": "units:\n  - just a word\n"}, r"others\.yml:2: expected an entry"),
        ({"others": "unit: []\n"}, r"others\.yml:1: expected a list named units"),
        ({"others": "units: [\n"}, r"others\.yml:2: .*expected (the )?node content"),
        ({"streets": WANGJING + WANGJING}, r"streets\.csv:3: 110105026 already stands at streets\.csv:2"),
        ({"streets": WANGJING + WANGJING.replace("026", "126")}, r"streets\.csv:3: 望京街道办事处 already"),
        ({"streets": WANGJING.replace("110105,", "110106,")}, r"streets\.csv:2: there is no district with the code 110106"),
        ({"streets": WANGJING.replace(",街道,", ",区,")}, r"streets\.csv:2: kind is '区'"),
        ({"streets": "110105,朝阳区,110105026,望京街道\n"}, r"streets\.csv:2: no kind, short"),
        ({"districts": DISTRICTS.replace("]}", "]" + ', manages: ["110115012"]}')}, r"districts\.yml: manages 110115012"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(UnitFileError, match=message):
        load_units(*folder(tmp_path, **files))
