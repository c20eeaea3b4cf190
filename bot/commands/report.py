"""``jsjb report`` and ``jsjb open-data``: what a system publishes about its orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from bot.system import open_platform
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from dispatch.reports import open_data, service
from dispatch.reports.figures import LONGEST


class ReportUsageError(ValueError):
    """An option can't be meant so; the message names it."""


def _opened(settings: Settings, first: date, last: date, folder: Path) -> Platform:
    """Return the system, once the options can be meant so. Raises ReportUsageError."""
    if last < first:
        raise ReportUsageError(f"--to: {last} 早于 --from {first}")
    if last - first > LONGEST:
        raise ReportUsageError("--to: 时段不能超过十年")
    if folder.exists() and not folder.is_dir():
        raise ReportUsageError(f"--out: {folder} 不是目录")
    if settings.database_url is None and not (settings.data_dir / "jsjb.sqlite3").is_file():
        raise ReportUsageError(f"--data-dir: {settings.data_dir} 里没有数据库；先运行 jsjb up，或用 --database-url 指定")
    return open_platform(settings)


def publish(settings: Settings, first: date, last: date, folder: Path, say: Callable[[str], None]) -> None:
    """Write the open data of days ``first`` to ``last`` into ``folder``.

    Raises:
        ReportUsageError: the period, the folder or the system isn't there.
        open_data.UnsafeExtractError: the checks don't pass.
    """
    platform = _opened(settings, first, last, folder)
    try:
        extract = open_data.make(platform, first, last)
        for file in open_data.write(extract, first, last, platform.clock.now(), folder):
            say(str(file))
    finally:
        platform.database.dispose()


def report(
    settings: Settings, first: date, last: date, folder: Path, unit_code: str | None, say: Callable[[str], None], *, with_pdf: bool
) -> None:
    """Write the report on days ``first`` to ``last`` into ``folder``; it only reads, so the platform may run meanwhile.

    Raises:
        ReportUsageError: the period, the folder, the system or the unit isn't there.
    """
    platform = _opened(settings, first, last, folder)
    try:
        unit = platform.reference.current().units.find(unit_code) if unit_code else None
        if unit_code and unit is None:
            raise ReportUsageError(f"--unit: 没有代码为 {unit_code} 的单位")
        made = service.make(platform, first, last, unit=unit)
        for file in service.write(made, folder, with_pdf=with_pdf):
            say(str(file))
    finally:
        platform.database.dispose()
