"""``jsjb corrections``: overruled readings as training rows."""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa

from dispatch.core.database import Database
from dispatch.core.settings import Settings
from dispatch.understanding import corrections
from dispatch.understanding.corrections import CorrectedField


class NoSystemError(Exception):
    """There is no system where the settings say; the message names the place."""


def export(settings: Settings, field: CorrectedField, out: Path | None) -> int:
    """Write the corrections of ``field`` as CSV to ``out`` or stdout, and return how many there are. Nothing else is written."""
    if settings.database_url is None and not (settings.data_dir / "jsjb.sqlite3").is_file():
        raise NoSystemError(f"数据目录 {settings.data_dir} 里没有数据库")
    database = Database(settings.resolved_database_url())
    try:
        with database.read() as session:
            lines = list(corrections.export(session, field))
    except sa.exc.SQLAlchemyError as error:
        raise NoSystemError(f"读不了数据库：{type(error).__name__}；请先用 jsjb up 建好或升级系统") from error
    finally:
        database.dispose()
    if out is None:
        sys.stdout.writelines(lines)
    else:
        out.write_text("".join(lines), encoding="utf-8")
    return len(lines) - 1
