"""What the analysis does by itself."""

from __future__ import annotations

from dispatch.core.jobs import Periodic
from dispatch.insight import counts, service
from dispatch.platform import Platform


def count_today(platform: Platform) -> None:
    """Keep today's counts fresh."""
    counts.recount_today(platform.database, platform.clock.now())


def analyse(platform: Platform) -> None:
    """Make every analysis as of yesterday."""
    service.analyse(platform)


PERIODIC = [Periodic("insight-count", "*/10 * * * *", count_today), Periodic("insight-analyse", "20 1 * * *", analyse)]
"""Cron in Beijing time."""
