"""The pages of the analysis: what was found last night, as tables with bars, and through to the orders behind them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

from dispatch.console.pages import Pages, Visitor
from dispatch.insight import service as insight
from dispatch.insight.schemas import SurgeOut
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/insight", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

TABS = {"": "热点"}


@router.get("")
def surges_page(platform: PlatformDep, who: Visitor) -> Response:
    """Hot spots, the expectation beside each."""
    with platform.database.read() as session:
        found = insight.latest(session, insight.SURGES, SurgeOut)
    most = max((row.observed for row in found.rows), default=1)
    return pages.render("insight.html", who, tabs=TABS, tab="", found=found, most=most)
