"""Rates of value added tax, the tax of each order line, and what refunds give back of it."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

EU = "European Commission, VAT rates applied in the Member States"
GB = "HM Revenue and Customs, VAT rates"
FOOD = "assumption: the rate of most food for people, applied to the whole department"
GENERAL = "assumption: the rate of most food, where single foods have a lower one"
# Country, class, first day, basis points, source, note.
RATES = [
    ("AT", "standard", "2016-01-01", 2000, EU, ""),
    ("AT", "reduced", "2016-01-01", 1000, EU, ""),
    ("BE", "standard", "1996-01-01", 2100, EU, ""),
    ("BE", "reduced", "1996-01-01", 600, EU, ""),
    ("DE", "standard", "2007-01-01", 1900, EU, ""),
    ("DE", "reduced", "2007-01-01", 700, EU, ""),
    ("DE", "standard", "2020-07-01", 1600, EU, "for half a year"),
    ("DE", "reduced", "2020-07-01", 500, EU, "for half a year"),
    ("DE", "standard", "2021-01-01", 1900, EU, ""),
    ("DE", "reduced", "2021-01-01", 700, EU, ""),
    ("DK", "standard", "1992-01-01", 2500, EU, "there is no reduced rate"),
    ("ES", "standard", "2012-09-01", 2100, EU, "mainland and Balearic Islands"),
    ("ES", "reduced", "2012-09-01", 1000, EU, GENERAL),
    ("FI", "standard", "2013-01-01", 2400, EU, ""),
    ("FI", "standard", "2024-09-01", 2550, EU, ""),
    ("FI", "reduced", "2013-01-01", 1400, EU, ""),
    ("FR", "standard", "2014-01-01", 2000, EU, "metropolitan"),
    ("FR", "reduced", "2014-01-01", 550, EU, "metropolitan"),
    ("GB", "standard", "2011-01-04", 2000, GB, ""),
    ("GB", "reduced", "2011-01-04", 500, GB, ""),
    ("GB", "zero", "2011-01-04", 0, GB, ""),
    ("IE", "standard", "2012-01-01", 2300, EU, ""),
    ("IE", "standard", "2020-09-01", 2100, EU, "for half a year"),
    ("IE", "standard", "2021-03-01", 2300, EU, ""),
    ("IE", "zero", "2012-01-01", 0, EU, ""),
    ("IT", "standard", "2013-10-01", 2200, EU, ""),
    ("IT", "reduced", "2013-10-01", 1000, EU, GENERAL),
    ("LU", "standard", "2015-01-01", 1700, EU, ""),
    ("LU", "standard", "2023-01-01", 1600, EU, "for a year"),
    ("LU", "standard", "2024-01-01", 1700, EU, ""),
    ("LU", "reduced", "2015-01-01", 300, EU, "the super-reduced rate, which is that of food"),
    ("NL", "standard", "2012-10-01", 2100, EU, ""),
    ("NL", "reduced", "2012-10-01", 600, EU, ""),
    ("NL", "reduced", "2019-01-01", 900, EU, ""),
    ("PL", "standard", "2011-01-01", 2300, EU, ""),
    ("PL", "reduced", "2011-01-01", 500, EU, GENERAL),
    ("PT", "standard", "2011-01-01", 2300, EU, "mainland"),
    ("PT", "reduced", "2011-01-01", 600, EU, "mainland; " + GENERAL),
    ("SE", "standard", "1996-01-01", 2500, EU, ""),
    ("SE", "reduced", "1996-01-01", 1200, EU, ""),
    ("US", "zero", "1970-01-01", 0, "own", "sales tax is not modelled"),
]
FOODS = (
    "GROCERY",
    "PRODUCE",
    "MEAT",
    "MEAT-PCKGD",
    "DELI",
    "PASTRY",
    "SEAFOOD",
    "SEAFOOD-PCKGD",
    "SALAD BAR",
    "FROZEN GROCERY",
    "CHEF SHOPPE",
)
# Country, department, class, source.
CLASSES = [
    ("", "", "standard", "the rule where none is more special"),
    ("US", "", "zero", "own: sales tax is not modelled"),
    *(("", department, "reduced", FOOD) for department in FOODS),
    *((country, department, "zero", FOOD) for country in ("GB", "IE") for department in FOODS),
]
STATEMENTS = """
CREATE TABLE tax_rates (
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    class text NOT NULL CHECK (class IN ('standard', 'reduced', 'zero')),
    valid_from date NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    rate_bp integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    source text NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (country, class, valid_from, version),
    CONSTRAINT zero_is_zero CHECK (class <> 'zero' OR rate_bp = 0)
);
COMMENT ON TABLE tax_rates IS
    'A rate holds from the beginning of its first day, UTC, until that of its next one. A version
    corrects what an earlier one said of the same days.';
