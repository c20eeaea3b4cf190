"""files that residents send, words in pictures, links as evidence"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.create_table(
        "media_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("filename", sa.String(length=200), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=120), nullable=True),
        sa.Column("position", sa.String(length=300), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_files")),
        sa.UniqueConstraint("owner", "digest", name=op.f("uq_media_files_owner")),
    )
    op.create_table(
        "media_words",
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("media_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media_files.id"], name=op.f("fk_media_words_media_id_media_files")),
        sa.PrimaryKeyConstraint("word", "media_id", name=op.f("pk_media_words")),
    )
    op.create_index("ix_media_words_media_id", "media_words", ["media_id"])
    op.create_table(
        "media_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_links")),
        sa.UniqueConstraint("owner", "digest", name=op.f("uq_media_links_owner")),
    )


def downgrade() -> None:
    op.drop_table("media_links")
    op.drop_table("media_words")
    op.drop_table("media_files")
