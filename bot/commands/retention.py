"""``jsjb retention run``: what is kept longer than it may be, and its erasure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from bot.retention import ERASURES
from bot.system import open_platform
from dispatch.core import retention, rotation
from dispatch.core.clock import beijing_text
from dispatch.core.database import Database
from dispatch.core.rotation import SystemRunningError
from dispatch.core.settings import Settings


class RetentionRefusedError(Exception):
    """Nothing can be erased now; the message says why and what to do."""


def run(settings: Settings, days: int | None, say: Callable[[str], None], *, apply: bool) -> None:
    """Show what is older than ``days`` (or the city's own period), and erase it if ``apply`` says so.

    Raises:
        RetentionRefusedError: there is no system, no period, or the platform runs on its SQLite file.
    """
    days = days or settings.retention_days
    if days is None:
        raise RetentionRefusedError("没有保存期限：请给出 --days，或设置环境变量 JSJB_RETENTION_DAYS")
    if settings.database_url is None and not (settings.data_dir / "jsjb.sqlite3").is_file():
        raise RetentionRefusedError(f"数据目录 {settings.data_dir} 里没有数据库")
    if apply:
        _check_alone(settings)
    platform = open_platform(settings)
    try:
        before = platform.clock.now() - timedelta(days=days)
        say(f"保存期限 {days} 天：{beijing_text(before)} 之前办结的工单、之后再无往来的会话。")
        if not apply:
            for name, count in retention.due(platform, ERASURES, before).items():
                say(f"  {name}  {count}")
            say("这是试算，什么也没有改动；确认后加 --apply 执行，不能撤销。")
            return
        done: Counter[str] = Counter()
        for name, count in retention.run(platform, ERASURES, before):
            done[name] += count
        for name, count in done.items():
            say(f"  {name}  {count}")
        say("已完成匿名处理；工单的分类、时限、回访结果等统计数据不变。")
    finally:
        platform.database.dispose()


def _check_alone(settings: Settings) -> None:
    """On SQLite the platform is the only writer (DESIGN.md section 5); it keeps to the period by itself every night."""
    database = Database(settings.resolved_database_url())
    try:
        if database.is_sqlite:
            rotation.check_alone(database)
    except SystemRunningError as error:
        raise RetentionRefusedError("系统还在运行：请先停止 jsjb up；或设置 JSJB_RETENTION_DAYS，由系统每天夜里自动处理") from error
    finally:
        database.dispose()