CREATE TABLE tax_classes (
    country text NOT NULL CHECK (country ~ '^([A-Z]{2})?$'),
    department text NOT NULL,
    class text NOT NULL CHECK (class IN ('standard', 'reduced', 'zero')),
    valid_from date NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    source text NOT NULL,
    PRIMARY KEY (country, department, valid_from, version)
);
COMMENT ON TABLE tax_classes IS
    'An empty country or department is every one; a country goes before a department. Where a
    country has no rate of a class, the next rule holds.';

ALTER TABLE orders
    ADD COLUMN destination text NOT NULL DEFAULT '' CHECK (destination ~ '^([A-Z]{2})?$'),
    ADD COLUMN tax_minor bigint,
    ADD CONSTRAINT tax_is_a_part_of_the_total CHECK (tax_minor BETWEEN 0 AND total_minor);
ALTER TABLE order_lines
    ADD COLUMN tax_rate_bp integer CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    ADD COLUMN tax_minor bigint,
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax_refunded_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT tax_is_a_part_of_the_line CHECK (tax_minor BETWEEN 0 AND total_minor),
    ADD CONSTRAINT tax_has_a_rate CHECK ((tax_minor IS NULL) = (tax_rate_bp IS NULL)),
    ADD CONSTRAINT no_more_is_given_back_than_the_line_cost
        CHECK (refunded_minor BETWEEN 0 AND total_minor),
    ADD CONSTRAINT no_more_tax_is_given_back_than_the_line_had
        CHECK (tax_refunded_minor BETWEEN 0 AND coalesce(tax_minor, 0));
COMMENT ON COLUMN order_lines.tax_minor IS 'Null where nobody computed it, which 0 would hide.';
UPDATE order_lines l SET refunded_minor = b.amount_minor FROM (
    SELECT order_id, line_number, -sum(amount_minor) AS amount_minor
    FROM vendor_ledger WHERE kind = 'refund' GROUP BY order_id, line_number
) AS b WHERE l.order_id = b.order_id AND l.line_number = b.line_number;

CREATE TABLE refund_lines (
    refund_id uuid NOT NULL REFERENCES refunds,
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    tax_minor bigint,
    PRIMARY KEY (refund_id, line_number),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
    CONSTRAINT tax_is_a_part_of_the_refund CHECK (tax_minor BETWEEN 0 AND amount_minor)
);
"""
PLACED = """
UPDATE {table} SET placed = placed || jsonb_build_object(
    'destination', '', 'tax_minor', NULL, 'lines', (
        SELECT jsonb_agg(line || '{{"tax_rate_bp": null, "tax_minor": null}}' ORDER BY number)
        FROM jsonb_array_elements(placed -> 'lines') WITH ORDINALITY AS l (line, number)
    )
)
"""
FORMER_PLACED = """
UPDATE {table} SET placed = placed - 'destination' - 'tax_minor' || jsonb_build_object('lines', (
    SELECT jsonb_agg(line - 'tax_rate_bp' - 'tax_minor' ORDER BY number)
    FROM jsonb_array_elements(placed -> 'lines') WITH ORDINALITY AS l (line, number)
))
"""
KEEP_ORDERS = ("checkouts", "business_quotes")
APPEND_ONLY = ("tax_rates", "tax_classes", "refund_lines")


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    quoted = ["(" + ", ".join(_text(value) for value in (*r[:3], 1, *r[3:])) + ")" for r in RATES]
    op.execute(f"INSERT INTO tax_rates VALUES {', '.join(quoted)}")
    quoted = [
        "(" + ", ".join(_text(value) for value in (*c[:3], "1970-01-01", 1, c[3])) + ")"
        for c in CLASSES
    ]
    op.execute(f"INSERT INTO tax_classes VALUES {', '.join(quoted)}")
    for table in KEEP_ORDERS:
        op.execute(PLACED.format(table=table))
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _text(value: object) -> str:
    return f"'{value}'"


def downgrade() -> None:
    for table in KEEP_ORDERS:
        op.execute(FORMER_PLACED.format(table=table))
    op.execute("DROP TABLE refund_lines, tax_classes, tax_rates")
    op.execute(
        "ALTER TABLE order_lines DROP COLUMN tax_rate_bp, DROP COLUMN tax_minor, "
        "DROP COLUMN refunded_minor, DROP COLUMN tax_refunded_minor"
    )
    op.execute("ALTER TABLE orders DROP COLUMN destination, DROP COLUMN tax_minor")
