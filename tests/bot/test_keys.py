"""A new field key while every encrypted value stays readable: before, half-way and after, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.keys import PLACES
from bot.tables import metadata
from dispatch.core import rotation
from dispatch.core.crypto import FieldCipher
from dispatch.core.database import Database, UTCDateTime
from dispatch.core.keys import load_keys
from dispatch.core.rotation import EncryptedColumns
from dispatch.core.settings import Settings
from dispatch.media.service import FETCH

_ROWS = 3


def _value(column: sa.Column[Any], number: int) -> Any:
    """Return something that fits ``column``."""
    if column.name == "kind" and column.table.name == "outbox":
        return FETCH
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        if target.table.name == "units":
            return "110105"
        return _value(target, number) if target.primary_key else None
    if isinstance(column.type, UTCDateTime):
        return datetime(2026, 11, 23, tzinfo=timezone.utc)
    made: dict[type, Any] = {int: 9000 + number, float: 1.0, bool: False}
    return made.get(column.type.python_type, f"x{number}")


def _fill(database: Database, cipher: FieldCipher) -> int:
    """Put rows into every place with encrypted values; return how many values there are."""
    count = 0
    with database.write() as session:
        for place in sorted(PLACES, key=lambda place: metadata.sorted_tables.index(place.table)):
            for number in range(_ROWS):
                row = {column.name: _value(column, number) for column in place.table.columns if not column.nullable or column.primary_key}
                for name in place.columns:
                    secret = cipher.encrypt(f"{place.table.name}.{name}.{number}")
                    row[name] = {place.inside: secret, "n": number} if place.inside else secret
                    count += 1
                session.execute(sa.insert(place.table).values(row))
    return count


def _read(settings: Settings, cipher: FieldCipher) -> list[str]:
    """Return every encrypted value opened."""
    database = Database(settings.resolved_database_url())
    try:
        with database.read() as session:
            return sorted(
                cipher.decrypt(value) or ""
                for place in PLACES
                for row in session.execute(_everything(place)).mappings()
                for name in place.columns
                if (value := row[name][place.inside] if place.inside else row[name])
            )
    finally:
        database.dispose()


def _everything(place: EncryptedColumns) -> sa.Select[Any]:
    query = sa.select(place.table)
    return query.where(place.table.c.kind == place.kind) if place.kind else query


def _cipher(settings: Settings) -> FieldCipher:
    return FieldCipher(load_keys(settings.data_dir, fresh_system=False))


@pytest.fixture
def filled(settings: Settings) -> tuple[Settings, list[str]]:
    database = Database(settings.resolved_database_url())
    count = _fill(database, _cipher(settings))
    database.dispose()
    values = _read(settings, _cipher(settings))
    assert len(values) == count
    return settings, values


@pytest.fixture
def rotate(settings: Settings) -> Callable[..., Result]:
    where = ["--data-dir", str(settings.data_dir), "--database-url", settings.resolved_database_url()]
    return lambda *more: CliRunner().invoke(app, ["keys", "rotate", *where, *more])


def test_killed_half_way_everything_stays_readable_and_the_next_run_ends_it(
    filled: tuple[Settings, list[str]], rotate: Callable[..., Result]
) -> None:
    settings, values = filled
    file = settings.data_dir / "keys" / "field"
    old = _cipher(settings)
    database = Database(settings.resolved_database_url())
    keys = rotation.put_in_front(file, file.read_text())
    batches = rotation.reencrypt(database, keys, PLACES, size=2)
    for _ in range(5):
        next(batches)
    del batches
    database.dispose()
    assert file.stat().st_mode & 0o777 == 0o600
    assert _read(settings, _cipher(settings)) == values, "half under the old key, half under the new"
    with pytest.raises(InvalidToken):
        _read(settings, old)

    early = rotate("--finish")
    assert early.exit_code == 1
    assert "旧密钥不能去掉" in early.output
    assert rotate().exit_code == 0
    assert file.read_text() == keys, "taken up, not begun anew"
    assert "重新加密了 0 个值" in rotate().output
    assert rotate("--finish").exit_code == 0
    assert file.read_text() == keys.split(",")[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert _read(settings, _cipher(settings)) == values
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == []


def test_a_running_system_or_keys_from_the_environment_are_left_alone(
    filled: tuple[Settings, list[str]], rotate: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, values = filled
    file = settings.data_dir / "keys" / "field"
    before = file.read_text()
    running = Database(settings.resolved_database_url())
    with running.read() as session:
        session.execute(sa.text("SELECT count(*) FROM orders"))
    refused = rotate()
    running.dispose()
    assert refused.exit_code == 1
    assert "系统还在运行" in refused.output

    monkeypatch.setenv("JSJB_KEY_FIELD", before)
    refused = rotate()
    assert refused.exit_code == 1
    assert "JSJB_KEY_FIELD" in refused.output
    assert before not in refused.output
    monkeypatch.setenv("JSJB_KEY_FIELD", f"{Fernet.generate_key().decode()},{before}")
    assert rotate().exit_code == 0
    assert "只留第一个" in rotate("--finish").output
    assert file.read_text() == before
    assert _read(settings, _cipher(settings)) == values


def test_what_no_key_opens_is_reported_and_keeps_the_old_key(filled: tuple[Settings, list[str]], rotate: Callable[..., Result]) -> None:
    settings, _values = filled
    foreign = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    database = Database(settings.resolved_database_url())
    with database.write() as session:
        session.execute(sa.text("UPDATE drafts SET contact_phone = :value WHERE conversation_id = 'x1'"), {"value": foreign})
    database.dispose()
    result = rotate()
    assert result.exit_code == 1
    assert "有 1 个值" in result.output
    assert rotate("--finish").exit_code == 1
    assert "," in (settings.data_dir / "keys" / "field").read_text()
