"""The names that are searched, and what each may mean: built once from ``data/gazetteer``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlu.files import data_path, read_yaml
from nlu.place import names
from nlu.place.model import DEVELOPMENT_ZONE, Area


class GazetteerError(ValueError):
    """A table of the gazetteer contradicts itself; the message names file and entry."""


class Strength(IntEnum):
    """What a name needs around it before it counts."""

    WEAK = 1  # something right beside it that speaks for the same district
    ORDINARY = 2  # an address around it
    STRONG = 3  # nothing
    OFFICIAL = 4  # nothing: the full statutory name


@dataclass(frozen=True, slots=True)
class Name:
    """A searched name. ``areas`` is what it means by itself, ``rest`` what it means only where the context says so."""

    text: str
    kind: str  # district, street, landmark, community, elsewhere, beijing, word
    strength: Strength
    areas: tuple[Area, ...] = ()
    rest: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All names by their first two characters, and the short word lists that judge a hit by its neighbours.

    A dictionary of heads finds the 20,000 names in a 150-character text in 12 µs; an Aho-Corasick automaton (pyahocorasick) takes 40.
    """

    names: dict[str, Name]
    lengths: dict[str, tuple[int, ...]]
    """For the first two characters of a name, the lengths of the names that begin so, longest first."""
    person_before: tuple[str, ...]
    person_after: tuple[str, ...]
    given_names: frozenset[str]
    organisation_after: re.Pattern[str]


_MANY_SIBLINGS = 3  # a community whose name heads this many others is a whole quarter in people's mouths
_COMMERCIAL = re.compile(r"(?:家园|花园|嘉园|雅苑|名苑|佳苑|国际|新城|广场|公馆|华府|公园|城|湾|府|庭|郡|墅|都|汇)$")
# A sight or a quarter rather than where one lives.
_PUBLIC = re.compile(r"(?:[门寺宫桥街路巷道井陵口店谷庄府坟塔]|[和明]园|公园|广场|市场|国子监)$")
_INSTITUTION = re.compile(r"(?:大学|学院|中学|附中|附小|小学|[^城]部|总局|局|厂|医院|公司|研究所|研究院|传播|传媒|部队|大院|口|附|\d+)$")
_ROAD = re.compile(r"(?:路|街|大街|大道|胡同|巷|环|桥)$")
_OPEN_END = re.compile(r"[一二三四五六七八九十东南西北中]$")
_NUMBERED = re.compile(r"^[东南西北中前后]?(?:里|区|街|院|条|村|园)?第?[一二三四五六七八九十]*(?:区|里|街|村|院|条)?$")
_COMMON_WORDS = {"东方", "安康", "中山", "长治", "白城", "白银", "三明", "海东", "海西", "海南", "城区", "郊区", "矿区", "市中区", "新城区"}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _yaml(file: Path) -> dict[str, Any]:
    found = read_yaml(file)
    if not isinstance(found, dict):
        raise GazetteerError(f"{file.name}: not a mapping")
    return found


def _is_quarter(core: str, siblings: Sequence[Area]) -> bool:
    """花家地 heads six communities, 红庙北里 has a 红庙北里第二: the bare name doesn't tell which."""
    others = [area.community or "" for area in siblings if area.community != core + "社区"]
    return len(others) >= _MANY_SIBLINGS or any(name.startswith(core + "第") for name in others)


