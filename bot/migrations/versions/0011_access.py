"""idempotency keys, service tokens, idle log-ins, look-up by citizens, orders by time of change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
    op.create_table(
        "service_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=True),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revoked_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["unit_code"], ["units.code"], name=op.f("fk_service_tokens_unit_code_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_service_tokens_token_hash")),
    )
    op.create_table(
        "lookup_attempts",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("hour", moment, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "hour", name=op.f("pk_lookup_attempts")),
    )
    op.add_column("login_sessions", sa.Column("used_at", moment, nullable=True))
    op.create_index("ix_orders_updated", "orders", ["updated_at"])
    op.create_index("ix_orders_unit_updated", "orders", ["unit_code", "updated_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_unit_updated", table_name="orders")
    op.drop_index("ix_orders_updated", table_name="orders")
    op.drop_column("login_sessions", "used_at")
    for table in ("lookup_attempts", "service_tokens", "idempotency_keys"):
        op.drop_table(table)
