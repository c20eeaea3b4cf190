"""counts of orders by day, place and matter; what the analysis found; risks pushed; an index to find what an order repeats"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    counts = [("filed", sa.Integer()), ("reworked", sa.Integer()), ("overdue", sa.Integer())]
    op.create_table(
        "order_day_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("district", sa.String(32), nullable=False),
        sa.Column("street", sa.String(32), nullable=False),
        sa.Column("matter", sa.String(8), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in counts),
        sa.PrimaryKeyConstraint("day", "district", "street", "matter", name=op.f("pk_order_day_counts")),
    )
    op.create_table(
        "matter_day_counts",
        sa.Column("matter", sa.String(8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in counts),
        sa.PrimaryKeyConstraint("matter", "day", name=op.f("pk_matter_day_counts")),
    )
    op.create_index(op.f("ix_matter_day_counts_day"), "matter_day_counts", ["day"])
    op.create_table(
        "insight_results",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name=op.f("pk_insight_results")),
    )
    op.create_table(
        "insight_risks",
        sa.Column("order_number", sa.String(24), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("order_number", name=op.f("pk_insight_risks")),
    )
    op.create_index(op.f("ix_insight_risks_at"), "insight_risks", ["at"])
    op.create_index("ix_orders_street_matter", "orders", ["street", "matter_code", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_street_matter", "orders")
    for table in ("insight_risks", "insight_results", "matter_day_counts", "order_day_counts"):
        op.drop_table(table)
