"""The directory of units (承办单位名录) and how it gets into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from dispatch.units import repository
from dispatch.units.loader import UnitRecord
from dispatch.units.models import Unit, UnitChange

HOTLINE_DESK = "H001"
"""市民热线服务中心派单组: takes what no unit can be found for yet."""


KIND_NAMES = {
    "street": "街道",
    "town": "乡镇",
    "district": "区",
    "department": "市级部门",
    "utility": "公共服务企业",
    "liaison": "央地、军地协调",
    "desk": "热线",
}
"""Kinds of units, as people read them; units are assessed among their own kind (分级分类)."""


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """A unit as the rest of the platform sees it."""

    code: str
    name: str
    kind: str
    district: str | None
    parent_code: str | None
    duties: str
    short: tuple[str, ...] = ()
    """Names that people use; a street's or town's first is the area's statutory name, e.g. 望京街道."""
    active: bool = True
    merged_into: str | None = None
    """The unit that has its work since it ended."""
    contact_hours: str = ""


class Directory:
    """All units in memory, found by code or by place.

    Who ended or was merged into another is still found by its code (``find``), for what it did stands under its name; whoever is to
    be given work is looked for with the rest, which return only units that act.
    """

    def __init__(self, entries: Iterable[UnitEntry]) -> None:
        self._by_code = {entry.code: entry for entry in entries}
        every = self._by_code.values()
        heirs = [(unit, heir) for unit in every if (heir := self.acting(unit.code))]
        self._districts = {name: heir for unit, heir in heirs if unit.kind == "district" for name in (unit.district, *unit.short)}
        self._streets = {(unit.district, unit.short[0]): heir for unit, heir in heirs if unit.kind in ("street", "town") and unit.short}
        units = [unit for unit in every if unit.active]
        names = Counter(name for unit in units for name in {unit.name, *unit.short})
        self._named = {name: unit for unit in units for name in (unit.name, *unit.short) if names[name] == 1}

    def all(self) -> list[UnitEntry]:
        """Return every unit that acts, by code."""
        return [unit for unit in self._by_code.values() if unit.active]

    def every(self) -> list[UnitEntry]:
        """Return every unit, also those that ended, by code."""
        return list(self._by_code.values())

    def acting(self, code: str) -> UnitEntry | None:
        """Return who does the work of the unit with ``code`` now: itself, or what it was merged into; None if nobody does."""
        unit = self._by_code.get(code)
        for _ in range(len(self._by_code)):
            if unit is None or unit.active:
                return unit
            unit = self._by_code.get(unit.merged_into) if unit.merged_into else None
        return None

    def get(self, code: str) -> UnitEntry:
        """Return the unit with ``code``. Raises KeyError if there is none."""
        return self._by_code[code]

    def find(self, code: str) -> UnitEntry | None:
        """Return the unit with ``code``, or None."""
        return self._by_code.get(code)

    def by_label(self, label: str) -> UnitEntry | None:
        """Return the acting unit that ``label`` means: its code, name or a short name; None where several units bear that name."""
        return self.acting(label) or self._named.get(label)

    def district(self, name: str) -> UnitEntry | None:
        """Return the government of a district by the district's name, e.g. 朝阳区."""
        return self._districts.get(name)

    def street(self, district: str, street: str) -> UnitEntry | None:
        """Return the office of a street or town by its statutory name, e.g. 朝阳区, 望京街道."""
        return self._streets.get((district, street))

    def liaison_desk(self, text: str) -> UnitEntry | None:
        """Return the desk that speaks with the body named in ``text`` (Art. 23: 央地、军地协调); the general one if none is named."""
        desks = sorted((unit for unit in self.all() if unit.kind == "liaison"), key=lambda unit: unit.code)
        return next((desk for desk in desks if any(word in text for word in desk.short)), desks[0] if desks else None)


def entry(record: UnitRecord) -> UnitEntry:
    """Return a unit as loaded from its file, in the form the platform uses."""
    return UnitEntry(record.code, record.name, record.kind, record.district, record.parent, record.duties, record.short)


def seed(session: Session, records: Iterable[UnitRecord]) -> int:
    """Write ``records`` (from ``dispatch.units.loader``) into the database, districts first; return how many were new or changed."""
    changed = 0
    for record in sorted(records, key=lambda r: r.parent is not None):
        values = {
            "name": record.name,
            "short": list(record.short),
            "kind": record.kind,
            "district": record.district,
            "parent_code": record.parent,
            "duties": record.duties,
        }
        unit = repository.by_code(session, record.code)
        if unit is None:
            session.add(Unit(code=record.code, active=True, **values))
            changed += 1
        elif any(getattr(unit, key) != value for key, value in values.items()):
            for key, value in values.items():
                setattr(unit, key, value)
            changed += 1
    session.flush()
    return changed


def directory(session: Session) -> Directory:
    """Return the units as they are now: as the release brought them, with what administrators changed."""
    changes = {change.unit_code: change for change in repository.latest_changes(session)}
    return Directory(_entry(unit, changes.get(unit.code)) for unit in repository.all_units(session))


def version(session: Session) -> int:
    """Return a number that grows with every change of an administrator's."""
    return repository.version(session)


def _entry(unit: Unit, change: UnitChange | None) -> UnitEntry:
    entry = UnitEntry(unit.code, unit.name, unit.kind, unit.district, unit.parent_code, unit.duties, tuple(unit.short), unit.active)
    if change is None:
        return entry
    return replace(
        entry,
        short=tuple(change.short),
        duties=change.duties,
        active=change.active,
        merged_into=change.merged_into,
        contact_hours=change.contact_hours,
    )
