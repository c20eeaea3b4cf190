"""what is sent on channels that push, opt-outs, senders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    with op.batch_alter_table("messages") as table:
        table.add_column(sa.Column("content", sa.JSON(), nullable=True))
        table.add_column(sa.Column("delivery", sa.String(length=12), nullable=True))
    op.create_table(
        "message_parts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("buttons", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("provider_id", sa.String(length=120), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_parts_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_parts")),
    )
    op.create_index("ix_message_parts_message", "message_parts", ["message_id", "number"])
    op.create_index("ix_message_parts_state", "message_parts", ["state", "updated_at"])
    op.create_table(
        "opt_outs",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_lookup", sa.String(length=64), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_lookup", name=op.f("pk_opt_outs")),
    )
    op.create_table(
        "senders",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_lookup", sa.String(length=64), nullable=False),
        sa.Column("window_started_at", moment, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.SmallInteger(), nullable=False),
        sa.Column("last_strike_at", moment, nullable=True),
        sa.Column("limited_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("channel", "address_lookup", name=op.f("pk_senders")),
    )


def downgrade() -> None:
    op.drop_table("senders")
    op.drop_table("opt_outs")
    op.drop_table("message_parts")
    with op.batch_alter_table("messages") as table:
        table.drop_column("delivery")
        table.drop_column("content")
