"""Drafts an Alembic migration from the difference between the tables in code and the newest migration.

``.venv/bin/python -m bot.new_migration 0002 "why the tables change"``; read and mend the draft before committing it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from bot.system import alembic_config, migrate
from dispatch.core.database import Database


def main(revision: str, message: str) -> None:
    """Write ``bot/migrations/versions/<revision>_<message>.py``."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'draft.sqlite3'}")
        migrate(database)
        config = alembic_config()
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message=message, rev_id=revision, autogenerate=True)
        database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:3])
