"""counts of orders by day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COUNTS = ("filed", "dispatched", "answered", "on_time", "overdue", "closed", "reworked", "extended", "objected")


def upgrade() -> None:
    op.create_table(
        "day_counts",
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("answer_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dimension", "day", "key", name=op.f("pk_day_counts")),
    )
    op.create_table(
        "day_counts_up_to",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("moment", dispatch.core.database.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_counts_up_to")),
    )


def downgrade() -> None:
    op.drop_table("day_counts_up_to")
    op.drop_table("day_counts")
