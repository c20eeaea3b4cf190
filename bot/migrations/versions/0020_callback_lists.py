"""lists of callbacks by state and of those that aren't assessed, newest first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    assessed = sa.text("excluded IS NOT NULL")
    op.create_index("ix_callbacks_state", "callbacks", ["state", "id"])
    op.create_index("ix_callbacks_excluded", "callbacks", ["id"], postgresql_where=assessed, sqlite_where=assessed)


def downgrade() -> None:
    op.drop_index("ix_callbacks_excluded", "callbacks")
    op.drop_index("ix_callbacks_state", "callbacks")
