"""Routes of the analysis: its newest results. Staff only; nothing in them tells of one person (Art. 26, 29)."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.insight import service
from dispatch.insight.schemas import Found, SurgeOut
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/insight", tags=["数据分析"])


@router.get("/surges")
def surges(platform: PlatformDep) -> Found[SurgeOut]:
    """Hot spots in space, time and matter: the surge over the seasonal expectation, and the expectation beside it."""
    with platform.database.read() as session:
        return service.latest(session, service.SURGES, SurgeOut)
