"""callbacks, appeals against their results, and the three rates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COUNTS = ("valid", "contacted", "resolved", "partial", "satisfied", "neutral", "excluded")


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("co_units", sa.JSON(), nullable=False),
        sa.Column("matter_code", sa.String(length=8), nullable=True),
        sa.Column("conversation_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("asking", sa.String(length=12), nullable=True),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("asked_at", moment, nullable=True),
        sa.Column("reminded_at", moment, nullable=True),
        sa.Column("ends_at", moment, nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("resolved", sa.String(length=8), nullable=True),
        sa.Column("satisfied", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(length=80), nullable=True),
        sa.Column("counted_at", moment, nullable=True),
        sa.Column("excluded", sa.String(length=400), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["unit_code"], ["units.code"], name=op.f("fk_callbacks_unit_code_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("order_number", "round", name=op.f("uq_callbacks_order_number")),
    )
    op.create_index("ix_callbacks_due", "callbacks", ["next_at"])
    op.create_index("ix_callbacks_unit", "callbacks", ["unit_code", "counted_at"])
    op.create_index("ix_callbacks_counted", "callbacks", ["counted_at"])
    op.create_index("ix_callbacks_conversation", "callbacks", ["conversation_id", "state"])
    op.create_index("ix_callbacks_phone", "callbacks", ["state", "ends_at"])
    op.create_table(
        "callback_appeals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("callback_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name=op.f("fk_callback_appeals_callback_id_callbacks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_appeals")),
        sa.UniqueConstraint("callback_id", name=op.f("uq_callback_appeals_callback_id")),
    )
    op.create_index(op.f("ix_callback_appeals_state"), "callback_appeals", ["state"])
    op.create_table(
        "evaluation_rules",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_evaluation_rules")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_evaluation_rules_valid_from")),
    )
    op.create_table(
        "evaluation_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("part", sa.String(length=4), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("day", "unit_code", "part", name=op.f("pk_evaluation_days")),
    )
    op.create_index("ix_evaluation_days_unit", "evaluation_days", ["unit_code", "day"])


def downgrade() -> None:
    for table in ("evaluation_days", "evaluation_rules", "callback_appeals", "callbacks"):
        op.drop_table(table)
