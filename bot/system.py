"""Makes a system ready: database migrated, keys there, reference data in it. The same for the server and for commands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot import wiring
from channels.desk import staffing
from dispatch.accounts import service as accounts
from dispatch.catalogue import service as catalogue
from dispatch.catalogue.loader import load_catalogue
from dispatch.core.clock import Clock, SystemClock, beijing
from dispatch.core.crypto import FieldCipher
from dispatch.core.database import Database
from dispatch.core.keys import load_keys
from dispatch.core.live import LiveEvents
from dispatch.core.settings import Settings
from dispatch.knowledge import service as knowledge
from dispatch.knowledge.live import KnowledgeBase
from dispatch.platform import Platform
from dispatch.understanding import learned
from dispatch.understanding.service import Reference, ReferenceData, reference_with, understand
from dispatch.units import service as units
from dispatch.units.loader import load_units
from nlu.files import data_path

_DEMO_FILE = "demo-logins.json"
_ADDRESS_FILE = "platform-address"


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
        dispatch.understanding.learned.ModelError: a learned model that the settings name can't be used.
    """
    wiring.connect()
    models = learned.load(settings)
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
        staffing.seed(session, clock.now())
    return Platform(
        settings,
        database,
        clock,
        keys,
        FieldCipher(keys),
        LiveEvents(database.url),
        ReferenceData(database, models),
        KnowledgeBase(database),
    )


def demo_logins(platform: Platform) -> DemoLogins:
    """Make the demo accounts of a fresh system, and return them as long as their file is in the data directory."""
    file = platform.settings.data_dir / _DEMO_FILE
    with platform.database.write() as session:
        made = accounts.seed_demo(session)
    if made:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            json.dump(made, handle)
    return DemoLogins(json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})


def unit_codes(platform: Platform) -> Callable[[str], str | None]:
    """Return a function from a unit's name, as a document gives it, to its code."""
    units_in_force = platform.reference.current().units
    return knowledge.unit_finder((unit.code, unit.name, unit.short) for unit in units_in_force.all())


def seed_knowledge(platform: Platform) -> int:
    """Take in the knowledge that this release brings (热线知识库, Art. 13); return how many entries were new or changed."""
    return knowledge.seed(platform.database, platform.clock.now(), unit_code=unit_codes(platform))


def warm_up(platform: Platform) -> None:
    """Load what the first message and the first question would otherwise wait for."""
    understand("望京西园四区的路灯坏了，电话稍后再说", platform.reference.current())
    platform.knowledge.search("居住证怎么办理", on=beijing(platform.clock.now()).date())


def announce(settings: Settings) -> Path:
    """Leave word in the data directory of where the platform listens, for commands that must write through it."""
    file = settings.data_dir / _ADDRESS_FILE
    file.write_text(f"http://{settings.host}:{settings.port}", encoding="ascii")
    return file


def running_platform(settings: Settings) -> tuple[str, str] | None:
    """Return address and service token of the platform that runs on this data directory, or None if none does."""
    file = settings.data_dir / _ADDRESS_FILE
    if not file.is_file():
        return None
    url = file.read_text(encoding="ascii").strip()
    try:
        alive = httpx.get(f"{url}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return None
    return (url, load_keys(settings.data_dir, fresh_system=False).service) if alive else None


def reference_in_force(settings: Settings) -> Reference:
    """Return catalogue and units as they are in force in a system, or as this release ships them where there is no system yet.

    Nothing is made or written. Raises ModelError if a learned model that the settings name can't be used.
    """
    models = learned.load(settings)
    database_file = settings.data_dir / "jsjb.sqlite3"
    if settings.database_url is not None or database_file.is_file():
        database = Database(settings.resolved_database_url())
        try:
            return ReferenceData(database, models).current()
        except (LookupError, sa.exc.SQLAlchemyError):
            pass  # no system in it yet: the release's own files are what would be in force
        finally:
            database.dispose()
    records = load_units(data_path("units"), data_path("gazetteer", "streets.csv"))
    items = load_catalogue(data_path("catalogue"), {record.code for record in records})
    return reference_with(catalogue.Catalogue(0, items), units.Directory(units.entry(record) for record in records), models)


def learned_labels(settings: Settings, platform: Platform) -> list[tuple[str, str, int, int]]:
    """Return for each learned model what it reads, its file, how many of its labels mean something here, and how many there are.

    Raises ModelError if none of a model's labels means anything here.
    """
    reference = platform.reference.current()
    return learned.usable_labels(learned.load(settings), reference.catalogue, reference.units)
