"""the unit that owns the subject of a question, in a draft"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("drafts", sa.Column("subject_unit", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "subject_unit")
