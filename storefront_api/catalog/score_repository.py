"""The SQL of scores. What was ever scored stays, with the attributes that it was scored by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_FIND = "SELECT * FROM product_scores WHERE product_id = ANY ($1)"
_KEEP = """
WITH scored AS (
    SELECT product_id, attributes::jsonb, rules_version, score, confidence, parts::jsonb
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::smallint[], $5::numeric[], $6::text[]
    ) AS s (product_id, attributes, rules_version, score, confidence, parts)
), remembered AS (
    INSERT INTO score_history (
        product_id, attributes, rules_version, score, confidence, parts, scored_at
    )
    SELECT *, $7 FROM scored ORDER BY product_id
)
INSERT INTO product_scores AS p (
    product_id, attributes, rules_version, score, confidence, parts, scored_at
)
SELECT *, $7 FROM scored ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE SET
    attributes = excluded.attributes, rules_version = excluded.rules_version,
    score = excluded.score, confidence = excluded.confidence, parts = excluded.parts,
    scored_at = excluded.scored_at
"""
_HISTORY = """
SELECT entry_id, attributes, rules_version, score, confidence::float8 AS confidence, parts,
    scored_at
FROM score_history WHERE product_id = $1 AND ($2::bigint IS NULL OR entry_id < $2)
ORDER BY entry_id DESC LIMIT $3
"""
_OUTDATED = """
SELECT product_id, attributes FROM product_scores WHERE rules_version <> $1
ORDER BY product_id LIMIT $2
"""
_LEFT = "SELECT count(*) FROM product_scores WHERE rules_version <> $1"


async def find(connection: Connection, product_ids: Sequence[str]) -> dict[str, Any]:
    """Return the scores of those products that have one."""
    rows = await connection.fetch(_FIND, list(product_ids))
    return {row["product_id"]: row for row in rows}


async def keep(connection: Connection, scored: Sequence[tuple[Any, ...]], at: datetime) -> None:
    """Store scores and remember them.

    Parameters
    ----------
    scored
        Product id, attributes, version of the rules, score, confidence and parts of each;
        attributes and parts as JSON.
    """
    await connection.execute(_KEEP, *map(list, zip(*scored, strict=True)), at)


async def history(
    connection: Connection, product_id: str, before: int | None, limit: int
) -> list[Any]:
    """Return what a product was ever scored, the latest first."""
    rows: list[Any] = await connection.fetch(_HISTORY, product_id, before, limit)
    return rows


async def outdated(connection: Connection, rules_version: str, limit: int) -> list[Any]:
    """Return products that were scored by other rules."""
    rows: list[Any] = await connection.fetch(_OUTDATED, rules_version, limit)
    return rows


async def left(connection: Connection, rules_version: str) -> int:
    """Return how many products were scored by other rules."""
    return int(await connection.fetchval(_LEFT, rules_version))
