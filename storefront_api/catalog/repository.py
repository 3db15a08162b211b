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
_PAGE = """
WITH page AS (
    SELECT DISTINCT product_id FROM products
    WHERE product_id > $1 AND ($2 = '' OR department = $2) AND ($3 = '' OR category = $3)
    ORDER BY product_id LIMIT $4
)
SELECT p.*, coalesce(s.on_hand, 0) AS on_hand
FROM page JOIN products p USING (product_id) LEFT JOIN stock s USING (sku)
ORDER BY p.product_id, p.sku
"""
_ONE = """
SELECT p.*, coalesce(s.on_hand, 0) AS on_hand
FROM products p LEFT JOIN stock s USING (sku) WHERE p.product_id = $1 ORDER BY p.sku
"""
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
)
INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
SELECT sku, on_hand, on_hand, 'receipt', 'opening', $1 FROM opened WHERE on_hand > 0
RETURNING sku, delta, on_hand
"""


async def page(
    connection: Connection, after: str, department: str, category: str, limit: int
) -> list[Any]:
    """Return the variants of the next products after a product id."""
    rows: list[Any] = await connection.fetch(_PAGE, after, department, category, limit)
    return rows


async def product(connection: Connection, product_id: str) -> list[Any]:
    """Return the variants of one product; none if there is no such product."""
    rows: list[Any] = await connection.fetch(_ONE, product_id)
    return rows


async def stage(connection: Connection, records: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Load variants beside the catalogue and return those that would change it.

    Imports wait for each other, or two of them would tell of the same change.
    """
    await connection.execute(_ONE_AT_A_TIME)
    await connection.execute(_STAGE)
    columns = [*COLUMNS, "opening_stock"]
    await connection.copy_records_to_table("incoming", records=records, columns=columns)
    rows: list[Any] = await connection.fetch(_CHANGES)
    return rows


async def apply(connection: Connection, now: datetime) -> list[Any]:
    """Make the staged variants part of the catalogue and return the stock that was opened."""
    await connection.execute(_UPSERT, now)
    rows: list[Any] = await connection.fetch(_OPEN, now)
    return rows
