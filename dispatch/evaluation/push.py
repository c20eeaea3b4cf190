"""Push of a unit's figures when an assessment month is over (Art. 7, 25: 定期通报考评结果)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dispatch.evaluation import service
from dispatch.evaluation.rates import ranked
from dispatch.platform import Platform
from dispatch.webhooks import service as webhooks

_EVENT = "evaluation.month"


def push_finished_month(platform: Platform) -> int:
    """Push last assessment month's figures to every unit that subscribed to them, once; return how many pushes were put in."""
    now = platform.clock.now()
    with platform.database.write() as session:
        first, _ = service.month(session, *service.month_of(session, service.day_of(session, now)))
        year, month = service.month_of(session, first - timedelta(days=1))
        units = {each.unit_code for each in webhooks.listing(session)}
        return webhooks.push(session, units=units, event=_EVENT, subject=f"{year}-{month:02d}", sequence=1, now=now)


def evaluation_body(platform: Platform, unit_code: str, subject: str, _sequence: int) -> dict[str, Any] | None:
    """Return the figures of ``unit_code`` in the assessment month ``subject`` (``2026-11``), zero where it had no callback."""
    year, month = int(subject[:4]), int(subject[5:])
    with platform.database.read() as session:
        first, last = service.month(session, year, month)
        version, rules, counts = service.figures(session, first=first, last=last)
    rows = ranked(counts, rules)
    mine = next((row for row in rows if row.unit_code == unit_code), None)
    body: dict[str, Any] = {
        "month": subject,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "rules_version": version,
        "units": len(rows),
    }
    if mine is None:
        return body | {"rank": None, "valid": 0, "rates": None}
    rates = {name: str(getattr(mine.rates, name)) for name in ("response", "solution", "satisfaction", "composite")}
    return body | {"rank": mine.rank, "valid": mine.counts.valid, "rates": rates}
