"""Stock that is kept for a checkout until it ends, and the checkouts."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = """
ALTER TABLE stock ADD COLUMN reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    ADD CONSTRAINT what_is_reserved_is_there CHECK (reserved <= on_hand);

CREATE TABLE reservations (
    reservation_id uuid NOT NULL,
    sku text NOT NULL REFERENCES stock,
    quantity bigint NOT NULL CHECK (quantity >= 1),
    PRIMARY KEY (reservation_id, sku)
);

CREATE TABLE checkouts (
    checkout_id uuid PRIMARY KEY,
    owner text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'completed', 'expired', 'cancelled')),
    subject text NOT NULL,
    placed jsonb NOT NULL,
    discounts jsonb NOT NULL,
    due_minor bigint NOT NULL CHECK (due_minor >= 0),
    intent_id text UNIQUE,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    settled_at timestamptz,
    CONSTRAINT closed_when_it_is_not_open CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX checkouts_to_settle ON checkouts (closed_at)
    WHERE intent_id IS NOT NULL AND settled_at IS NULL AND state <> 'open';

CREATE TABLE refunds_sent (
    refund_id uuid PRIMARY KEY REFERENCES refunds,
    provider_reference text NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX checkouts_open ON checkouts (expires_at) WHERE state = 'open';
ALTER TABLE promotion_shoppers DROP CONSTRAINT promotion_shoppers_used_check,
    ADD CONSTRAINT uses_are_counted_from_zero CHECK (used >= 0);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE refunds_sent, checkouts, reservations")
    op.execute("ALTER TABLE stock DROP COLUMN reserved")
    op.execute("ALTER TABLE promotion_shoppers DROP CONSTRAINT uses_are_counted_from_zero")
    op.execute("DELETE FROM promotion_shoppers WHERE used = 0")
    op.execute(
        "ALTER TABLE promotion_shoppers "
        "ADD CONSTRAINT promotion_shoppers_used_check CHECK (used >= 1)"
    )
