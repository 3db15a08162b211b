"""The SQL of what is said of a product as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_DESCRIBE = """
INSERT INTO product_details AS d (product_id, description, category_id)
SELECT product_id, description, nullif(category_id, '')
FROM unnest($1::text[], $2::text[], $3::text[]) AS w (product_id, description, category_id)
ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE
SET description = excluded.description, category_id = excluded.category_id
WHERE (d.description, d.category_id) IS DISTINCT FROM (excluded.description, excluded.category_id)
RETURNING d.product_id
"""
_DETAILS = """
SELECT product_id, description, coalesce(category_id, '') AS category_id FROM product_details
WHERE product_id = ANY ($1)
"""
_MATRICES = """
SELECT product_id, name, allowed FROM product_options WHERE product_id = ANY ($1)
ORDER BY product_id, position
"""
_FORGET_MATRICES = "DELETE FROM product_options WHERE product_id = ANY ($1)"
_SET_MATRICES = """
INSERT INTO product_options (product_id, position, name, allowed)
SELECT product_id, position, name, ARRAY(SELECT jsonb_array_elements_text(allowed::jsonb))
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[])
    AS o (product_id, position, name, allowed)
"""
_OPTION_SETS = """
SELECT product_id, sku, options, options_hash FROM variant_options WHERE product_id = ANY ($1)
"""
_INSERT_OPTIONS = """
INSERT INTO variant_options AS v (sku, product_id, options, options_hash)
SELECT sku, product_id, options::jsonb, options_hash
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
    AS o (sku, product_id, options, options_hash)
ON CONFLICT (sku) DO UPDATE
SET options = excluded.options, options_hash = excluded.options_hash WHERE v.options = '{}'
"""
_IMAGES = "SELECT url, alt FROM product_images WHERE product_id = $1 ORDER BY position"
_FORGET_IMAGES = "DELETE FROM product_images WHERE product_id = $1"
_ADD_IMAGE = """
INSERT INTO product_images (product_id, position, url, alt) VALUES ($1, $2, $3, $4)
"""
_ARCHIVE = """
UPDATE products SET archived_at = $3::timestamptz
WHERE product_id = $1 AND $2 IN ('', sku) AND (archived_at IS NULL) = ($3::timestamptz IS NOT NULL)
RETURNING sku
"""


async def describe(connection: Connection, stated: Sequence[tuple[str, str, str]]) -> set[str]:
    """Set descriptions and categories, and return the products of which they were others.

    Parameters
    ----------
    stated
        Product id, description and category id of each, the last empty for none.
    """
    columns = map(list, zip(*stated, strict=True))
    return {row["product_id"] for row in await connection.fetch(_DESCRIBE, *columns)}


async def details(connection: Connection, product_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return description and category id of those products of which something was said."""
    rows = await connection.fetch(_DETAILS, list(product_ids))
    return {row["product_id"]: (row["description"], row["category_id"]) for row in rows}


async def matrices(
    connection: Connection, product_ids: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    """Return, by product, the values that each of its options may have."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in await connection.fetch(_MATRICES, list(product_ids)):
        found.setdefault(row["product_id"], {})[row["name"]] = row["allowed"]
    return found


async def set_matrices(
    connection: Connection, matrices: Mapping[str, Mapping[str, Sequence[str]]]
) -> None:
    """Replace the options of products."""
    await connection.execute(_FORGET_MATRICES, list(matrices))
    rows = [
        (product_id, place, name, json.dumps(list(allowed)))
        for product_id, matrix in matrices.items()
        for place, (name, allowed) in enumerate(matrix.items(), 1)
    ]
    if rows:
        await connection.execute(_SET_MATRICES, *map(list, zip(*rows, strict=True)))


async def option_sets(connection: Connection, product_ids: Sequence[str]) -> list[Any]:
    """Return product, sku, options and their hash of the variants that have some."""
    rows: list[Any] = await connection.fetch(_OPTION_SETS, list(product_ids))
    return rows


async def insert_options(
    connection: Connection, rows: Sequence[tuple[str, str, str, bytes]]
) -> None:
    """Give variants that have none their options.

    Parameters
    ----------
    rows
        Sku, product id, options as JSON and their hash of each.
    """
    await connection.execute(_INSERT_OPTIONS, *map(list, zip(*rows, strict=True)))


async def set_images(
    connection: Connection, product_id: str, images: Sequence[tuple[str, str]]
) -> bool:
    """Replace a product's images, each a URL and its text; False if they are what they were."""
    rows = await connection.fetch(_IMAGES, product_id)
    if [(row["url"], row["alt"]) for row in rows] == list(images):
        return False
    await connection.execute(_FORGET_IMAGES, product_id)
    numbered = [(product_id, place, *image) for place, image in enumerate(images, 1)]
    await connection.executemany(_ADD_IMAGE, numbered)
    return True


async def archive(
    connection: Connection, product_id: str, sku: str, at: datetime | None
) -> list[str]:
    """Archive variants, or restore them, and return those that were not so already.

    Parameters
    ----------
    sku
        One of the product's variants; empty for all.
    at
        When they are archived; None to restore them.
    """
    return sorted(row["sku"] for row in await connection.fetch(_ARCHIVE, product_id, sku, at))
