"""Carts, one for each shopper, that remember the price at which something was put in."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
CREATE TABLE carts (
    cart_id uuid PRIMARY KEY,
    owner text NOT NULL UNIQUE,
    updated_at timestamptz NOT NULL
);

CREATE TABLE cart_lines (
    cart_id uuid NOT NULL REFERENCES carts,
    sku text NOT NULL REFERENCES products,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000000000),
    saved boolean NOT NULL,
    seen_price_minor bigint NOT NULL CHECK (seen_price_minor >= 0),
    added_at timestamptz NOT NULL,
    PRIMARY KEY (cart_id, sku)
);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE cart_lines, carts")
