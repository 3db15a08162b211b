"""The SQL of bulk files."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events.catalog import ImportV1
from storefront_api.platform.database import Connection

_PAGE = """
SELECT p.*, coalesce(d.description, '') AS description, coalesce(v.options, '{}') AS options,
    s.attributes
FROM products AS p LEFT JOIN product_details AS d USING (product_id)
LEFT JOIN product_scores AS s USING (product_id) LEFT JOIN variant_options AS v USING (sku)
WHERE p.archived_at IS NULL AND p.sku > $1 ORDER BY p.sku LIMIT $2
"""
_FINISH = """
INSERT INTO catalog_imports (
    import_id, rows, created, updated, unchanged, rejected, finished_at
) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def page(connection: Connection, after: str, limit: int) -> list[Any]:
    """Return the variants on offer after a sku, with all that a file says of them."""
    rows: list[Any] = await connection.fetch(_PAGE, after, limit)
    return rows


async def finish(connection: Connection, done: ImportV1, at: datetime) -> UUID:
    """Remember an import that changed something."""
    counts = (done.rows, done.created, done.updated, done.unchanged, done.rejected)
    await connection.execute(_FINISH, done.import_id, *counts, at)
    return done.import_id
