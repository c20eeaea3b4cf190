"""when orders and conversations were erased; salts under which an event's words can be erased without breaking its chain"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.add_column("orders", sa.Column("anonymised_at", moment, nullable=True))
    op.add_column("conversations", sa.Column("erased_at", moment, nullable=True))
    op.add_column("order_events", sa.Column("salts", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("order_events", "salts")
    op.drop_column("conversations", "erased_at")
    op.drop_column("orders", "anonymised_at")
