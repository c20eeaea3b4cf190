"""Puts the readers of ``nlu`` and the catalogue together. Pure computation: no queries, so that it is batch-fast."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy.orm import Session

from dispatch.calendar import service as calendar
from dispatch.catalogue import service as catalogue_service
from dispatch.catalogue.loader import CatalogueItem
from dispatch.catalogue.service import Assignment, Catalogue
from dispatch.core.database import Database
from dispatch.understanding.learned import LearnedModels, LearnedReader
from dispatch.understanding.schemas import (
    ConfidenceOut,
    CopyOut,
    DeadlineOut,
    EmergencyOut,
    MatterOut,
    PlaceOut,
    Understanding,
    UnitOut,
)
from dispatch.units import service as units_service
from dispatch.units.service import Directory, UnitEntry
from nlu import emergency, handling, matter, place, request_type
from nlu.subject import said, subject

_REFRESH_SECONDS = 0.5

MATTER_THRESHOLD = matter.CONFIDENT
"""Below this score no matter is named: a person or a question decides."""

_ENOUGH_TO_GUESS = 4
"""Characters below which a matter needs one of its own phrases: 停电 names one, 算了 doesn't."""

_HELP, _CALM = "求助", ("咨询", "建议")
"""Who reports danger asks for help, however the words sound."""

_ASSIGNED = frozenset({"dispatch", "answer", "liaison", "progress", "human", "market"})


@dataclass(frozen=True, slots=True)
class Reference:
    """The catalogue and the units that are in force, and the models that are asked before them, if there are any."""

    catalogue: Catalogue
    units: Directory
    learned_matter: LearnedReader[CatalogueItem] | None = None
    learned_unit: LearnedReader[UnitEntry] | None = None

    def assign(self, matter_code: str | None, where: place.Place, text: str) -> Assignment:
        """Return who must act on ``matter_code`` at ``where`` and by when: the unit that a sure model names, else the catalogue's.

        A model doesn't overrule the place: a unit of another district or street than ``where`` isn't taken (Art. 14).
        """
        assignment = self.catalogue.assign(matter_code, where, self.units)
        opinion = self.learned_unit.read(text) if self.learned_unit else None
        if opinion is None:
            return assignment
        unit = opinion.value
        if unit is None:
            return replace(assignment, why=f"{assignment.why}；{opinion.why}")
        if not _serves(unit, where):
            return replace(assignment, why=f"{assignment.why}；{opinion.why}，但不在诉求所在地，未采用")
        above = self.units.acting(unit.parent_code) if unit.kind in ("street", "town") and unit.parent_code else None
        return replace(assignment, unit=unit, copied_to=(above,) if above else (), why=opinion.why)


def reference_with(catalogue: Catalogue, units: Directory, models: LearnedModels) -> Reference:
    """Return ``catalogue`` and ``units`` with ``models`` whose labels are read by them."""
    return Reference(catalogue, units, models.matter_reader(catalogue), models.unit_reader(units))


def _serves(unit: UnitEntry, where: place.Place) -> bool:
    if unit.kind not in ("district", "street", "town"):
        return True
    return unit.district == where.district and (unit.kind == "district" or where.street in (None, unit.short[0]))


class ReferenceData:
    """Keeps ``Reference`` in memory and notices within two seconds when another version is published."""

    def __init__(self, database: Database, models: LearnedModels | None = None) -> None:
        self._database = database
        self._models = models or LearnedModels()
        self._lock = threading.Lock()
        self._current: Reference | None = None
        self._units: int | None = None
        self._days: int | None = None
        self._checked = 0.0

    def current(self) -> Reference:
        """Return the catalogue and units in force; the days people work are taken up with them."""
        current = self._current
        if current is not None and time.monotonic() - self._checked < _REFRESH_SECONDS:
            return current
        # One request looks and, if need be, builds the new version; the others needn't wait for it: they go on with the old one.
        if not self._lock.acquire(blocking=current is None):
            return cast(Reference, current)
        try:
            with self._database.read() as session:
                looked = time.monotonic()
                self._refresh(session)
                self._checked = looked
                return cast(Reference, self._current)
        finally:
            self._lock.release()

    def _refresh(self, session: Session) -> None:
        """Take up what has changed: the days people work (for the whole process), the catalogue, the units."""
        if (days := calendar.version(session)) != self._days:
            calendar.take_up(session)
            self._days = days
        number, units = catalogue_service.version_in_force(session), units_service.version(session)
        same = self._current is not None and self._current.catalogue.version == number
        if same and self._units == units:
            return
        catalogue = self._current.catalogue if same and self._current else catalogue_service.load(session)
        self._current, self._units = reference_with(catalogue, units_service.directory(session), self._models), units


