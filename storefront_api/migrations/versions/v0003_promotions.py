"""Promotion codes, who used them how often, and what they took off each order."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE TABLE promotions (
        code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{2,31}$'),
        kind text NOT NULL CHECK (kind IN ('percent', 'amount')),
        value bigint NOT NULL CHECK (value >= 1),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        department text NOT NULL,
        min_total_minor bigint NOT NULL CHECK (min_total_minor >= 0),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz CHECK (ends_at > starts_at),
        max_uses integer CHECK (max_uses >= 1),
        max_uses_per_shopper integer CHECK (max_uses_per_shopper >= 1),
        stackable boolean NOT NULL,
        used bigint NOT NULL DEFAULT 0,
        CONSTRAINT a_percentage_is_at_most_all CHECK (kind <> 'percent' OR value <= 10000),
        CONSTRAINT uses_stay_within_the_limit CHECK (used <= max_uses)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE promotion_shoppers (
        code text NOT NULL REFERENCES promotions,
        subject text NOT NULL,
        used integer NOT NULL CHECK (used >= 1),
        PRIMARY KEY (code, subject)
    )
    """,
    """
    CREATE TABLE order_discounts (
        order_id uuid NOT NULL,
        position integer NOT NULL CHECK (position >= 1),
        code text NOT NULL REFERENCES promotions,
        line_number integer NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor >= 1),
        PRIMARY KEY (order_id, position, line_number),
        FOREIGN KEY (order_id, line_number) REFERENCES order_lines
    )
    """,
    "CREATE TRIGGER order_discounts_is_append_only BEFORE UPDATE OR DELETE ON order_discounts "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("order_discounts", "promotion_shoppers", "promotions"):
        op.execute(f"DROP TABLE {table}")
