"""Receipts of erasures, and what an erasure may change in a table that is appended to alone."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

RECEIPTS = """
CREATE TABLE erasures (
    erasure_id uuid PRIMARY KEY,
    subject text NOT NULL,
    erased_at timestamptz NOT NULL,
    rows jsonb NOT NULL
)
"""
BY_SUBJECT = "CREATE INDEX erasures_by_subject ON erasures (subject, erased_at)"
# What a mail server said may quote the address.
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'notification_steps'
        AND current_setting('storefront.erases', true) = 'yes' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""
FORMER_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""


def upgrade() -> None:
    for statement in (
        RECEIPTS,
        BY_SUBJECT,
        "CREATE TRIGGER erasures_is_append_only BEFORE UPDATE OR DELETE ON erasures "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        REFUSE,
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORMER_REFUSE)
    op.execute("DROP TABLE erasures")
