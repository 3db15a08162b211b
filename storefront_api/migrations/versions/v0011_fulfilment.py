"""What happens to an order after it was placed: its log, shipments, packaging and returns."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
ALTER TABLE orders
    ADD COLUMN contact_email text NOT NULL DEFAULT '',
    ADD COLUMN fees_minor bigint NOT NULL DEFAULT 0 CHECK (fees_minor >= 0),
    ADD COLUMN fees_refunded_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT refunded_fees_stay_within_the_fees
        CHECK (fees_refunded_minor BETWEEN 0 AND fees_minor);
ALTER TABLE checkouts
    ADD COLUMN contact_email text NOT NULL DEFAULT '',
    ADD COLUMN packaging jsonb;
UPDATE checkouts SET packaging = jsonb_build_object(
    'packaging', placed -> 'delivery' -> 'packaging',
    'version', 1, 'pieces', 1, 'price_minor', 0, 'deposit_minor', 0, 'kg_co2e', 0
);
ALTER TABLE checkouts ALTER COLUMN packaging SET NOT NULL;
ALTER TABLE refunds
    ADD COLUMN fees_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT fees_are_a_part_of_the_amount CHECK (fees_minor BETWEEN 0 AND amount_minor);
ALTER TABLE order_lines
    ADD COLUMN allocated bigint NOT NULL DEFAULT 0,
    ADD COLUMN returning_units bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT no_more_is_allocated_than_ordered CHECK (allocated BETWEEN 0 AND quantity),
    ADD CONSTRAINT no_more_comes_back_than_ordered CHECK (returning_units BETWEEN 0 AND quantity);

CREATE TABLE order_changes (
    order_id uuid NOT NULL REFERENCES orders,
    number integer NOT NULL CHECK (number >= 1),
    what text NOT NULL,
    status text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (order_id, number)
);
INSERT INTO order_changes
    SELECT order_id, 1, 'placed', CASE channel WHEN 'till' THEN 'delivered' ELSE 'placed' END,
           ordered_at, received_at, '{}'
    FROM orders;

CREATE TABLE order_cancellations (
    order_id uuid PRIMARY KEY REFERENCES orders,
    reason text NOT NULL,
    cancelled_at timestamptz NOT NULL
);

CREATE TABLE shipments (
    shipment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    carrier text NOT NULL,
    created_at timestamptz NOT NULL,
    packaging text NOT NULL DEFAULT '',
    mass_grams integer CHECK (mass_grams >= 1),
    packed_at timestamptz,
    tracking_number text,
    labelled_at timestamptz,
    label_minor bigint CHECK (label_minor >= 0),
    label_currency text,
    voided_at timestamptz,
    label_voided_at timestamptz,
    asked_at timestamptz,
    ended_at timestamptz,
    UNIQUE (carrier, tracking_number),
    CONSTRAINT packed_with_a_mass CHECK ((packed_at IS NULL) = (mass_grams IS NULL)),
    CONSTRAINT labelled_with_a_number CHECK ((labelled_at IS NULL) = (tracking_number IS NULL))
);
CREATE INDEX shipments_by_order ON shipments (order_id);
CREATE INDEX shipments_on_their_way ON shipments (asked_at NULLS FIRST)
    WHERE labelled_at IS NOT NULL AND voided_at IS NULL AND ended_at IS NULL;
CREATE INDEX shipments_with_a_label_to_void ON shipments (voided_at)
    WHERE labelled_at IS NOT NULL AND voided_at IS NOT NULL AND label_voided_at IS NULL;

CREATE TABLE shipment_lines (
    shipment_id uuid NOT NULL REFERENCES shipments,
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    quantity bigint NOT NULL CHECK (quantity >= 1),
    PRIMARY KEY (shipment_id, line_number),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines
);

CREATE TABLE shipment_scans (
    shipment_id uuid NOT NULL REFERENCES shipments,
    kind text NOT NULL,
    scanned_at timestamptz NOT NULL,
    place text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (shipment_id, kind, scanned_at)
);

CREATE TABLE packaging_options (
    packaging text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    valid_from timestamptz NOT NULL,
    name text NOT NULL,
    material text NOT NULL,
    mass_grams integer NOT NULL CHECK (mass_grams >= 0),
    capacity_grams integer NOT NULL CHECK (capacity_grams >= 1),
    trips integer NOT NULL CHECK (trips >= 1),
    factor_source text NOT NULL,
    factor_row text NOT NULL,
    kg_co2e_per_tonne numeric NOT NULL CHECK (kg_co2e_per_tonne >= 0),
    PRIMARY KEY (packaging, version)
);
CREATE TABLE packaging_prices (
    packaging text NOT NULL,
    version integer NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^([A-Z]{3})?$'),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    deposit_minor bigint NOT NULL CHECK (deposit_minor >= 0),
    PRIMARY KEY (packaging, version, currency),
    FOREIGN KEY (packaging, version) REFERENCES packaging_options,
    CONSTRAINT only_what_is_free_costs_the_same_everywhere
        CHECK (currency <> '' OR (price_minor = 0 AND deposit_minor = 0))
);
INSERT INTO packaging_options VALUES
    ('none', 1, '1970-01-01Z', 'No packaging', '', 0, 1000000, 1, '', '', 0),
    ('paper_bag', 1, '1970-01-01Z', 'Paper bag', 'paper', 60, 8000, 1,
     'desnz_2025', '19_506_5164_15_1', 1345.0779),
    ('cardboard_box', 1, '1970-01-01Z', 'Cardboard box', 'board', 350, 12000, 1,
     'desnz_2025', '19_506_5156_15_1', 1199.72542),
    ('reusable_crate', 1, '1970-01-01Z', 'Reusable crate', 'polypropylene', 1800, 15000, 100,
     'desnz_2025', '19_505_5144_15_1', 2577.57172);
INSERT INTO packaging_prices VALUES
    ('none', 1, '', 0, 0),
    ('paper_bag', 1, '', 0, 0),
    ('cardboard_box', 1, 'USD', 50, 0),
    ('cardboard_box', 1, 'EUR', 50, 0),
    ('cardboard_box', 1, 'GBP', 40, 0),
    ('reusable_crate', 1, 'USD', 20, 500),
    ('reusable_crate', 1, 'EUR', 20, 500),
    ('reusable_crate', 1, 'GBP', 20, 400);

CREATE TABLE order_packaging (
    order_id uuid PRIMARY KEY REFERENCES orders,
    packaging text NOT NULL,
    version integer NOT NULL,
    pieces integer NOT NULL CHECK (pieces >= 1),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    deposit_minor bigint NOT NULL CHECK (deposit_minor >= 0),
    kg_co2e float8 NOT NULL CHECK (kg_co2e >= 0),
    pieces_back integer NOT NULL DEFAULT 0,
    FOREIGN KEY (packaging, version) REFERENCES packaging_options,
    CONSTRAINT a_deposit_is_given_back_once CHECK (pieces_back BETWEEN 0 AND pieces)
);
CREATE TABLE deposits_returned (
    order_id uuid NOT NULL REFERENCES order_packaging,
    refund_id uuid NOT NULL UNIQUE REFERENCES refunds,
    pieces integer NOT NULL CHECK (pieces >= 1),
    returned_at timestamptz NOT NULL
);

CREATE TABLE return_rules (
    rule_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    department text NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    valid_from timestamptz NOT NULL,
    PRIMARY KEY (rule_id, version)
);
INSERT INTO return_rules VALUES ('everything', 1, '', 30, '1970-01-01Z');

CREATE TABLE returns (
    return_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    state text NOT NULL CHECK (state IN ('requested', 'approved', 'rejected', 'received')),
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    received_at timestamptz,
    decision text NOT NULL DEFAULT '',
    refund_id uuid REFERENCES refunds,
    CONSTRAINT received_when_it_is_there CHECK ((state = 'received') = (received_at IS NOT NULL))
);
CREATE INDEX returns_by_order ON returns (order_id);
CREATE TABLE return_lines (
    return_id uuid NOT NULL REFERENCES returns,
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    units bigint NOT NULL CHECK (units >= 1),
    reason text NOT NULL,
    rule_id text NOT NULL,
    rule_version integer NOT NULL,
    restocked bigint,
    written_off bigint,
    list_minor bigint,
    discount_minor bigint,
    PRIMARY KEY (return_id, line_number),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
    FOREIGN KEY (rule_id, rule_version) REFERENCES return_rules (rule_id, version),
    CONSTRAINT inspected_to_the_last CHECK (
        restocked >= 0 AND written_off >= 0 AND restocked + written_off = units
    )
);
CREATE INDEX return_lines_by_order ON return_lines (order_id, line_number);
"""
APPEND_ONLY = (
    "order_changes",
    "order_cancellations",
    "shipment_scans",
    "packaging_options",
    "packaging_prices",
    "return_rules",
    "deposits_returned",
)


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute(
        "DROP TABLE return_lines, returns, return_rules, deposits_returned, order_packaging, "
        "packaging_prices, packaging_options, shipment_scans, shipment_lines, shipments, "
        "order_cancellations, order_changes"
    )
    op.execute("ALTER TABLE order_lines DROP COLUMN allocated, DROP COLUMN returning_units")
    op.execute("ALTER TABLE refunds DROP COLUMN fees_minor")
    op.execute("ALTER TABLE checkouts DROP COLUMN contact_email, DROP COLUMN packaging")
    op.execute(
        "ALTER TABLE orders DROP COLUMN contact_email, DROP COLUMN fees_minor, "
        "DROP COLUMN fees_refunded_minor"
    )
