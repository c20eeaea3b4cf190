"""The catalogue in force: publishing, finding the matter of a text, assigning the unit and the time limit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from dispatch.administration import service as administration
from dispatch.catalogue import repository
from dispatch.catalogue.loader import CatalogueItem, CatalogueItemsError, ItemProblem, check_items
from dispatch.catalogue.models import CatalogueEntry, CatalogueVersion
from dispatch.catalogue.schemas import EditionIn, FieldChangeOut, ItemChangeOut, PublishIn, VersionOut
from dispatch.core.clock import beijing
from dispatch.units.service import HOTLINE_DESK, Directory, UnitEntry
from nlu.files import MODELS
from nlu.matter import MatterMatcher
from nlu.matter_model import MatterProfile
from nlu.place import Place

TIME_LIMIT_HOURS: Mapping[str, int] = {"urgent": 2, "livelihood": 24, "ordinary": 7 * 24, "complex": 15 * 24}
"""Hours of the four classes (Art. 15; section 4 of the design): 生命财产 2小时, 水电气热 24小时, 一般 7日, 复杂 15日."""

_KINDS = {"added": "新增", "changed": "修改", "removed": "删除"}
_ORDINARY_BASIS = "接诉即办条例第十五条；未归入派单目录的事项按一般诉求7日办理"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who must act and by when (Art. 14, 15)."""

    unit: UnitEntry
    copied_to: tuple[UnitEntry, ...]
    co_units: tuple[UnitEntry, ...]
    hours: int
    clock: str
    basis: str
    why: str


@lru_cache(maxsize=2)
def _matcher(profiles: tuple[MatterProfile, ...]) -> MatterMatcher:
    """Return the matcher of these items; fitting one takes seconds, and versions often differ in nothing that it reads."""
    return MatterMatcher(profiles, kept_in=MODELS)


def _profile(item: CatalogueItem) -> MatterProfile:
    phrases, hints, examples = tuple(item.synonyms), tuple(item.negative_hints), tuple(item.examples)
    return MatterProfile(item.code, item.name, item.group, item.description, phrases, hints, examples)


class NoSuchVersionError(LookupError):
    """A version of the catalogue that was never published."""


class OutdatedBaseError(Exception):
    """The version that was edited is no longer the one in force."""

    def __init__(self, base: int, in_force: int) -> None:
        super().__init__(f"version {base} was edited, {in_force} is in force")
        self.base = base
        self.in_force = in_force


class UnchangedError(Exception):
    """What is to be published says the same as the version in force."""


class Catalogue:
    """One version of the catalogue in memory."""

    def __init__(self, version: int, items: Sequence[CatalogueItem]) -> None:
        self.version = version
        self.items = {item.code: item for item in items}
        self._named = {item.name: item for item in items}
        self.matcher = _matcher(tuple(_profile(item) for item in items))

    def find(self, code: str | None) -> CatalogueItem | None:
        """Return the item with ``code``, or None."""
        return self.items.get(code) if code else None

    def by_label(self, label: str) -> CatalogueItem | None:
        """Return the item that ``label`` means: its code or its name; or None."""
        return self.items.get(label) or self._named.get(label)

    def assign(self, matter: str | None, place: Place | None, units: Directory) -> Assignment:
        """Return the unit that must act on ``matter`` at ``place``, whom to copy, and the time limit.

        Art. 14(1): the street or town is dispatched to directly and its district government gets a copy; Art. 14(2): where only
        the district is known, the district government coordinates. What nobody can be found for goes to the hotline's own
        dispatch desk, where a person decides.
        """
        item = self.find(matter)
        hours = TIME_LIMIT_HOURS[item.time_limit if item else "ordinary"]
        clock = item.clock if item else "calendar"
        basis = item.basis if item else _ORDINARY_BASIS
        co_units = tuple(unit for code in (item.co_units if item else ()) if (unit := units.acting(code)))
        kind = item.handler.kind if item else "street"
        named = item.handler.unit if item else None
        if named and (unit := units.acting(named)):
            return Assignment(unit, (), co_units, hours, clock, basis, f"派单目录：{item.name if item else ''}由{unit.name}办理")
        district = units.district(place.district) if place and place.district else None
        street = units.street(place.district, place.street) if place and place.district and place.street else None
        if kind == "street" and street:
            above = units.acting(street.parent_code) if street.parent_code else None
            return Assignment(
                street, (above,) if above else (), co_units, hours, clock, basis, "第十四条第一项：派单至街道（乡镇），同时推送区政府"
            )
        if district:
            return Assignment(district, (), co_units, hours, clock, basis, "第十四条第二项：能确定所属行政区域，派单至区政府")
        desk = units.get(HOTLINE_DESK)
        return Assignment(desk, (), co_units, hours, clock, basis, "尚不能确定所属行政区域，由派单组人工研判")


