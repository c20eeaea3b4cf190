"""Alembic's entry: migrates the database whose connection ``bot.system`` passes in."""

from __future__ import annotations

from alembic import context

from bot.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    include_object=lambda obj, name, kind, reflected, compare_to: not (kind == "table" and reflected and compare_to is None),
)
with context.begin_transaction():
    context.run_migrations()
