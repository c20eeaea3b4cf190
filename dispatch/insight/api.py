"""Routes of the analysis: its newest results. Staff only; nothing in them tells of one person (Art. 26, 29)."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.insight import service
from dispatch.insight.schemas import ForecastOut, Found, RepeatOut, RiskOut, StoryOut, SurgeOut, TopicOut
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/insight", tags=["数据分析"])


@router.get("/surges")
def surges(platform: PlatformDep) -> Found[SurgeOut]:
    """Hot spots in space, time and matter: the surge over the seasonal expectation, and the expectation beside it."""
    with platform.database.read() as session:
        return service.latest(session, service.SURGES, SurgeOut)


@router.get("/stories")
def stories(platform: PlatformDep) -> Found[StoryOut]:
    """What many people told of in different words during the last week, by words that many of them used."""
    with platform.database.read() as session:
        return service.latest(session, service.STORIES, StoryOut)


@router.get("/repeats")
def repeats(platform: PlatformDep) -> Found[RepeatOut]:
    """Matters that people came back with; how many people, never who."""
    with platform.database.read() as session:
        return service.latest(session, service.REPEATS, RepeatOut)


@router.get("/forecasts")
def forecasts(platform: PlatformDep) -> Found[ForecastOut]:
    """Next month's forecast of each matter beside its error on held-out months, and early warnings."""
    with platform.database.read() as session:
        return service.latest(session, service.FORECASTS, ForecastOut)


@router.get("/topics")
def topics(platform: PlatformDep) -> Found[TopicOut]:
    """Matters for 每月一题: long, hard and frequent, with the evidence."""
    with platform.database.read() as session:
        return service.latest(session, service.TOPICS, TopicOut)


@router.get("/risks")
def risks(platform: PlatformDep) -> list[RiskOut]:
    """Risks to stability that were pushed at once, and the units told (Art. 11)."""
    with platform.database.read() as session:
        return service.risks(session)