def for_liaison(assignment: Assignment, desk: UnitEntry) -> Assignment:
    """Return ``assignment`` passed to a liaison desk instead (Art. 23)."""
    return replace(assignment, unit=desk, copied_to=(), why=f"第二十三条：涉央地、军地事项，转{desk.name}沟通协调")


def fingerprint(items: Sequence[CatalogueItem]) -> str:
    """Return a hash that changes whenever any item changes."""
    text = json.dumps([item.model_dump(mode="json") for item in items], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def publish(
    session: Session, items: Sequence[CatalogueItem], *, origin: str, at: datetime, note: str = "", published_by: str | None = None
) -> int:
    """Store ``items`` as the new version in force and return its number."""
    version = CatalogueVersion(published_at=at, origin=origin, fingerprint=fingerprint(items), note=note, published_by=published_by)
    session.add(version)
    session.flush()
    session.add_all(CatalogueEntry(version_id=version.id, code=item.code, item=item.model_dump(mode="json")) for item in items)
    session.flush()
    return version.id


def seed(session: Session, items: Sequence[CatalogueItem], at: datetime) -> None:
    """Publish the catalogue that this release brings, unless an administrator's version is in force or nothing changed."""
    latest = repository.latest_version(session)
    if latest is None or (latest.origin == "files" and latest.fingerprint != fingerprint(items)):
        publish(session, items, origin="files", at=at, note="随版本发布的派单目录")


def version_in_force(session: Session) -> int:
    """Return the number of the version in force. Raises LookupError while none has been published."""
    latest = repository.latest_version(session)
    if latest is None:
        raise LookupError("no catalogue has been published yet")
    return latest.id


def versions(session: Session) -> list[VersionOut]:
    """Return every version, newest first; the first is in force."""
    return [_version_out(version, count, in_force=n == 0) for n, (version, count) in enumerate(repository.versions(session))]


def version_out(session: Session, number: int) -> VersionOut:
    """Return one version. Raises NoSuchVersionError."""
    version = repository.version(session, number)
    if version is None:
        raise NoSuchVersionError(number)
    return _version_out(version, len(repository.entries(session, number)), in_force=number == version_in_force(session))


def items_of(session: Session, number: int) -> list[CatalogueItem]:
    """Return the items of a version by code. Raises NoSuchVersionError."""
    if repository.version(session, number) is None:
        raise NoSuchVersionError(number)
    return [CatalogueItem.model_validate(entry.item) for entry in repository.entries(session, number)]


def item_of(session: Session, number: int, code: str | None) -> CatalogueItem | None:
    """Return the item with ``code`` as version ``number`` had it, or None."""
    entry = repository.entry(session, number, code) if code else None
    return CatalogueItem.model_validate(entry.item) if entry else None


def edition(session: Session, given: EditionIn, units: Directory) -> list[CatalogueItem]:
    """Return the whole catalogue that ``given`` would put in force, checked by the rules of the files; nothing is written.

    Raises:
        NoSuchVersionError: ``given`` restores a version that never was.
        CatalogueItemsError: the items break the rules, or a code to remove isn't there.
    """
    entries: list[dict[str, Any]]
    if given.items is not None:
        entries = given.items
    elif given.restore is not None:
        entries = [item.model_dump(mode="json") for item in items_of(session, given.restore)]
    else:
        present = {item.code: item.model_dump(mode="json") for item in items_of(session, given.base)}
        missing = [ItemProblem(code, "code", "派单目录里没有这个事项") for code in given.removed if code not in present]
        if missing:
            raise CatalogueItemsError(missing)
        replaced = {*given.removed, *(str(each.get("code")) for each in given.changes)}
        entries = [entry for code, entry in present.items() if code not in replaced] + given.changes
    items = check_items(entries, {unit.code for unit in units.every()})
    if not items:
        raise CatalogueItemsError([ItemProblem("—", "items", "派单目录不能是空的")])
    return items


def publish_edition(session: Session, given: PublishIn, *, units: Directory, by: str, at: datetime) -> int:
    """Publish what ``given`` says on behalf of ``by`` and return the new version's number.

    ``given.base`` is the version that was edited: where another one has come into force since, nothing is published, so that
    two administrators can't undo each other's work unseen.

    Raises:
        OutdatedBaseError: the base is no longer in force. UnchangedError: the version in force says exactly the same.
        NoSuchVersionError, CatalogueItemsError: as ``edition`` does.
    """
    repository.latest_version(session, lock=True)
    latest = repository.latest_version(session)  # again: while we waited for the lock another version may have come in force
    if latest is None or latest.id != given.base:
        raise OutdatedBaseError(given.base, latest.id if latest else 0)
    items = edition(session, given, units)
    if fingerprint(items) == latest.fingerprint:
        raise UnchangedError(given.base)
    number = publish(session, items, origin="console", at=at, note=given.note, published_by=by)
    changed = [f"{_KINDS[each.kind]} {each.code} {each.name}" for each in diff(items_of(session, latest.id), items)]
    detail = f"第 {latest.id} 版 → 第 {number} 版；{given.note}；{len(changed)} 项改动：{'、'.join(changed)}"
    administration.record(session, "catalogue_published", f"第 {number} 版", detail, by=by, now=at)
    return number


def diff(before: Sequence[CatalogueItem], after: Sequence[CatalogueItem]) -> list[ItemChangeOut]:
    """Return what ``after`` says differently from ``before``, by code."""
    old = {item.code: item.model_dump(mode="json") for item in before}
    new = {item.code: item.model_dump(mode="json") for item in after}
    changes = []
    for code in sorted(old.keys() | new.keys()):
        left, right = old.get(code), new.get(code)
        if left == right:
            continue
        kind = "changed" if left and right else "added" if right else "removed"
        fields = []
        if left and right:
            fields = [FieldChangeOut(field=key, before=left[key], after=right[key]) for key in left if left[key] != right[key]]
        changes.append(ItemChangeOut(code=code, name=(right or left or {})["name"], kind=kind, fields=fields))
    return changes


def search(
    items: Sequence[CatalogueItem],
    *,
    words: str = "",
    group: str | None = None,
    kind: str | None = None,
    unit: str | None = None,
    time_limit: str | None = None,
) -> list[CatalogueItem]:
    """Return the items that have every one of ``words`` (apart by spaces) in code, name, description or phrases, and fit the rest.

    ``group`` is a group's two digits or its name, ``unit`` the code of the unit that handles or co-handles.
    """
    wanted = words.casefold().split()

    def fits(item: CatalogueItem) -> bool:
        text = "\n".join((item.code, item.name, item.group, item.description, *item.synonyms)).casefold()
        return (
            all(word in text for word in wanted)
            and group in (None, "", item.group_code, item.group)
            and kind in (None, "", item.handler.kind)
            and (not unit or unit == item.handler.unit or unit in item.co_units)
            and time_limit in (None, "", item.time_limit)
        )

    return [item for item in items if fits(item)]


def _version_out(version: CatalogueVersion, count: int, *, in_force: bool) -> VersionOut:
    return VersionOut(
        id=version.id,
        published_at=beijing(version.published_at),
        origin=version.origin,
        published_by=version.published_by,
        note=version.note,
        items=count,
        in_force=in_force,
    )


def load(session: Session) -> Catalogue:
    """Return the version in force. Raises LookupError while none has been published."""
    version = version_in_force(session)
    return Catalogue(version, [CatalogueItem.model_validate(entry.item) for entry in repository.entries(session, version)])
