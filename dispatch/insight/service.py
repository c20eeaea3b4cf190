"""What the city learns from its orders (Art. 26, 27): analyses are made at night and kept; whoever looks reads the results."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.catalogue.service import Catalogue
from dispatch.core.clock import beijing
from dispatch.insight import counts, hotspots, repository
from dispatch.insight.rules import InsightRules, current_rules
from dispatch.insight.schemas import Found, Row, SurgeOut
from dispatch.platform import Platform

SURGES = "surges"


def analyse(platform: Platform, day: date | None = None, rules: InsightRules | None = None) -> date:
    """Count what has changed, make every analysis as of ``day`` (by default yesterday) and keep the results; return the day."""
    rules, now = rules or current_rules(), platform.clock.now()
    day = day or yesterday(now)
    with platform.database.read() as session:
        before = repository.latest(session, SURGES)
    counts.recount_changed(platform.database, now, before.made_at if before else None)
    catalogue = platform.reference.current().catalogue
    with platform.database.read() as session:
        found = {SURGES: _surges(session, day, catalogue, rules)}
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


def matter_name(catalogue: Catalogue, code: str) -> str:
    """Return the name of an item, or of a group given by its two digits; the code itself where the catalogue has neither."""
    if item := catalogue.find(code):
        return item.name
    return next((item.group for item in catalogue.items.values() if item.code[:2] == code), code)


def _surges(session: Session, day: date, catalogue: Catalogue, rules: InsightRules) -> list[SurgeOut]:
    return [
        SurgeOut(
            district=surge.cell.district or None,
            street=surge.cell.street or None,
            matter_code=surge.cell.matter,
            matter=matter_name(catalogue, surge.cell.matter),
            days=surge.days,
            observed=surge.observed,
            expected=surge.expected,
            ratio=round(surge.observed / max(surge.expected, 0.1), 1),
            q=round(surge.q, 4),
        )
        for surge in hotspots.find(session, day, rules)
    ]
