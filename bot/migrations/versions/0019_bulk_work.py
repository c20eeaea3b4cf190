"""bulk work of dispatchers; orders that were sent back so often that the supervisor looks at them are found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.create_table(
        "bulk_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_bulk_jobs_key")),
    )
    op.create_index(op.f("ix_bulk_jobs_by"), "bulk_jobs", ["by"])
    op.create_table(
        "bulk_items",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("said", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_jobs.id"], name=op.f("fk_bulk_items_job_id_bulk_jobs")),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_bulk_items")),
    )
    op.create_index("ix_bulk_items_state", "bulk_items", ["job_id", "state", "position"])
    op.create_index(
        "ix_orders_flagged", "orders", ["deadline_at"], postgresql_where=sa.text("flagged"), sqlite_where=sa.text("flagged = 1")
    )


def downgrade() -> None:
    op.drop_index("ix_orders_flagged", "orders")
    op.drop_table("bulk_items")
    op.drop_table("bulk_jobs")
