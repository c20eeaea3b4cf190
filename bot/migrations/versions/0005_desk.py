"""the operators' desk: queue by urgency, assignment, presence, groups, notes, canned replies"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = dispatch.core.database.UTCDateTime(timezone=True)


def _added() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("urgency", sa.SmallInteger(), nullable=True),
        sa.Column("group_code", sa.String(length=16), nullable=True),
        sa.Column("offered_to", sa.String(length=40), nullable=True),
        sa.Column("offered_at", _TIME, nullable=True),
        sa.Column("passed_by", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("held_since", _TIME, nullable=True),
        sa.Column("unanswered_since", _TIME, nullable=True),
        sa.Column("last_words", sa.String(length=80), nullable=True),
    )


_INDEXES = {
    "ix_conversations_queue": ["urgency", "attention_since", "id"],
    "ix_conversations_holder": ["holder", "last_message_at", "id"],
    "ix_conversations_operator": ["operator", "last_message_at"],
    "ix_conversations_offered": ["offered_to", "offered_at"],
    "ix_conversations_latest": ["last_message_at", "id"],
}


def upgrade() -> None:
    op.drop_index("ix_conversations_queue", table_name="conversations")
    for column in _added():
        op.add_column("conversations", column)
    op.execute(
        "UPDATE conversations SET urgency = CASE attention_reason WHEN 'emergency' THEN 0 WHEN 'stability_risk' THEN 1 ELSE 2 END "
        "WHERE attention_reason IS NOT NULL AND holder <> 'operator'"
    )
    op.execute("UPDATE conversations SET held_since = last_message_at WHERE holder = 'operator'")
    op.execute(
        "UPDATE conversations SET last_words = (SELECT substr(m.text, 1, 80) FROM messages m WHERE m.id = "
        "(SELECT max(n.id) FROM messages n WHERE n.conversation_id = conversations.id AND n.author = 'resident'))"
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "conversations", columns)
    op.create_table(
        "conversation_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_conversation_notes_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_notes")),
    )
    op.create_index("ix_conversation_notes_conversation", "conversation_notes", ["conversation_id", "id"])
    op.create_table(
        "desk_operators",
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("state_since", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        sa.Column("last_offer", _TIME, nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_desk_operators")),
    )
    op.create_index("ix_desk_operators_state", "desk_operators", ["state", "last_seen"])
    op.create_table(
        "desk_groups",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("districts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_desk_groups")),
    )
    op.create_table(
        "desk_canned_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.String(length=40), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_canned_replies")),
    )
    op.create_index("ix_desk_canned_replies_owner", "desk_canned_replies", ["owner"])
    op.create_table(
        "desk_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_settings")),
    )


def downgrade() -> None:
    for name in ("desk_settings", "desk_canned_replies", "desk_groups", "desk_operators", "conversation_notes"):
        op.drop_table(name)
    for name in _INDEXES:
        op.drop_index(name, table_name="conversations")
    with op.batch_alter_table("conversations") as table:
        for column in _added():
            table.drop_column(column.name)
    op.create_index("ix_conversations_queue", "conversations", ["attention_reason", "attention_since"])
