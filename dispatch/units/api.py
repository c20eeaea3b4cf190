"""Routes on units."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.platform import PlatformDep
from dispatch.units import repository
from dispatch.units.schemas import UnitOut

router = APIRouter(prefix="/api/v1/units", tags=["units"])


@router.get("")
def list_units(platform: PlatformDep, kind: str | None = None, district: str | None = None) -> list[UnitOut]:
    """Return the active units, optionally of one kind or one district."""
    with platform.database.read() as session:
        return [
            UnitOut.model_validate(unit, from_attributes=True)
            for unit in repository.all_units(session)
            if unit.active and kind in (None, unit.kind) and district in (None, unit.district)
        ]
