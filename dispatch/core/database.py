"""SQLAlchemy set up once for SQLite and PostgreSQL alike.

On SQLite one process writes (DESIGN.md section 5): writers queue on a lock in the process instead of polling SQLite's own,
and each write transaction begins IMMEDIATE so that it can't fail half-way on an upgrade from a read lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.string import StrDumper
from sqlalchemy import DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Session

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of every table; named constraints let Alembic change them on both databases."""

    metadata = MetaData(naming_convention=_NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which has no time zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, turn aware ones to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone was about to be stored")
        value = value.astimezone(timezone.utc)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class Database:
    """One engine, handed out as short sessions: ``read()`` and ``write()``."""

    def __init__(self, url: str) -> None:
        """Open the database at ``url`` (SQLAlchemy form); SQLite's parent directory is made if it is missing."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # PostgreSQL takes a hundred clients as it comes: three platform processes with their jobs have to fit.
        options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            options = {"pool_size": 20, "max_overflow": 20, "connect_args": {"check_same_thread": False, "timeout": 30}}
        self.engine: Engine = create_engine(self.url, **options)
        self._writers = threading.Lock()
        self.before_commit: Callable[[Session], None] = lambda session: None
        """Called with each writing session just before its commit: the job engine takes up what was put into the outbox."""
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgres)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; whatever it changed is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are committed when the block ends, rolled back when it raises."""
        with self._writers if self.is_sqlite else nullcontext(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection = connection.execution_options(sqlite_begin="IMMEDIATE")
            with Session(connection, expire_on_commit=False) as session:
                yield session
                session.flush()
                self.before_commit(session)
                session.commit()
                connection.commit()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")


class _WithoutNul(StrDumper):
    """PostgreSQL's text can't hold NUL; what a resident's phone sent with one in it is kept without it."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", ""))


def _prepare_postgres(connection: Any, _record: Any) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
