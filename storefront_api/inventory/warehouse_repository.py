"""The SQL of warehouses, of the areas that they send to, and of what is where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storefront_api.platform.database import Connection

_COLUMNS = "warehouse_id, name, country, latitude, longitude, priority, active"
_PUT = f"""
INSERT INTO warehouses AS w ({_COLUMNS}, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (warehouse_id) DO UPDATE SET
    name = excluded.name, country = excluded.country, latitude = excluded.latitude,
    longitude = excluded.longitude, priority = excluded.priority, active = excluded.active,
    changed_at = excluded.changed_at
WHERE (w.name, w.country, w.latitude, w.longitude, w.priority, w.active) IS DISTINCT FROM
    (excluded.name, excluded.country, excluded.latitude, excluded.longitude, excluded.priority,
     excluded.active)
RETURNING warehouse_id
"""
_ONE = f"SELECT {_COLUMNS} FROM warehouses WHERE warehouse_id = $1"
_PAGE = f"SELECT {_COLUMNS} FROM warehouses WHERE warehouse_id > $1 ORDER BY warehouse_id LIMIT $2"
_KNOWN = "SELECT warehouse_id FROM warehouses WHERE warehouse_id = ANY ($1)"
_BY_PRIORITY = "SELECT warehouse_id FROM warehouses ORDER BY priority, warehouse_id"
_LEVELS = """
SELECT sku, on_hand, allocated FROM warehouse_stock
WHERE warehouse_id = $1 AND sku > $2 ORDER BY sku LIMIT $3
"""
_PUT_AREA = """
INSERT INTO delivery_areas VALUES ($1, $2, $3) ON CONFLICT (area) DO UPDATE
SET latitude = excluded.latitude, longitude = excluded.longitude
"""
_AREAS = "SELECT * FROM delivery_areas WHERE area > $1 ORDER BY area LIMIT $2"
_ONE_AT_A_TIME = """
SELECT pg_advisory_xact_lock(hashtextextended('warehouse document/' || $1 || '/' || $2, 0))
"""
_BOOKED = "SELECT sha256, answer FROM warehouse_documents WHERE kind = $1 AND reference = $2"
_BOOK = "INSERT INTO warehouse_documents VALUES ($1, $2, $3, $4, $5)"


async def put(connection: Connection, columns: Sequence[object]) -> bool:
    """Create or change a warehouse; False if it was so already.

    Parameters
    ----------
    columns
        Id, name, country, latitude, longitude, priority, whether it is active, and when.
    """
    return await connection.fetchval(_PUT, *columns) is not None


async def one(connection: Connection, warehouse_id: str) -> Any:
    """Return a warehouse, or None."""
    return await connection.fetchrow(_ONE, warehouse_id)


async def page(connection: Connection, after: str, most: int) -> list[Any]:
    """Return the next warehouses after an id."""
    return list(await connection.fetch(_PAGE, after, most))


async def known(connection: Connection, warehouse_ids: Sequence[str]) -> set[str]:
    """Return those of some ids that are warehouses'."""
    rows = await connection.fetch(_KNOWN, list(warehouse_ids))
    return {row["warehouse_id"] for row in rows}


async def by_priority(connection: Connection) -> list[str]:
    """Return the ids of all warehouses, active or not, the most preferred first."""
    return [row["warehouse_id"] for row in await connection.fetch(_BY_PRIORITY)]


async def levels(connection: Connection, warehouse_id: str, after: str, most: int) -> list[Any]:
    """Return what is in a warehouse, of the next skus after one."""
    return list(await connection.fetch(_LEVELS, warehouse_id, after, most))


async def put_area(connection: Connection, area: str, latitude: float, longitude: float) -> None:
    """Say where a postal area is."""
    await connection.execute(_PUT_AREA, area, latitude, longitude)


async def areas(connection: Connection, after: str, most: int) -> list[Any]:
    """Return the next postal areas after one, with where they are."""
    return list(await connection.fetch(_AREAS, after, most))


async def booked(connection: Connection, kind: str, reference: str) -> Any:
    """Return the digest of a document that was booked and its answer, or None.

    Whoever books under the same reference waits until this transaction ends.
    """
    await connection.execute(_ONE_AT_A_TIME, kind, reference)
    return await connection.fetchrow(_BOOKED, kind, reference)


async def book(
    connection: Connection, kind: str, reference: str, sha256: bytes, answer: str, at: object
) -> None:
    """Note that a document was booked, and what was answered."""
    await connection.execute(_BOOK, kind, reference, sha256, answer, at)
