"""what administrators do is on record; the history of orders by time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "administration_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", dispatch.core.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administration_acts")),
    )
    op.create_index(op.f("ix_administration_acts_at"), "administration_acts", ["at"])
    op.create_index(op.f("ix_order_events_at"), "order_events", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_order_events_at"), "order_events")
    op.drop_table("administration_acts")
