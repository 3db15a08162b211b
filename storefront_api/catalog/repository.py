"""The catalogue's SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

COLUMNS = (
    "sku",
    "product_id",
    "name",
    "vendor_id",
    "brand",
    "department",
    "category",
    "product_type",
    "package_size",
    "mass_grams",
    "unit",
    "currency",
    "list_price_minor",
)
_LIST = ", ".join(COLUMNS)
SHOWN = """
SELECT p.*, coalesce(s.on_hand, 0) AS on_hand,
    CASE WHEN p.archived_at IS NULL AND may_sell(p.vendor_id)
        THEN coalesce(s.on_hand - s.reserved, 0) ELSE 0 END AS available,
    coalesce(v.options, '{{}}') AS options, o.offers, o.lowest_landed_minor
FROM {source} p LEFT JOIN stock s USING (sku) LEFT JOIN variant_options v USING (sku)
CROSS JOIN LATERAL (
    SELECT count(*) AS offers, min(landed_minor) AS lowest_landed_minor
    FROM offers WHERE offers.sku = p.sku AND withdrawn_at IS NULL AND may_sell(offers.vendor_id)
) AS o
"""
BELOW = """
below (category_id) AS (
    SELECT category_id FROM categories WHERE category_id = $4
    UNION ALL SELECT c.category_id FROM below b JOIN categories c ON c.parent_id = b.category_id
)
"""
_PAGE = f"""
WITH RECURSIVE {BELOW}, page AS (
    SELECT DISTINCT product_id FROM products p
    WHERE product_id > $1 AND ($2 = '' OR department = $2) AND ($3 = '' OR category = $3)
        AND archived_at IS NULL AND may_sell(p.vendor_id)
        AND ($4 = '' OR product_id IN (
            SELECT product_id FROM product_details JOIN below USING (category_id)
        ))
    ORDER BY product_id LIMIT $5
), offered AS (
    SELECT p.* FROM page JOIN products p USING (product_id)
    WHERE p.archived_at IS NULL AND may_sell(p.vendor_id)
)
{SHOWN.format(source="offered")} ORDER BY p.product_id, p.sku
"""
_ONE = f"{SHOWN.format(source='products')} WHERE p.product_id = $1 ORDER BY p.sku"
_WHOLE = """
SELECT w.product_id, coalesce(d.description, '') AS description,
    coalesce(path.path, '[]') AS category_path,
    ARRAY(
        SELECT jsonb_build_object('name', name, 'values', allowed) FROM product_options AS o
        WHERE o.product_id = w.product_id ORDER BY position
    ) AS options,
    ARRAY(
        SELECT jsonb_build_object('url', url, 'alt', alt) FROM product_images AS i
        WHERE i.product_id = w.product_id ORDER BY position
    ) AS images,
    s.attributes, s.rules_version, s.score, s.confidence::float8 AS confidence, s.parts
FROM unnest($1::text[]) AS w (product_id) LEFT JOIN product_details AS d USING (product_id)
LEFT JOIN product_scores AS s USING (product_id)
CROSS JOIN LATERAL (
    WITH RECURSIVE up AS (
        SELECT category_id, parent_id, name, 0 AS height FROM categories
        WHERE category_id = d.category_id
        UNION ALL
        SELECT c.category_id, c.parent_id, c.name, height + 1
        FROM up JOIN categories AS c ON c.category_id = up.parent_id
    )
    SELECT jsonb_agg(
        jsonb_build_object('category_id', category_id, 'name', name) ORDER BY height DESC
    ) AS path FROM up
) AS path
"""
_PRICES = """
SELECT h.sku, h.currency, h.price_minor, h.changed_at
FROM unnest($1::text[]) AS w (sku) CROSS JOIN LATERAL (
    (SELECT * FROM price_history AS p WHERE p.sku = w.sku AND p.changed_at > $2)
    UNION ALL
    (SELECT * FROM price_history AS p WHERE p.sku = w.sku AND p.changed_at <= $2
     ORDER BY p.changed_at DESC, p.entry_id DESC LIMIT 1)
) AS h
ORDER BY h.sku, h.entry_id
"""
_OF_SKUS = f"SELECT {_LIST} FROM products WHERE sku = ANY ($1)"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7236403)"
_STAGE = f"""
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT {_LIST}, 0::bigint AS opening_stock FROM products WITH NO DATA
"""
_CHANGES = f"""
SELECT i.*, p.sku IS NULL AS is_new, p.product_id AS was_product_id
FROM incoming i LEFT JOIN products p USING (sku)
WHERE p.sku IS NULL OR ROW({", ".join(f"p.{c}" for c in COLUMNS)})
    IS DISTINCT FROM ROW({", ".join(f"i.{c}" for c in COLUMNS)})
