"""days are counted anew: how long the first answer took is a dimension of its own now"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM day_counts_up_to")


def downgrade() -> None:
    op.execute("DELETE FROM day_counts WHERE dimension = 'wait'")
