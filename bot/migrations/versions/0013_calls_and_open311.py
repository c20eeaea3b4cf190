"""transcribed calls, requests that came by Open311"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.create_table(
        "open311_requests",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("service_code", sa.String(length=8), nullable=False),
        sa.Column("requested_at", moment, nullable=False),
        sa.Column("address", sa.String(length=400), nullable=True),
        sa.Column("address_id", sa.String(length=16), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("email", sa.String(length=600), nullable=True),
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_open311_requests")),
        sa.UniqueConstraint("token", name=op.f("uq_open311_requests_token")),
    )
    op.create_index(op.f("ix_open311_requests_requested_at"), "open311_requests", ["requested_at"])
    op.create_index("ix_open311_requests_service", "open311_requests", ["service_code", "requested_at"])
    op.create_table(
        "transcript_calls",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("alarmed", sa.Boolean(), nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=True),
        sa.Column("agent", sa.String(length=40), nullable=True),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_transcript_calls")),
    )
    op.create_table(
        "transcript_segments",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("segment_id", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.String(length=8), nullable=False),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("end", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["transcript_calls.call_id"], name=op.f("fk_transcript_segments_call_id_transcript_calls")),
        sa.PrimaryKeyConstraint("call_id", "segment_id", name=op.f("pk_transcript_segments")),
    )


def downgrade() -> None:
    op.drop_table("transcript_segments")
    op.drop_table("transcript_calls")
    op.drop_table("open311_requests")
