"""Vendors and their reviews, commission, vendor orders, the vendor ledger, payouts and alerts.

Vendors whose products are in the catalogue already may go on selling: they are brought in as
approved. Goods without a vendor are the store's own: it is the vendor of the empty id, which is
always approved. Orders placed before are not split: what they owe to vendors was settled elsewhere.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = """
CREATE TABLE vendors (
    vendor_id text PRIMARY KEY,
    applicant text NOT NULL DEFAULT '',
    account_id uuid,
    state text NOT NULL CHECK (state IN (
        'submitted', 'under_review', 'more_information_wanted', 'approved', 'rejected', 'suspended'
    )),
    display_name text NOT NULL DEFAULT '',
    legal_name text NOT NULL DEFAULT '',
    country text NOT NULL DEFAULT '',
    registration_number text NOT NULL DEFAULT '',
    contact_email text NOT NULL DEFAULT '',
    about text NOT NULL DEFAULT '',
    payout_account text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX vendors_one_application_each ON vendors (applicant)
    WHERE applicant <> '' AND state <> 'rejected';
CREATE INDEX vendors_by_state ON vendors (state, vendor_id);

CREATE TABLE vendor_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id text NOT NULL REFERENCES vendors,
    action text NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    logged_at timestamptz NOT NULL
);
CREATE INDEX vendor_log_by_vendor ON vendor_log (vendor_id, entry_id);

CREATE TABLE vendor_papers (
    paper_id uuid PRIMARY KEY,
    vendor_id text NOT NULL REFERENCES vendors,
    kind text NOT NULL CHECK (kind IN ('registration', 'identity', 'tax', 'certificate')),
    filename text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes BETWEEN 1 AND 5242880),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    content bytea NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    UNIQUE (vendor_id, kind, sha256),
    CONSTRAINT the_size_is_the_contents CHECK (size_bytes = length(content))
);

CREATE TABLE vendor_checks (
    check_id uuid PRIMARY KEY,
    vendor_id text NOT NULL REFERENCES vendors,
    outcome text NOT NULL CHECK (outcome IN ('clear', 'consider', 'refused')),
    provider_reference text NOT NULL,
    checked_at timestamptz NOT NULL,
    review_entry bigint NOT NULL REFERENCES vendor_log
);
CREATE INDEX vendor_checks_by_vendor ON vendor_checks (vendor_id, check_id);

CREATE TABLE commission_rules (
    rule_id uuid PRIMARY KEY,
    vendor_id text NOT NULL,
    category text NOT NULL,
    product_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    rate_bp integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz CHECK (valid_until > valid_from),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (product_id, vendor_id, category, version)
);

CREATE TABLE vendor_orders (
    vendor_id text NOT NULL REFERENCES vendors,
    order_id uuid NOT NULL REFERENCES orders,
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    placed_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, vendor_id)
);
CREATE INDEX vendor_orders_by_vendor ON vendor_orders (vendor_id, placed_at, order_id);

CREATE TABLE order_line_commissions (
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    vendor_id text NOT NULL,
    product_id text NOT NULL,
    rule_id uuid REFERENCES commission_rules,
    rate_bp integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    sale_minor bigint NOT NULL CHECK (sale_minor >= 0),
    commission_minor bigint NOT NULL CHECK (commission_minor BETWEEN 0 AND sale_minor),
    PRIMARY KEY (order_id, line_number),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
    CONSTRAINT no_rule_no_commission CHECK (rule_id IS NOT NULL OR rate_bp = 0)
);

CREATE TABLE vendor_ledger (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    reference text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN (
        'sale', 'commission', 'refund', 'chargeback', 'commission_reversal', 'payout',
        'payout_reversal'
    )),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    order_id uuid,
    line_number integer,
    booked_at timestamptz NOT NULL,
    CONSTRAINT the_sign_is_the_kinds CHECK (
        (amount_minor > 0) = (kind IN ('sale', 'commission_reversal', 'payout_reversal'))
    )
);
CREATE INDEX vendor_ledger_by_account ON vendor_ledger (account, currency, entry_id)
    INCLUDE (amount_minor);
CREATE INDEX vendor_ledger_by_line ON vendor_ledger (order_id, line_number)
    WHERE kind IN ('refund', 'chargeback', 'commission_reversal');

CREATE TABLE payout_runs (
    run_id uuid PRIMARY KEY,
    currency text NOT NULL,
    minimum_minor bigint NOT NULL CHECK (minimum_minor >= 1),
    started_by text NOT NULL,
    started_at timestamptz NOT NULL
);

