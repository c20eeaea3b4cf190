"""the knowledge base: list of gaps, counts by day, what became of each question"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from dispatch.core.database import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = UTCDateTime(timezone=True)


def _added() -> list[sa.Column[Any]]:
    """Return new columns each time: one that was added belongs to its table."""
    return [
        sa.Column("nearest_id", sa.String(length=64), nullable=True),
        sa.Column("picked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("unsolved", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("pending", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=True),
    ]


def upgrade() -> None:
    for column in _added():
        op.add_column("knowledge_consultations", column)
    op.create_index("ix_knowledge_consultations_pending", "knowledge_consultations", ["pending", "id"])
    op.create_index("ix_knowledge_consultations_gap", "knowledge_consultations", ["gap_id", "id"])
    op.create_table(
        "knowledge_gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("vector_model", sa.String(length=16), nullable=False),
        sa.Column("nearest_id", sa.String(length=64), nullable=True),
        sa.Column("unit_code", sa.String(length=16), nullable=True),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("unsolved", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_gaps")),
    )
    op.create_index("ix_knowledge_gaps_list", "knowledge_gaps", ["state", "asked", "id"])
    op.create_index("ix_knowledge_gaps_unit", "knowledge_gaps", ["unit_code", "state", "asked"])
    op.create_index("ix_knowledge_gaps_recent", "knowledge_gaps", ["state", "id"])
    op.create_table(
        "knowledge_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("solved", sa.Integer(), nullable=False),
        sa.Column("unsolved", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "entry_id", name=op.f("pk_knowledge_days")),
    )
    op.create_index("ix_knowledge_days_unit", "knowledge_days", ["unit_code", "day"])


def downgrade() -> None:
    op.drop_table("knowledge_days")
    op.drop_table("knowledge_gaps")
    op.drop_index("ix_knowledge_consultations_pending", table_name="knowledge_consultations")
    op.drop_index("ix_knowledge_consultations_gap", table_name="knowledge_consultations")
    for column in _added():
        op.drop_column("knowledge_consultations", column.name)
