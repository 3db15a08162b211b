"""Search knows only what vendors sell who may: a vendor's state takes its goods out and back in."""

from __future__ import annotations

from alembic import op

from storefront_api.migrations.versions.v0009_catalog import REFRESH as FORMER_REFRESH

revision = "0017"
down_revision = "0016"

# A vendor that the marketplace never reviewed is the store's own affair.
MAY_SELL = """
CREATE FUNCTION may_sell(whose text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM vendors WHERE vendor_id = whose AND state <> 'approved')
$$
"""
REFRESH = FORMER_REFRESH.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
    "SELECT * FROM products WHERE product_id = ANY (changed) AND archived_at IS NULL",
    "SELECT * FROM products AS p WHERE product_id = ANY (changed) AND archived_at IS NULL "
    "AND may_sell(p.vendor_id)",
)
# The lock is the catalogue's: two refreshes at once would miscount the words.
FOLLOW = """
CREATE FUNCTION show_sellers_goods() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7236403);
    PERFORM search_refresh(ARRAY(
        SELECT DISTINCT product_id FROM products WHERE vendor_id = new.vendor_id
    ));
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER search_follows_vendors AFTER UPDATE OF state ON vendors FOR EACH ROW
WHEN ((old.state = 'approved') <> (new.state = 'approved')) EXECUTE FUNCTION show_sellers_goods()
"""
REFRESH_HIDDEN = """
SELECT search_refresh(ARRAY(
    SELECT DISTINCT product_id FROM products JOIN vendors USING (vendor_id)
    WHERE state <> 'approved'
))
"""


def upgrade() -> None:
    for statement in (MAY_SELL, REFRESH, FOLLOW, TRIGGER, REFRESH_HIDDEN):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER search_follows_vendors ON vendors")
    op.execute("DROP FUNCTION show_sellers_goods()")
    op.execute(FORMER_REFRESH.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute(REFRESH_HIDDEN)
    op.execute("DROP FUNCTION may_sell(text)")
