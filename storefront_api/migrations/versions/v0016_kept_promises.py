"""How soon vendors promise to ship, and the kinds of devices that accounts were used from."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = """
CREATE TABLE shipping_promises (
    vendor_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    days integer NOT NULL CHECK (days BETWEEN 0 AND 90),
    source text NOT NULL,
    valid_from timestamptz NOT NULL,
    PRIMARY KEY (vendor_id, version)
);
COMMENT ON TABLE shipping_promises IS
    'Days after an order until a carrier has the goods; an empty vendor_id is every vendor that has
    no promise of its own. An order is measured by the promise in force when it was placed.';
INSERT INTO shipping_promises VALUES
    ('', 1, 3, 'own: three days, weekends included', '2017-01-01');

ALTER TABLE vendor_outcomes ADD COLUMN entry bigint GENERATED ALWAYS AS IDENTITY;
COMMENT ON COLUMN vendor_outcomes.entry IS
    'Of outcomes that share what is before # in their reference, the latest entry counts.';

CREATE TABLE account_agents (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    agent text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, agent)
);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(
        "CREATE TRIGGER shipping_promises_is_append_only "
        "BEFORE UPDATE OR DELETE ON shipping_promises "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TABLE account_agents")
    op.execute("ALTER TABLE vendor_outcomes DROP COLUMN entry")
    op.execute("DROP TABLE shipping_promises")
