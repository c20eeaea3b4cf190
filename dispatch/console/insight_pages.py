"""The pages of the analysis: what was found last night, as tables with bars, and through to the orders behind them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import Pages, Visitor
from dispatch.core.problems import Problem
from dispatch.insight import service as insight
from dispatch.insight.schemas import ForecastOut, RepeatOut, StoryOut, SurgeOut, TopicOut
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/insight", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

TABS = {"": "热点", "stories": "同一件事", "topics": "每月一题", "forecasts": "预测预警", "repeats": "反复诉求", "risks": "涉稳推送"}
_RISK_READERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR})


def _tabs(who: LoggedIn) -> dict[str, str]:
    return {value: label for value, label in TABS.items() if value != "risks" or who.role in _RISK_READERS}


@router.get("")
def surges_page(platform: PlatformDep, who: Visitor) -> Response:
    """Hot spots, the expectation beside each."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.SURGES, SurgeOut)
    most = max((max(row.observed, row.expected) for row in found.rows), default=1)
    return pages.render("insight.html", who, tabs=_tabs(who), tab="", found=found, most=most)


@router.get("/stories")
def stories_page(platform: PlatformDep, who: Visitor) -> Response:
    """What many told of in different words."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.STORIES, StoryOut)
    most = max((row.people for row in found.rows), default=1)
    return pages.render("insight_stories.html", who, tabs=_tabs(who), tab="stories", found=found, most=most)


@router.get("/topics")
def topics_page(platform: PlatformDep, who: Visitor) -> Response:
    """The list for 每月一题."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.TOPICS, TopicOut)
    most = max((row.filed for row in found.rows), default=1)
    return pages.render("insight_topics.html", who, tabs=_tabs(who), tab="topics", found=found, most=most)


@router.get("/forecasts")
def forecasts_page(platform: PlatformDep, who: Visitor) -> Response:
    """Next month, matter by matter, warnings first."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.FORECASTS, ForecastOut)
    most = max((max(row.expected, row.last_month) for row in found.rows), default=1)
    return pages.render("insight_forecasts.html", who, tabs=_tabs(who), tab="forecasts", found=found, most=most)


@router.get("/repeats")
def repeats_page(platform: PlatformDep, who: Visitor) -> Response:
    """Matters that people came back with."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.REPEATS, RepeatOut)
    most = max((row.people for row in found.rows), default=1)
    return pages.render("insight_repeats.html", who, tabs=_tabs(who), tab="repeats", found=found, most=most)


@router.get("/risks")
def risks_page(platform: PlatformDep, who: Visitor) -> Response:
    """Risks to stability that were pushed, and to whom; for those who supervise."""
    if who.role not in _RISK_READERS:
        raise Problem(403, "没有权限", "涉稳推送对派单员、督办员和审计员开放", kind="forbidden")
    units = platform.reference.current().units
    with platform.database.read() as session:
        rows = insight.risks(session)
    names = {code: unit.name if (unit := units.find(code)) else "督办员" for row in rows for code in row.units}
    return pages.render("insight_risks.html", who, tabs=_tabs(who), tab="risks", rows=rows, names=names)
