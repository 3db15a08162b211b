"""The SQL of what the index is made from: the documents, words and synonyms in PostgreSQL.

A row tells by its `xmin` which transaction wrote it. What was written since a snapshot was taken
are the rows of transactions that were not over then, so those whose number is not below the
snapshot's lowest. Which rows are gone no row tells; that there are some, their number does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from storefront_api.catalog.rules import Trait
from storefront_api.catalog.trait_repository import met
from storefront_api.platform.database import Connection
from storefront_api.social.repository import PRIOR, WEIGHTED

PART = 5_000
"""Rows that are read at a time."""
_STATE = f"""
SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
    pg_snapshot_xmin(pg_current_snapshot())::text AS since,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS upcoming,
    (SELECT version FROM {PRIOR.format(at="$1")} AS p) AS prior,
    ARRAY(SELECT ARRAY[meaning, term] FROM search_synonyms ORDER BY meaning, term) AS synonyms,
    (SELECT count(*) FROM search_documents) AS products
"""
_PRODUCTS = """
SELECT d.product_id, d.name, d.vendor_id, d.brand, d.department, d.category, d.product_type,
    d.traits, d.words, d.currency, d.prices_minor, d.listed_at, d.score, d.certificates,
    d.plastic_free, d.origin,
    EXISTS (SELECT FROM stock WHERE sku = ANY (d.skus) AND on_hand > reserved) AS in_stock,
    {rating} AS rating, ARRAY[{met}]::integer[] AS met
FROM search_documents AS d CROSS JOIN {prior} AS p
LEFT JOIN product_ratings AS r ON r.product_id = d.product_id COLLATE "default"
{changed}
"""
_WRITTEN = "age(w.xmin) <= age({}::text::xid8::xid)"
_PARTS = """
    SELECT product_id FROM search_documents AS w WHERE {written}
    UNION SELECT product_id FROM product_scores AS w WHERE {written}
    UNION SELECT product_id FROM product_ratings AS w WHERE {written}
    UNION SELECT product_id FROM stock AS w JOIN products USING (sku) WHERE {written}
"""
_WORDS = "SELECT word, products FROM search_words AS w"
_ANY = f"""
SELECT EXISTS ({_PARTS.format(written=_WRITTEN.format("$1"))})
    OR EXISTS ({_WORDS} WHERE {_WRITTEN.format("$1")})
    OR (SELECT count(*) FROM search_documents) <> $2
    OR ARRAY(SELECT ARRAY[meaning, term] FROM search_synonyms ORDER BY meaning, term) <> $3
"""
_IDS = "SELECT product_id FROM search_documents"


async def state(connection: Connection, now: datetime) -> Any:
    """Return what the index states of itself if it is made from what is seen now."""
    return await connection.fetchrow(_STATE, now)


async def products(
    connection: Connection, since: str, traits: Sequence[Trait], now: datetime
) -> AsyncIterator[list[Any]]:
    """Read, in parts, the products that were written since a state; all for an empty one."""
    values: list[Any] = []

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    changed = ""
    if since:
        parts = _PARTS.format(written=_WRITTEN.format(place(since)))
        changed = f"WHERE d.product_id IN ({parts})"
    statement = _PRODUCTS.format(
        rating=WEIGHTED,
        met=", ".join(met([trait], place) for trait in traits),
        prior=PRIOR.format(at=place(now)),
        changed=changed,
    )
    async for rows in _parts(connection, statement, values):
        yield rows


async def words(connection: Connection, since: str) -> AsyncIterator[list[Any]]:
    """Read, in parts, the words whose products changed since a state; all for an empty one."""
    statement = f"{_WORDS} WHERE {_WRITTEN.format('$1')}" if since else _WORDS
    async for rows in _parts(connection, statement, [since] if since else []):
        yield rows


async def changed(connection: Connection, state: Mapping[str, Any]) -> bool:
    """Return whether anything that the index is made from is not as in a state of it."""
    values = (state["since"], state["products"], state["synonyms"])
    return bool(await connection.fetchval(_ANY, *values))


async def ids(connection: Connection) -> set[str]:
    """Return the ids of all products that may be found."""
    return {row["product_id"] for row in await connection.fetch(_IDS)}


async def _parts(
    connection: Connection, statement: str, values: Sequence[Any]
) -> AsyncIterator[list[Any]]:
    cursor = await connection.cursor(statement, *values)
    while rows := await cursor.fetch(PART):
        yield rows
