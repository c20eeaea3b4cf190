"""Opening a system: keys, migrations, reference data."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from bot.system import alembic_config, migrate, open_platform
from bot.tables import metadata
from dispatch.core.database import Database
from dispatch.core.keys import KeysLostError
from dispatch.core.settings import Settings
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, SYSTEM, WANGJING, accepted, do


def test_keys_are_private_and_their_loss_is_said_loudly(tmp_path: Path) -> None:
    open_platform(Settings(data_dir=tmp_path)).database.dispose()
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / "keys" / "field").unlink()
    with pytest.raises(KeysLostError, match="field"):
        open_platform(Settings(data_dir=tmp_path))
    assert not (tmp_path / "keys" / "field").exists(), "a lost key must not be papered over"


def test_two_data_directories_are_two_systems(tmp_path: Path) -> None:
    first, second = (open_platform(Settings(data_dir=tmp_path / name)) for name in ("one", "two"))
    assert first.keys != second.keys
    for platform in (first, second):
        platform.database.dispose()


def test_migrations_make_exactly_the_tables_in_code_and_unmake_them(database_url: str) -> None:
    database = Database(database_url)
    assert migrate(database)
    with database.engine.connect() as connection:
        made = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        assert made == set(metadata.tables)
        for name, table in metadata.tables.items():
            assert {column["name"] for column in sa.inspect(connection).get_columns(name)} == set(table.columns.keys())
        connection.rollback()
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    assert migrate(database)
    database.dispose()


def test_migrations_keep_what_is_in_the_tables(database_url: str, tmp_path: Path) -> None:
    platform = open_platform(Settings(data_dir=tmp_path, database_url=database_url))
    count = sa.text("SELECT count(*) FROM catalogue_items")
    with platform.database.engine.connect() as connection:
        before = connection.execute(count).scalar()
        connection.rollback()
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.commit()
        assert connection.execute(count).scalar() == before
        connection.rollback()
        assert not migrate(platform.database)
        assert connection.execute(count).scalar() == before
    platform.database.dispose()


def test_migrations_keep_an_order_that_went_through_its_whole_life(platform: Platform) -> None:
    number = accepted(platform, COLD_FLAT)
    do(platform, number, "answer", WANGJING, answer="已修好", no_contact_reason="电话打不通")
    do(platform, number, "close", SYSTEM)
    platform.database.engine.dispose()
    orders = sa.text("SELECT * FROM orders")
    with platform.database.engine.connect() as connection:
        before = dict(connection.execute(orders).mappings().one())
        connection.rollback()
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.commit()
        oldest = dict(connection.execute(orders).mappings().one())
        connection.rollback()
    assert {"number", "state", "description", "contact_phone", "deadline_at", "history_head"} <= set(oldest)
    assert oldest == {name: before[name] for name in oldest}
    assert not migrate(platform.database)
    with platform.database.read() as session:
        after = dict(session.execute(orders).mappings().one())
    assert set(after) == set(before)
    assert {name: after[name] for name in oldest} == oldest
