"""Routes on units."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.platform import PlatformDep
from dispatch.units.schemas import UnitOut

router = APIRouter(prefix="/api/v1/units", tags=["units"])


@router.get("")
def list_units(platform: PlatformDep, kind: str | None = None, district: str | None = None) -> list[UnitOut]:
    """Return the active units, optionally of one kind or one district."""
    return [
        UnitOut.model_validate(unit, from_attributes=True)
        for unit in platform.reference.current().units.all()
        if kind in (None, unit.kind) and district in (None, unit.district)
    ]
