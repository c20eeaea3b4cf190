"""What the city learns from its orders (Art. 26, 27): analyses are made at night and kept; whoever looks reads the results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from dispatch.core.clock import beijing
from dispatch.insight import analyses, counts, repository
from dispatch.insight.rules import InsightRules, current_rules
from dispatch.insight.schemas import Found, RiskOut, Row
from dispatch.platform import Platform

SURGES, STORIES, REPEATS, FORECASTS, TOPICS = "surges", "stories", "repeats", "forecasts", "topics"


def analyse(platform: Platform, day: date | None = None, rules: InsightRules | None = None) -> date:
    """Count what has changed, make every analysis as of ``day`` (by default yesterday) and keep the results; return the day."""
    rules, now = rules or current_rules(), platform.clock.now()
    day = day or yesterday(now)
    with platform.database.read() as session:
        before = repository.latest(session, SURGES)
    counts.recount_changed(platform.database, now, before.made_at if before else None)
    catalogue = platform.reference.current().catalogue
    with platform.database.read() as session:
        found: dict[str, Sequence[BaseModel]] = {
            SURGES: analyses.surges_of(session, day, catalogue, rules),
            REPEATS: analyses.repeats_of(session, day, catalogue, rules),
            FORECASTS: analyses.forecasts_of(session, day, catalogue, rules),
            TOPICS: analyses.topics_of(session, day, catalogue, rules),
        }
        told = analyses.read_week(session, day, rules)
    found[STORIES] = analyses.stories_of(told, catalogue, rules)
    with platform.database.write() as session:
        for name, rows in found.items():
            repository.put_result(session, name, day, {"floor": rules.floor, "rows": [row.model_dump(mode="json") for row in rows]}, now)
    return day


def yesterday(now: datetime) -> date:
    """Return the last Beijing day that is over."""
    return beijing(now).date() - timedelta(days=1)


def latest(session: Session, name: str, kind: type[Row]) -> Found[Row]:
    """Return the newest result of the analysis ``name``, whose rows are of ``kind``."""
    result = repository.latest(session, name)
    if result is None:
        return Found(day=None, made_at=None, floor=current_rules().floor, rows=[])
    content: dict[str, Any] = result.content
    rows = [kind.model_validate(row) for row in content["rows"]]
    return Found(day=result.day, made_at=beijing(result.made_at), floor=content["floor"], rows=rows)


def risks(session: Session, limit: int = 100) -> list[RiskOut]:
    """Return the newest risks to stability that were pushed, codes of the units told beside each."""
    return [RiskOut(order=row.order_number, units=row.units, at=beijing(row.at)) for row in repository.risks(session, limit)]