class _Builder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, Name] = {}
        self.namesakes = {row["name"]: int(row["elsewhere"]) for row in _rows(folder / "namesakes.csv")}
        self.streets = {(row["district"], row["street"]): row["short"] for row in _rows(folder / "streets.csv")}
        self.districts = {district for district, _ in self.streets} | {DEVELOPMENT_ZONE}

    def put(self, text: str, kind: str, strength: Strength, areas: Iterable[Area], rest: Iterable[Area] = ()) -> None:
        name = Name(text, kind, strength, tuple(dict.fromkeys(areas)), tuple(dict.fromkeys(rest)))
        text = names.plain(text)
        for form in {text, names.digit_form(text)}:
            self.found.setdefault(form, name)

    def area(self, where: str, file: str, entry: str) -> Area:
        """Return the area written as 朝阳区 or 朝阳区/望京街道."""
        district, _, street = where.partition("/")
        if district not in self.districts:
            raise GazetteerError(f"{file}: {entry}: no district {district}")
        if street and (district, street) not in self.streets:
            raise GazetteerError(f"{file}: {entry}: no street {street} in {district}")
        return Area(district, street or None)

    def add_districts_and_streets(self) -> None:
        file = "aliases.yml"
        aliases = _yaml(self.folder / file)
        for district in self.districts:
            self.put(district, "district", Strength.OFFICIAL if district != DEVELOPMENT_ZONE else Strength.ORDINARY, [Area(district)])
        for district, forms in aliases["districts"].items():
            area = self.area(district, file, district)
            for strength, key in ((Strength.STRONG, "names"), (Strength.ORDINARY, "words")):
                for text in forms.get(key, ()):
                    self.put(text, "district", strength, [area])
        self.own_names: dict[str, list[Area]] = {}
        for where, forms in aliases["streets"].items():
            area = self.area(where, file, where)
            for strength, key in ((Strength.STRONG, "names"), (Strength.ORDINARY, "in_address"), (Strength.WEAK, "words")):
                for text in forms.get(key, ()):
                    self.put(text, "street", strength, [area])
        full: dict[str, list[Area]] = {}
        for (district, street), short in self.streets.items():
            area = Area(district, street)
            full.setdefault(street, []).append(area)
            for suffix in ("镇", "乡", "地区", "街道"):
                full.setdefault(short + suffix, []).append(area)
            if len(short) > 1:
                self.own_names.setdefault(short, []).append(area)
        for text, areas in full.items():
            exact = [a for a in areas if a.street == text]
            self.put(text, "street", Strength.OFFICIAL if exact else Strength.STRONG, exact or areas)

    def add_landmarks(self) -> None:
        file = "landmarks.yml"
        table = _yaml(self.folder / file)
        weak, ordinary = set(table["needs_context"]), set(table["needs_address"])
        found: dict[str, list[Area]] = {}
        for district, streets in table["districts"].items():
            for street, listed in streets.items():
                for text in listed:
                    if text in found:
                        raise GazetteerError(f"{file}: {text} is listed twice")
                    found[text] = [self.area(district if street == "-" else f"{district}/{street}", file, text)]
        for text, places in table["across"].items():
            if text in found:
                raise GazetteerError(f"{file}: {text} is listed twice")
            found[text] = [self.area(where, file, text) for where in places]
        unknown = (weak | ordinary) - set(found)
        if unknown:
            raise GazetteerError(f"{file}: {min(unknown)} needs context but is no landmark here")
        self.landmarks = {
            text: (areas, Strength.WEAK if text in weak else Strength.ORDINARY if text in ordinary else Strength.STRONG)
            for text, areas in found.items()
        }

    def add_communities(self) -> None:
        """Streets' short names, landmarks and communities share names: join what each may mean, the best known meaning first."""
        cores: dict[str, list[Area]] = {}
        stems: dict[str, list[Area]] = {}
        for row in _rows(self.folder / "communities.csv"):
            if (row["district"], row["street"]) not in self.streets:
                raise GazetteerError(f"communities.csv: {row['village_code']}: no street {row['street']} in {row['district']}")
            area = Area(row["district"], row["street"], row["name"])
            core = names.community_core(row["name"])
            cores.setdefault(core, []).append(area)
            for stem in names.stems(core):
                stems.setdefault(stem, []).append(area)
        self._put_landmarks(cores, stems)
        for text, areas in self.own_names.items():
            elsewhere = [a for a in cores.get(text, ()) if all(a.street != own.street for own in areas)]
            strength = self._street_strength(text)
            self.put(text, "street", strength, areas, elsewhere)
        for core, areas in cores.items():
            siblings = [a for a in stems.get(core, ()) if a not in areas]
            meant = [Area(a.district, a.street) for a in (*areas, *siblings)] if _is_quarter(core, siblings) else areas
            if _ROAD.search(core):  # without 社区 it's the road, which knows no street's border
                meant, siblings = [Area(a.district) for a in areas], []
            if not _OPEN_END.search(core):  # said with 社区 only, or 呼家楼北 would be seen in 呼家楼北里, 芍药居三 in 芍药居三角地
                self.put(core, "community", self._community_strength(core, areas), meant, siblings)
            for area in areas:
                name = area.community or ""
                same = [a for a in areas if a.community == name]
                self.put(name, "community", self._full_strength(core, name, same), same)
        for stem, areas in stems.items():
            streets = list(dict.fromkeys(Area(a.district, None if _ROAD.search(stem) else a.street) for a in areas))
            common = self.namesakes.get(stem) or _NUMBERED.match(stem) or _INSTITUTION.search(stem)
            clear = len(streets) <= _MANY_SIBLINGS and not common
            self.put(stem, "community", Strength.ORDINARY if clear else Strength.WEAK, streets)

    def _put_landmarks(self, cores: dict[str, list[Area]], stems: dict[str, list[Area]]) -> None:
        for text, (areas, strength) in self.landmarks.items():
            inside = [a for a in cores.get(text, ()) if any(Area(a.district, a.street) == area for area in areas)]
            outside = [a for a in cores.get(text, ()) if not any(area.joined(a) for area in areas)]
            one = len(inside) == 1 and len(areas) == 1 and len(text) > 2 and not _PUBLIC.search(text)
            meant = inside if one and not _is_quarter(text, stems.get(text, ())) else areas
            self.put(text, "landmark", strength, meant, outside)
            if text.endswith("地铁站"):
                self.put(text[:-3] + "站", "landmark", strength, meant)

    def _street_strength(self, text: str) -> Strength:
        strong, ordinary = (1, 12) if len(text) == 2 else (9, 30)
        count = self.namesakes.get(text, 0)
        return Strength.STRONG if count <= strong else Strength.ORDINARY if count <= ordinary else Strength.WEAK

    def _community_strength(self, core: str, areas: list[Area]) -> Strength:
        count = self.namesakes.get(core, 0)
        if len(core) == 2 or _NUMBERED.match(core) or _INSTITUTION.search(core) or count > 5:
            return Strength.WEAK
        if len(core) >= 4 and not count and len(areas) == 1 and not _COMMERCIAL.search(core):
            return Strength.STRONG
        return Strength.ORDINARY

    def _full_strength(self, core: str, name: str, areas: list[Area]) -> Strength:
        count = self.namesakes.get(core, 0)
        if _NUMBERED.match(core) or count > 20 or name == core:
            return Strength.WEAK if name != core else self._community_strength(core, areas)
        if count <= (3 if len(core) > 2 else 0) and len(areas) == 1:
            return Strength.STRONG
        return Strength.ORDINARY if count <= 5 or len(core) >= 3 else Strength.WEAK

    def add_other_words(self) -> dict[str, Any]:
        words = _yaml(self.folder / "not_places.yml")
        for text in words["words"]:
            self.found.pop(text, None)
            self.put(text, "word", Strength.OFFICIAL, ())
        self.put("北京市", "beijing", Strength.OFFICIAL, ())
        self.put("北京", "beijing", Strength.OFFICIAL, ())
        for text in words["other_cities"]:
            self.put(text, "elsewhere", Strength.STRONG, ())
        for row in _rows(self.folder / "elsewhere.csv"):
            text = row["name"]
            if text in _COMMON_WORDS:
                continue
            self.put(text, "elsewhere", Strength.OFFICIAL, ())
            short = re.sub(r"(?:维吾尔|壮族|回族)?自治区$|[省市]$", "", text)
            if row["level"] != "county" and len(short) > 1 and short not in _COMMON_WORDS:
                self.put(short, "elsewhere", Strength.STRONG, ())
        return words


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """Return the gazetteer, read on first use (about half a second). Raises GazetteerError where a table is wrong."""
    builder = _Builder(data_path("gazetteer"))
    builder.add_districts_and_streets()
    builder.add_landmarks()
    builder.add_communities()
    words = builder.add_other_words()
    lengths: dict[str, set[int]] = {}
    for form in builder.found:
        lengths.setdefault(form[:2], set()).add(len(form))
    return Gazetteer(
        builder.found,
        {head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()},
        tuple(words["person_before"]),
        tuple(words["person_after"]),
        frozenset(words["given_names"]),
        re.compile("[^的，,。；;！!？?、\\s]{0,6}?(?:" + "|".join(map(re.escape, words["organisation_after"])) + ")|牌(?![子照坊楼匾])"),
    )