CREATE TABLE payouts (
    payout_id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES payout_runs,
    vendor_id text NOT NULL REFERENCES vendors,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    destination text NOT NULL CHECK (destination <> ''),
    state text NOT NULL CHECK (state IN ('created', 'paid', 'failed')),
    attempted_at timestamptz,
    provider_reference text NOT NULL DEFAULT '',
    failure text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (run_id, vendor_id),
    CONSTRAINT closed_when_it_is_decided CHECK ((state = 'created') = (closed_at IS NULL)),
    CONSTRAINT paid_under_a_name CHECK ((state = 'paid') = (provider_reference <> ''))
);
CREATE INDEX payouts_to_send ON payouts (created_at) WHERE state = 'created';
CREATE INDEX payouts_by_vendor ON payouts (vendor_id, payout_id);

CREATE TABLE stock_files (
    vendor_id text NOT NULL REFERENCES vendors,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    mode text NOT NULL CHECK (mode IN ('count', 'delta')),
    rows integer NOT NULL CHECK (rows >= 1),
    changed integer NOT NULL CHECK (changed BETWEEN 0 AND rows),
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (vendor_id, sha256, mode)
);

CREATE TABLE stock_thresholds (
    sku text PRIMARY KEY REFERENCES stock,
    threshold bigint NOT NULL CHECK (threshold >= 0),
    low boolean NOT NULL DEFAULT false,
    crossings integer NOT NULL DEFAULT 0 CHECK (crossings >= 0)
);

CREATE TABLE vendor_outcomes (
    kind text NOT NULL,
    reference text NOT NULL,
    vendor_id text NOT NULL,
    order_id uuid NOT NULL,
    value integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (kind, reference),
    FOREIGN KEY (order_id, vendor_id) REFERENCES vendor_orders
);
CREATE INDEX vendor_outcomes_by_order ON vendor_outcomes (order_id, vendor_id, kind)
    INCLUDE (value);

CREATE TABLE scorecard_measures (
    measure text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    form text NOT NULL CHECK (form IN ('share', 'mean')),
    counted text NOT NULL,
    among text NOT NULL,
    description text NOT NULL,
    PRIMARY KEY (measure, version)
);
INSERT INTO scorecard_measures VALUES
    ('late_ship_rate', 1, 'share', 'shipped_late', 'shipped', 'of shipped orders, shipped late'),
    ('cancellation_rate', 1, 'share', 'cancelled', 'ordered', 'of orders, cancelled by the vendor'),
    ('return_rate', 1, 'share', 'returned', 'ordered', 'of orders, with something returned'),
    ('dispute_rate', 1, 'share', 'disputed', 'ordered', 'of orders, charged back'),
    ('rating', 1, 'mean', 'rated', 'rated', 'mean of the stars given, in hundredths');

INSERT INTO vendors (vendor_id, state, display_name, created_at, updated_at)
SELECT '', 'approved', '', now(), now()
UNION SELECT vendor_id, 'approved', vendor_id, now(), now() FROM products;
INSERT INTO vendor_log (vendor_id, action, state, actor, note, logged_at)
SELECT vendor_id, 'import', 'approved', 'migration', 'sold before there were reviews', now()
FROM vendors WHERE vendor_id <> '';
"""
ROUND = """
CREATE FUNCTION commission_of(minor bigint, rate_bp integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    div(minor::numeric * rate_bp, 10000)
    + CASE
        WHEN 2 * mod(minor::numeric * rate_bp, 10000) > 10000 THEN 1
        WHEN 2 * mod(minor::numeric * rate_bp, 10000) = 10000
            THEN mod(div(minor::numeric * rate_bp, 10000), 2)
        ELSE 0
    END
)::bigint
"""
"""Half to even, over whole numbers, so that the rate is applied where it is frozen."""
APPEND_ONLY = (
    "vendor_log",
    "vendor_checks",
    "commission_rules",
    "vendor_orders",
    "order_line_commissions",
    "vendor_ledger",
    "payout_runs",
    "stock_files",
    "vendor_outcomes",
    "scorecard_measures",
)
TABLES = (
    "scorecard_measures",
    "vendor_outcomes",
    "stock_thresholds",
    "stock_files",
    "payouts",
    "payout_runs",
    "vendor_ledger",
    "order_line_commissions",
    "vendor_orders",
    "commission_rules",
    "vendor_checks",
    "vendor_papers",
    "vendor_log",
    "vendors",
)


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(ROUND)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    # Papers may be erased, since they are about people, but never replaced.
    op.execute(
        "CREATE TRIGGER vendor_papers_never_change BEFORE UPDATE ON vendor_papers "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION commission_of")
