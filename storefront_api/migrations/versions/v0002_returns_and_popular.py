"""Indexes for what came back of an order, and for the latest orders."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX stock_movements_returned ON stock_movements (reference, sku) "
        "WHERE reason = 'return'"
    )
    op.execute("CREATE INDEX orders_by_time ON orders (ordered_at)")


def downgrade() -> None:
    op.execute("DROP INDEX orders_by_time")
    op.execute("DROP INDEX stock_movements_returned")