def understand(text: str, reference: Reference, *, near: place.Place | None = None) -> Understanding:
    """Read one message.

    Args:
        text: what the resident wrote; anything beyond 20,000 characters is not read.
        reference: the catalogue and the units in force.
        near: the place that the conversation has already established, to read a follow-up such as ``四区3号楼`` by.

    Returns:
        every key of DESIGN.md section 6 but the id.
    """
    why: list[str] = []
    danger = emergency.detect(text)
    plain = said(text)
    where = place.resolve(plain, near=near)
    about = subject(text, where)
    found = reference.catalogue.matcher.matters(about)
    sure = [m for m in found if m.score >= MATTER_THRESHOLD and (m.evidence or len(about) >= _ENOUGH_TO_GUESS)]
    opinion = reference.learned_matter.read(text) if found and reference.learned_matter else None
    if opinion and opinion.value:
        sure = _first(opinion.value, opinion.score, sure)
    kind = request_type.classify(plain)
    route = handling.decide(plain, request_type=kind.name, emergency=danger is not None, matter_found=bool(sure), elsewhere=where.elsewhere)
    if route.name == "educate":
        sure = []  # by definition there is nothing but abuse in it (Art. 12(6))
    wanted = _HELP if danger and kind.name in _CALM else kind.name
    main = sure[0] if sure else None

    if danger:
        why.append(f"紧急：{danger.why}")
    if wanted:
        why.append(f"诉求类型 {wanted}：{kind.why if wanted == kind.name else '危险中的人在求救'}")
    why.append(f"处置方式 {route.name}：{route.why}")
    if opinion:
        why.append(opinion.why)
    if main and not (opinion and opinion.value):
        why.append(f"事项 {main.name}（{main.score:.2f}）：{'、'.join(main.evidence[:4]) or '语义相近'}")
    if where.evidence:
        why.append(f"地点：{'、'.join(where.evidence[:4])}")

    assignment = None
    if route.name in _ASSIGNED and (main or route.name in ("dispatch", "liaison", "answer")):
        assignment = reference.assign(main.code if main else None, where, text)
        if route.name == "liaison" and assignment.unit.kind != "liaison" and (desk := reference.units.liaison_desk(text)):
            assignment = catalogue_service.for_liaison(assignment, desk)
        why.append(assignment.why)

    return Understanding(
        request_type=wanted,
        handling=route.name,
        channel=route.channel,
        emergency=EmergencyOut(line=danger.line, evidence=danger.evidence, also=list(danger.also)) if danger else None,
        matter=MatterOut(code=main.code, name=main.name) if main else None,
        place=_place_out(where),
        place_candidates=[_place_out(candidate) for candidate in where.candidates[:6]],
        unit=UnitOut(code=assignment.unit.code, name=assignment.unit.name) if assignment else None,
        copied_to=[CopyOut(name=unit.name) for unit in assignment.copied_to] if assignment else [],
        deadline=DeadlineOut(hours=assignment.hours, basis=assignment.basis) if assignment else None,
        confidence=ConfidenceOut(
            request_type=round(kind.confidence, 3) if kind.name else None,
            matter=round(main.score, 3) if main else None,
            place=round(where.confidence, 3) if where.district else None,
        ),
        others=[MatterOut(code=m.code, name=m.name) for m in sure[1:6]],
        stability_risk=route.stability_risk,
        why=why,
    )


def _first(item: CatalogueItem, score: float, sure: list[matter.MatterMatch]) -> list[matter.MatterMatch]:
    """Return ``sure`` with ``item`` as the main matter, in place of the one that the catalogue took for it."""
    others = [m for m in sure if m.code != item.code]
    if len(others) == len(sure):
        others = others[1:]
    return [matter.MatterMatch(item.code, item.name, score, ()), *others]


def _place_out(where: place.Place) -> PlaceOut:
    return PlaceOut(district=where.district, street=where.street, community=where.community, detail=where.detail)