ORDER BY i.sku
"""
_UPSERT = f"""
INSERT INTO products ({_LIST}, updated_at)
SELECT {_LIST}, $1 FROM incoming ORDER BY sku
ON CONFLICT (sku) DO UPDATE SET
    {", ".join(f"{c} = excluded.{c}" for c in COLUMNS[1:])}, updated_at = excluded.updated_at
WHERE ROW({", ".join(f"products.{c}" for c in COLUMNS[1:])})
    IS DISTINCT FROM ROW({", ".join(f"excluded.{c}" for c in COLUMNS[1:])})
"""
_OPEN = """
WITH opened AS (
    INSERT INTO stock (sku, on_hand) SELECT sku, opening_stock FROM incoming ORDER BY sku
    ON CONFLICT DO NOTHING RETURNING sku, on_hand
), placed AS (
    INSERT INTO warehouse_stock (sku, warehouse_id, on_hand, allocated)
    SELECT sku, $2, on_hand, 0 FROM opened WHERE on_hand > 0
), noted AS (
    INSERT INTO warehouse_movements (
        sku, warehouse_id, kind, on_hand_delta, allocated_delta, on_hand, allocated, reference,
        moved_at
    )
    SELECT sku, $2, 'receipt', on_hand, 0, on_hand, 0, 'opening', $1 FROM opened WHERE on_hand > 0
)
INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
SELECT sku, on_hand, on_hand, 'receipt', 'opening', $1 FROM opened WHERE on_hand > 0
RETURNING sku, delta, on_hand
"""
CHANNEL = "catalogue_changes"
"""On which PostgreSQL tells that products are found by other words, or no longer."""
CHANGED = "search_documents"
"""What it tells there."""
_REFRESH_SEARCH = f"SELECT search_refresh($1), pg_notify('{CHANNEL}', '{CHANGED}')"
_MOVED = """
DELETE FROM variant_options AS v USING products AS p
WHERE v.sku = p.sku AND v.product_id <> p.product_id AND p.sku = ANY ($1)
"""


async def wait_for_others(connection: Connection) -> None:
    """Let the changes of the catalogue that began before end first."""
    await connection.execute(_ONE_AT_A_TIME)


async def page(
    connection: Connection, after: str, department: str, category: str, under: str, limit: int
) -> list[Any]:
    """Return the offered variants of the next products after a product id.

    Parameters
    ----------
    under
        Id of a category of the tree that the products are in, or in one below; empty for all.
    """
    rows: list[Any] = await connection.fetch(_PAGE, after, department, category, under, limit)
    return rows


async def product(connection: Connection, product_id: str) -> list[Any]:
    """Return the variants of one product, archived ones too; none if there is no such product."""
    rows: list[Any] = await connection.fetch(_ONE, product_id)
    return rows


async def wholes(connection: Connection, product_ids: Sequence[str]) -> dict[str, Any]:
    """Return what is said of products as a whole, by their id."""
    rows = await connection.fetch(_WHOLE, list(product_ids))
    return {row["product_id"]: row for row in rows}


async def prices_since(connection: Connection, skus: Sequence[str], since: datetime) -> list[Any]:
    """Return the prices of variants since an instant and the one that held then, oldest first."""
    rows: list[Any] = await connection.fetch(_PRICES, list(skus), since)
    return rows


async def known(connection: Connection, skus: Sequence[str]) -> dict[str, Any]:
    """Return what the catalogue says of those variants that exist."""
    return {row["sku"]: row for row in await connection.fetch(_OF_SKUS, list(skus))}


async def stage(connection: Connection, records: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Load variants beside the catalogue and return those that would change it."""
    await connection.execute(_STAGE)
    columns = [*COLUMNS, "opening_stock"]
    await connection.copy_records_to_table("incoming", records=records, columns=columns)
    rows: list[Any] = await connection.fetch(_CHANGES)
    return rows


async def apply(connection: Connection, now: datetime, warehouse_id: str) -> list[Any]:
    """Make the staged variants part of the catalogue and return the stock that was opened.

    Parameters
    ----------
    warehouse_id
        Where that stock is.
    """
    await connection.execute(_UPSERT, now)
    rows: list[Any] = await connection.fetch(_OPEN, now, warehouse_id)
    return rows


async def refresh_search(connection: Connection, product_ids: Sequence[str]) -> None:
    """Make the search agree with the catalogue about some products, in the caller's transaction.

    Callers wait for each other before, as imports do: two at once would miscount the words.
    """
    await connection.execute(_REFRESH_SEARCH, list(product_ids))


async def forget_former_options(connection: Connection, skus: Sequence[str]) -> None:
    """Remove the option sets of variants that have gone over to another product."""
    await connection.execute(_MOVED, list(skus))
