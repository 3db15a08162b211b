"""Catalogue, stock with its ledger, orders, what follows them, and the outbox."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = """
CREATE TABLE products (
    sku text PRIMARY KEY,
    product_id text NOT NULL,
    name text NOT NULL,
    vendor_id text NOT NULL,
    brand text NOT NULL,
    department text NOT NULL,
    category text NOT NULL,
    product_type text NOT NULL,
    package_size text NOT NULL,
    mass_grams integer CHECK (mass_grams >= 0),
    unit text NOT NULL CHECK (unit IN ('each', 'milli')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    list_price_minor bigint NOT NULL CHECK (list_price_minor >= 0),
    updated_at timestamptz NOT NULL
);
CREATE INDEX products_by_product ON products (product_id);
CREATE INDEX products_by_department ON products (department, category, product_id);

CREATE TABLE stock (
    sku text PRIMARY KEY REFERENCES products,
    on_hand bigint NOT NULL CHECK (on_hand >= 0)
) WITH (fillfactor = 70);

CREATE TABLE stock_movements (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL REFERENCES stock,
    delta bigint NOT NULL,
    on_hand bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('order', 'receipt', 'adjustment', 'return')),
    reference text NOT NULL,
    moved_at timestamptz NOT NULL
);
CREATE INDEX stock_movements_by_sku ON stock_movements (sku, movement_id);

CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    placed_by text NOT NULL,
    subject text NOT NULL,
    store_id text NOT NULL,
    channel text NOT NULL,
    source_ref text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0,
    ordered_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    risk text NOT NULL CHECK (risk IN ('allow', 'review', 'unscored')),
    risk_decision_id text NOT NULL,
    payment jsonb NOT NULL,
    delivery jsonb NOT NULL,
    CONSTRAINT refunds_stay_within_the_total CHECK (refunded_minor BETWEEN 0 AND total_minor)
);
CREATE UNIQUE INDEX orders_by_source_ref ON orders (source_ref) WHERE source_ref <> '';
CREATE INDEX orders_by_subject ON orders (subject, ordered_at);

CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders,
    line_number integer NOT NULL CHECK (line_number >= 1),
    sku text NOT NULL REFERENCES products,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    unit text NOT NULL,
    list_minor bigint NOT NULL CHECK (list_minor >= 0),
    discount_minor bigint NOT NULL CHECK (discount_minor >= 0),
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    PRIMARY KEY (order_id, line_number),
    CONSTRAINT the_total_is_what_remains CHECK (total_minor = list_minor - discount_minor)
);

CREATE TABLE refunds (
    refund_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    refunded_at timestamptz NOT NULL
);

CREATE TABLE disputes (
    dispute_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    disputed_at timestamptz NOT NULL
);

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    request_sha256 bytea NOT NULL,
    status integer,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    key text NOT NULL,
    payload text NOT NULL,
    batch bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_waiting ON outbox (outbox_id) WHERE batch IS NULL;
CREATE INDEX outbox_by_batch ON outbox (batch) WHERE batch IS NOT NULL;

CREATE TABLE relay (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    next_batch bigint NOT NULL,
    published bigint NOT NULL
);
INSERT INTO relay (next_batch, published) VALUES (0, 0);
"""
APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(APPEND_ONLY)
    for table in ("stock_movements", "refunds", "disputes"):
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it")
