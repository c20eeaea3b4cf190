"""corrections of what the system understood; who published a version of the catalogue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "understanding_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", dispatch.core.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("predicted", sa.String(length=80), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("corrected", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_understanding_corrections")),
    )
    op.create_index("ix_understanding_corrections_field", "understanding_corrections", ["field", "id"])
    op.add_column("catalogue_versions", sa.Column("published_by", sa.String(length=40), nullable=True))


def downgrade() -> None:
    # No batch: SQLite would copy the table and drop the old one, which the items that refer to it forbid.
    op.drop_column("catalogue_versions", "published_by")
    op.drop_index("ix_understanding_corrections_field", table_name="understanding_corrections")
    op.drop_table("understanding_corrections")
