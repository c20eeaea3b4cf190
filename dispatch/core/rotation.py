"""Changing the key of encrypted fields: a new key goes in front, every value is written anew under it, the old key goes last.

At every moment each value is readable with the keys on disk, and a run that was killed is taken up by running it again: values
already under the new key are recognised by trying that key alone.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from dispatch.core.database import Database

BATCH = 500
"""Rows in one transaction."""


class SystemRunningError(Exception):
    """Somebody else is connected to the database: a process with only the old key couldn't read what is written under the new one."""


@dataclass(frozen=True, slots=True)
class EncryptedColumns:
    """Where encrypted values stand: in ``columns`` of ``table`` or, with ``inside``, under that name in JSON columns.

    ``kind`` restricts the table to rows whose column ``kind`` says so.
    """

    table: sa.Table
    columns: tuple[str, ...]
    inside: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: values written anew, and values that no key opens."""

    renewed: int
    unreadable: int


def put_in_front(file: Path, keys: str) -> str:
    """Make a new key, put it before ``keys`` in ``file`` and return the whole line."""
    line = f"{Fernet.generate_key().decode()},{keys}"
    write_key(file, line)
    return line


def write_key(file: Path, line: str) -> None:
    """Replace ``file`` by one that holds ``line``, mode 0600: a crash leaves the old one or the new one, never a part."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_alone(database: Database) -> None:
    """Raise SystemRunningError if anybody else has the database open. To be called before ``database`` is used otherwise."""
    if database.is_sqlite:
        connection = sqlite3.connect(database.url.database or "", timeout=0, isolation_level=None)
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise SystemRunningError("sqlite") from error
        finally:
            connection.close()
        return
    with database.read() as session:
        others = session.execute(
            sa.text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    if others:
        raise SystemRunningError("postgresql")


def reencrypt(database: Database, keys: str, places: Iterable[EncryptedColumns], *, size: int = BATCH) -> Iterator[Batch]:
    """Write every value in ``places`` anew under the first of ``keys`` and yield what each transaction did, once it is committed."""
    newest, every = Fernet(keys.split(",")[0]), MultiFernet([Fernet(key) for key in keys.split(",")])
    for place in places:
        after: tuple[Any, ...] | None = None
        while True:
            with database.write() as session:
                rows = _rows(session, place, after, size)
                renewed = unreadable = 0
                for row in rows:
                    done, failed = _renew(session, place, row, newest, every)
                    renewed, unreadable = renewed + done, unreadable + failed
            if not rows:
                break
            yield Batch(renewed, unreadable)
            after = tuple(rows[-1][column.name] for column in place.table.primary_key)


def left_over(database: Database, newest: str, places: Iterable[EncryptedColumns], *, size: int = BATCH) -> int:
    """Return how many values in ``places`` the key ``newest`` alone doesn't open."""
    key, count = Fernet(newest), 0
    for place in places:
        after: tuple[Any, ...] | None = None
        while True:
            with database.read() as session:
                rows = _rows(session, place, after, size)
            if not rows:
                break
            count += sum(not _opens(key, value) for row in rows for _column, value in _values(place, row))
            after = tuple(rows[-1][column.name] for column in place.table.primary_key)
    return count


def _rows(session: Session, place: EncryptedColumns, after: tuple[Any, ...] | None, size: int) -> list[sa.RowMapping]:
    primary = list(place.table.primary_key)
    query = sa.select(*primary, *(place.table.c[name] for name in place.columns)).order_by(*primary).limit(size)
    if place.kind is not None:
        query = query.where(place.table.c.kind == place.kind)
    if after is not None:
        given = (sa.literal(value, column.type) for column, value in zip(primary, after, strict=True))
        query = query.where(sa.tuple_(*primary) > sa.tuple_(*given))
    return list(session.execute(query).mappings())


def _values(place: EncryptedColumns, row: sa.RowMapping) -> Iterator[tuple[str, str]]:
    for name in place.columns:
        value = row[name] if place.inside is None else (row[name] or {}).get(place.inside)
        if value:
            yield name, value


def _opens(key: Fernet, value: str) -> bool:
    try:
        key.decrypt(value.encode())
    except InvalidToken:
        return False
    return True


def _renew(session: Session, place: EncryptedColumns, row: sa.RowMapping, newest: Fernet, every: MultiFernet) -> tuple[int, int]:
    """Write the values of ``row`` anew; return how many were written and how many no key opens."""
    renewed = unreadable = 0
    for name, value in _values(place, row):
        if _opens(newest, value):
            continue
        try:
            fresh = newest.encrypt(every.decrypt(value.encode())).decode()
        except InvalidToken:
            unreadable += 1
            continue
        update = sa.update(place.table).where(*(column == row[column.name] for column in place.table.primary_key))
        if place.inside is None:
            # Somebody else's newer value stays: it was written under the new key.
            update = update.where(place.table.c[name] == value).values({name: fresh})
        else:
            update = update.values({name: {**row[name], place.inside: fresh}})
        session.execute(update)
        renewed += 1
    return renewed, unreadable
