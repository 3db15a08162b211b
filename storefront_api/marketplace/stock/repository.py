"""The SQL of a vendor's stock. Rows are locked in order of sku, as the inventory does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('stock file/' || $1, 0))"
_APPLIED = """
SELECT mode, rows, changed FROM stock_files WHERE vendor_id = $1 AND sha256 = $2 AND mode = $3
"""
_KEEP = "INSERT INTO stock_files VALUES ($1, $2, $3, $4, $5, $6)"
_HOLD = """
SELECT s.sku, s.on_hand, s.reserved FROM stock s JOIN products p USING (sku)
WHERE s.sku = ANY($2) AND p.vendor_id = $1 ORDER BY s.sku FOR UPDATE OF s
"""
_SET = """
INSERT INTO stock_thresholds (sku, threshold)
SELECT s.sku, $3 FROM stock s JOIN products p USING (sku)
WHERE s.sku = $2 AND p.vendor_id = $1
ON CONFLICT (sku) DO UPDATE SET threshold = excluded.threshold
RETURNING sku
"""
_PAGE = """
SELECT t.sku, t.threshold, s.on_hand, t.low, t.crossings
FROM stock_thresholds t JOIN stock s USING (sku) JOIN products p USING (sku)
WHERE p.vendor_id = $1 AND t.sku > $2 ORDER BY t.sku LIMIT $3
"""
_ONE = """
SELECT s.sku, s.on_hand, s.on_hand - s.reserved AS available, t.threshold
FROM stock s JOIN products p USING (sku) LEFT JOIN stock_thresholds t USING (sku)
WHERE s.sku = $2 AND p.vendor_id = $1
"""
_FALLEN = """
SELECT t.sku, t.threshold, s.on_hand, p.vendor_id, p.name, v.contact_email, t.crossings + 1
    AS crossing
FROM stock_thresholds t JOIN stock s USING (sku) JOIN products p USING (sku)
LEFT JOIN vendors v USING (vendor_id)
WHERE NOT t.low AND s.on_hand <= t.threshold
ORDER BY t.sku LIMIT $1 FOR UPDATE OF t SKIP LOCKED
"""
_LOW = """
UPDATE stock_thresholds SET low = true, crossings = crossings + 1 WHERE sku = ANY($1)
"""
_RISEN = """
UPDATE stock_thresholds SET low = false WHERE sku IN (
    SELECT t.sku FROM stock_thresholds t JOIN stock s USING (sku)
    WHERE t.low AND s.on_hand > t.threshold ORDER BY t.sku LIMIT $1 FOR UPDATE OF t SKIP LOCKED
)
"""


async def applied(connection: Connection, vendor_id: str, sha256: bytes, mode: str) -> Any:
    """Return what a file that was applied before changed, or None; files wait for each other."""
    await connection.execute(_ONE_AT_A_TIME, vendor_id)
    return await connection.fetchrow(_APPLIED, vendor_id, sha256, mode)


async def keep(
    connection: Connection,
    vendor_id: str,
    sha256: bytes,
    mode: str,
    rows: int,
    changed: int,
    at: datetime,
) -> None:
    """Note that a file was applied."""
    await connection.execute(_KEEP, vendor_id, sha256, mode, rows, changed, at)


async def hold(connection: Connection, vendor_id: str, skus: Sequence[str]) -> dict[str, Any]:
    """Return stock of a vendor's own variants that nobody else moves now, by sku."""
    rows = await connection.fetch(_HOLD, vendor_id, list(skus))
    return {row["sku"]: row for row in rows}


async def set_threshold(connection: Connection, vendor_id: str, sku: str, threshold: int) -> bool:
    """Set when stock of a vendor's own variant is low; False if it is not the vendor's."""
    return await connection.fetchval(_SET, vendor_id, sku, threshold) is not None


async def thresholds(connection: Connection, vendor_id: str, after: str, limit: int) -> list[Any]:
    """Return the next of a vendor's thresholds after a sku."""
    return list(await connection.fetch(_PAGE, vendor_id, after, limit))


async def one(connection: Connection, vendor_id: str, sku: str) -> Any:
    """Return stock and threshold of a vendor's own variant; None if it is not the vendor's."""
    return await connection.fetchrow(_ONE, vendor_id, sku)


async def fallen(connection: Connection, most: int) -> list[Any]:
    """Return variants that have fallen to their threshold and were not told of, held by this."""
    return list(await connection.fetch(_FALLEN, most))


async def note_low(connection: Connection, skus: Sequence[str]) -> None:
    """Note that variants' falls are told."""
    await connection.execute(_LOW, list(skus))


async def note_risen(connection: Connection, most: int) -> None:
    """Note which variants have enough again, so that their next fall is told."""
    await connection.execute(_RISEN, most)
