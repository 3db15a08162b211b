"""The SQL of recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storefront_api.platform.database import Connection

_POPULAR = """
WITH recent AS (SELECT order_id FROM orders ORDER BY ordered_at DESC LIMIT 2000)
SELECT sku FROM order_lines JOIN recent USING (order_id)
GROUP BY sku ORDER BY count(*) DESC, sku LIMIT $1
"""
_DETAILS = """
SELECT p.sku, p.product_id, p.name, p.currency, p.list_price_minor
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (sku, place) JOIN products p USING (sku)
WHERE p.archived_at IS NULL AND may_sell(p.vendor_id) ORDER BY place
"""


async def popular(connection: Connection, limit: int) -> list[str]:
    """Return what was ordered most often in the latest orders."""
    return [row["sku"] for row in await connection.fetch(_POPULAR, limit)]


async def details(connection: Connection, skus: Sequence[str]) -> list[Any]:
    """Return names and prices of the variants on offer, in the given order."""
    rows: list[Any] = await connection.fetch(_DETAILS, list(skus))
    return rows
