"""Search is refreshed in time that is proportional to what changed.

How many products change is not known when the statement is planned, and joins of what was read
before are planned as loops in loops. So each product is read and grouped once, and nothing that
was read is joined with itself.
"""

from __future__ import annotations

from alembic import op

from storefront_api.migrations.versions.v0017_sellers_goods import REFRESH as FORMER_REFRESH

revision = "0018"
down_revision = "0017"

_BEGIN, _REST = FORMER_REFRESH.split("    WITH offered AS (")
_AFTER = _REST.split("    ), kept AS (")[1]
GROUPED = """    WITH offered AS (
        SELECT product_id, array_agg(sku ORDER BY sku) AS skus,
            (array_agg(name ORDER BY sku))[1] AS name,
            (array_agg(vendor_id ORDER BY sku))[1] AS vendor_id,
            (array_agg(brand ORDER BY sku))[1] AS brand,
            (array_agg(department ORDER BY sku))[1] AS department,
            (array_agg(category ORDER BY sku))[1] AS category,
            (array_agg(product_type ORDER BY sku))[1] AS product_type,
            (array_agg(currency ORDER BY sku))[1] AS currency,
            array_agg(DISTINCT list_price_minor ORDER BY list_price_minor) AS prices_minor,
            min(updated_at) AS listed_at
        FROM products AS p
        WHERE product_id = ANY (changed) AND archived_at IS NULL AND may_sell(p.vendor_id)
        GROUP BY product_id
    ), now AS (
        SELECT o.product_id, o.name, o.vendor_id, o.brand, o.department, o.category,
            o.product_type, o.currency, o.skus, o.prices_minor, o.listed_at,
            coalesce((
                SELECT string_agg(DISTINCT each.value, ' ' ORDER BY each.value)
                FROM variant_options AS v, jsonb_each_text(v.options) AS each
                WHERE v.sku = ANY (o.skus)
            ), '') AS traits, c.score,
            coalesce(ARRAY(
                SELECT jsonb_array_elements_text(c.attributes -> 'certificates')
                WHERE jsonb_typeof(c.attributes -> 'certificates') = 'array'
            ), '{}') AS certificates,
            (c.attributes ->> 'plastic_free')::boolean AS plastic_free,
            coalesce(c.attributes ->> 'origin', '') AS origin
        FROM offered AS o LEFT JOIN product_scores AS c USING (product_id)
    ), gone AS (
        DELETE FROM search_documents AS d
        WHERE d.product_id = ANY (changed)
            AND d.product_id NOT IN (SELECT product_id FROM offered)
        RETURNING d.words AS old_words
    ), kept AS ("""
REFRESH = _BEGIN + GROUPED + _AFTER


def upgrade() -> None:
    op.execute(REFRESH)


def downgrade() -> None:
    op.execute(FORMER_REFRESH)
