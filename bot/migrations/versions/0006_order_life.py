"""an order's whole life: helping units with deadlines of their own, timers, links, endings"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dispatch.core.database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = (
    "deadline_clock",
    "clock_started_at",
    "next_timer_at",
    "ending",
    "objections",
    "decided",
    "contacted_at",
    "extensions",
    "extended_seconds",
    "reworks",
    "flagged",
    "held_at",
    "hold_until",
    "closed_at",
)


def upgrade() -> None:
    moment = dispatch.core.database.UTCDateTime(timezone=True)
    op.add_column("orders", sa.Column("deadline_clock", sa.String(length=8), nullable=False, server_default="calendar"))
    for name in ("clock_started_at", "next_timer_at", "contacted_at", "held_at", "hold_until", "closed_at"):
        op.add_column("orders", sa.Column(name, moment, nullable=True))
    op.add_column("orders", sa.Column("ending", sa.String(length=16), nullable=True))
    for name in ("objections", "extensions", "extended_seconds", "reworks"):
        op.add_column("orders", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("decided", "flagged"):
        op.add_column("orders", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    there = sa.text("next_timer_at IS NOT NULL")
    op.create_index("ix_orders_timer", "orders", ["next_timer_at"], postgresql_where=there, sqlite_where=there)

    op.create_table(
        "order_co_handlings",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("asked_at", moment, nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("stage_report", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("reported_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_co_handlings_order_id_orders")),
        sa.ForeignKeyConstraint(["unit_code"], ["units.code"], name=op.f("fk_order_co_handlings_unit_code_units")),
        sa.PrimaryKeyConstraint("order_id", "unit_code", name=op.f("pk_order_co_handlings")),
    )
    op.create_index("ix_order_co_handlings_unit", "order_co_handlings", ["unit_code", "state"])
    op.create_table(
        "order_whistles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("called_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("coming_at", moment, nullable=True),
        sa.Column("arrived_at", moment, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_whistles_order_id_orders")),
        sa.ForeignKeyConstraint(["unit_code"], ["units.code"], name=op.f("fk_order_whistles_unit_code_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_whistles")),
    )
    op.create_index("ix_order_whistles_order", "order_whistles", ["order_id"])
    op.create_index("ix_order_whistles_unit", "order_whistles", ["unit_code", "state"])
    op.create_table(
        "order_escalations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=16), nullable=False),
        sa.Column("raised_by", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raised_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_escalations_order_id_orders")),
        sa.ForeignKeyConstraint(["unit_code"], ["units.code"], name=op.f("fk_order_escalations_unit_code_units")),
        sa.ForeignKeyConstraint(["raised_by"], ["units.code"], name=op.f("fk_order_escalations_raised_by_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_escalations")),
    )
    op.create_index("ix_order_escalations_order", "order_escalations", ["order_id"])
    op.create_index("ix_order_escalations_unit", "order_escalations", ["unit_code", "state"])
    op.create_table(
        "order_links",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_links_order_id_orders")),
        sa.ForeignKeyConstraint(["parent_id"], ["orders.id"], name=op.f("fk_order_links_parent_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "relation", name=op.f("pk_order_links")),
    )
    op.create_index("ix_order_links_parent", "order_links", ["parent_id", "relation"])
    op.create_table(
        "order_timers",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("deadline", moment, nullable=False),
        sa.Column("fired_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_timers_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "name", "deadline", name=op.f("pk_order_timers")),
    )
    _carry_over()


def _carry_over() -> None:
    """Orders from before: the clock they were dispatched by, their endings, co-units, and a first look at their timers."""
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "INSERT INTO order_co_handlings (order_id, unit_code, state) "
            "SELECT order_id, unit_code, 'suggested' FROM order_units WHERE relation = 'co'"
        )
    )
    connection.execute(sa.text("DELETE FROM order_units WHERE relation = 'co'"))
    connection.execute(sa.text("UPDATE orders SET clock_started_at = created_at"))
    connection.execute(sa.text("UPDATE orders SET closed_at = updated_at WHERE state IN ('closed', 'withdrawn')"))
    open_states = "('registered', 'dispatched', 'objected', 'accepted')"
    connection.execute(sa.text(f"UPDATE orders SET next_timer_at = created_at WHERE state IN {open_states}"))  # noqa: S608 - our own words
    items = sa.table("catalogue_items", sa.column("version_id"), sa.column("code"), sa.column("item", sa.JSON()))
    orders = sa.table("orders", sa.column("catalogue_version"), sa.column("matter_code"), sa.column("deadline_clock"))
    for version, code, item in connection.execute(sa.select(items.c.version_id, items.c.code, items.c.item)).all():
        if item.get("clock") == "working":
            of_item = (orders.c.catalogue_version == version) & (orders.c.matter_code == code)
            connection.execute(orders.update().where(of_item).values(deadline_clock="working"))


def downgrade() -> None:
    op.get_bind().execute(
        sa.text("INSERT INTO order_units (order_id, unit_code, relation) SELECT order_id, unit_code, 'co' FROM order_co_handlings")
    )
    for table in ("timers", "links", "escalations", "whistles", "co_handlings"):
        op.drop_table(f"order_{table}")
    op.drop_index("ix_orders_timer", table_name="orders")
    for name in _COLUMNS:
        op.drop_column("orders", name)
