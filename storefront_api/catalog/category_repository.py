"""The SQL of the tree of categories."""

from __future__ import annotations

from typing import Any

from storefront_api.platform.database import Connection

_PATH = """
WITH RECURSIVE up AS (
    SELECT category_id, parent_id, name, 0 AS height FROM categories WHERE category_id = $1
    UNION ALL
    SELECT c.category_id, c.parent_id, c.name, height + 1
    FROM up JOIN categories AS c ON c.category_id = up.parent_id
)
SELECT category_id, name FROM up ORDER BY height DESC
"""
_BELOW = """
WITH RECURSIVE below AS (
    SELECT category_id, 0 AS depth FROM categories WHERE category_id = $1
    UNION ALL
    SELECT c.category_id, depth + 1 FROM below JOIN categories AS c
    ON c.parent_id = below.category_id
)
"""
_HEIGHT = f"{_BELOW} SELECT coalesce(max(depth), 0) FROM below"
_PRODUCTS_BELOW = f"""
{_BELOW} SELECT count(*) FROM below JOIN product_details USING (category_id)
"""
_COUNTED = """
SELECT c.category_id, c.parent_id, c.name, c.position, count(d.product_id) AS products
FROM categories AS c LEFT JOIN product_details AS d USING (category_id)
"""
_FIND = f"{_COUNTED} WHERE c.category_id = $1 GROUP BY c.category_id"
_TREE = f"""
WITH RECURSIVE counted AS ({_COUNTED} GROUP BY c.category_id), placed AS (
    SELECT *, ARRAY[(position, category_id)] AS place FROM counted WHERE parent_id IS NULL
    UNION ALL
    SELECT c.*, p.place || (c.position, c.category_id)
    FROM placed AS p JOIN counted AS c ON c.parent_id = p.category_id
)
SELECT category_id, parent_id, name, position, products FROM placed ORDER BY place
"""
_PUT = """
INSERT INTO categories AS c (category_id, parent_id, name, position) VALUES ($1, $2, $3, $4)
ON CONFLICT (category_id) DO UPDATE
SET parent_id = excluded.parent_id, name = excluded.name, position = excluded.position
WHERE (c.parent_id, c.name, c.position)
    IS DISTINCT FROM (excluded.parent_id, excluded.name, excluded.position)
RETURNING category_id
"""


async def path(connection: Connection, category_id: str) -> list[Any]:
    """Return id and name of a category and all above it, the root first."""
    rows: list[Any] = await connection.fetch(_PATH, category_id)
    return rows


async def height(connection: Connection, category_id: str) -> int:
    """Return how many levels are below a category."""
    return int(await connection.fetchval(_HEIGHT, category_id))


async def products_below(connection: Connection, category_id: str) -> int:
    """Return how many products are in a category or below it."""
    return int(await connection.fetchval(_PRODUCTS_BELOW, category_id))


async def find(connection: Connection, category_id: str) -> Any:
    """Return a category, None if there is none of that id."""
    return await connection.fetchrow(_FIND, category_id)


async def tree(connection: Connection) -> list[Any]:
    """Return all categories, each after the one that it is under."""
    rows: list[Any] = await connection.fetch(_TREE)
    return rows


async def put(
    connection: Connection, category_id: str, parent_id: str | None, name: str, position: int
) -> bool:
    """Create a category, or change it; False if it is what it was."""
    stated = (category_id, parent_id, name, position)
    return await connection.fetchval(_PUT, *stated) is not None
