"""in which conversation of short messages a resident was asked; complete callbacks by the units that helped"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("sms_conversation_id", sa.String(40), nullable=True))
    op.create_index("ix_callbacks_sms", "callbacks", ["sms_conversation_id", "state"])
    op.create_table(
        "callback_co_units",
        sa.Column("callback_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(16), nullable=False),
        sa.Column("counted_at", dispatch.core.database.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name=op.f("fk_callback_co_units_callback_id_callbacks")),
        sa.PrimaryKeyConstraint("callback_id", "unit_code", name=op.f("pk_callback_co_units")),
    )
    op.create_index("ix_callback_co_units_unit", "callback_co_units", ["unit_code", "counted_at"])


def downgrade() -> None:
    op.drop_table("callback_co_units")
    op.drop_index("ix_callbacks_sms", "callbacks")
    op.drop_column("callbacks", "sms_conversation_id")
