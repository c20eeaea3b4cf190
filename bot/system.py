"""Makes a system ready: database migrated, keys there, reference data in it. The same for the server and for commands."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dispatch.catalogue.loader import load_catalogue

from dispatch.accounts import service as accounts
from dispatch.catalogue import service as catalogue
from dispatch.core.clock import Clock, SystemClock
from dispatch.core.crypto import FieldCipher
from dispatch.core.database import Database
from dispatch.core.keys import load_keys
from dispatch.core.live import LiveEvents
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from dispatch.understanding.service import Reference, ReferenceData
from dispatch.units import service as units
from dispatch.units.loader import load_units
from nlu.files import data_path

_DEMO_FILE = "demo-logins.json"


@dataclass(frozen=True, slots=True)
class DemoLogins:
    """The accounts that were made for a fresh system, passwords by name; empty once somebody removed the file."""

    passwords: dict[str, str]


def alembic_config() -> Config:
    """Return Alembic's configuration; the caller adds the connection as the attribute ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(database: Database, revision: str = "head") -> bool:
    """Bring ``database`` to ``revision``; return whether it was empty before."""
    config = alembic_config()
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        fresh = current is None and not sa.inspect(connection).has_table("orders")
        connection.rollback()
        if current != ScriptDirectory.from_config(config).get_current_head() or revision != "head":
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    return fresh


def open_platform(settings: Settings, clock: Clock | None = None) -> Platform:
    """Open the system that ``settings`` describe, making or migrating its database and loading reference data.

    Raises:
        dispatch.core.keys.KeysLostError: the system has data but its keys are gone.
        dispatch.catalogue.loader.CatalogueError: the catalogue files are wrong; the message names file and line.
    """
    clock = clock or SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.resolved_database_url())
    fresh = migrate(database)
    keys = load_keys(settings.data_dir, fresh_system=fresh)
    records = load_units(data_path("units"), data_path("gazetteer", "streets.csv"))
    items = load_catalogue(data_path("catalogue"), {record.code for record in records})
    with database.write() as session:
        units.seed(session, records)
        catalogue.seed(session, items, clock.now())
    return Platform(settings, database, clock, keys, FieldCipher(keys), LiveEvents(), ReferenceData(database))


def demo_logins(platform: Platform) -> DemoLogins:
    """Make the demo accounts of a fresh system, and return them as long as their file is in the data directory."""
    file = platform.settings.data_dir / _DEMO_FILE
    with platform.database.write() as session:
        made = accounts.seed_demo(session)
    if made:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            json.dump(made, handle)
    return DemoLogins(json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})


def reference_from_files() -> Reference:
    """Return catalogue and units as this release ships them, without any database (for ``jsjb understand`` and benchmarks)."""
    records = load_units(data_path("units"), data_path("gazetteer", "streets.csv"))
    items = load_catalogue(data_path("catalogue"), {record.code for record in records})
    return Reference(catalogue.Catalogue(0, items), units.Directory(units.entry(record) for record in records))
