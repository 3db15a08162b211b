"""The SQL of a vendor's part of orders. Every query is for one vendor's rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_UNDONE = """
    -coalesce((
        SELECT sum(amount_minor) FROM vendor_ledger v
        WHERE v.order_id = o.order_id AND v.account = o.vendor_id
            AND v.kind IN ('refund', 'chargeback')
    ), 0)::bigint AS undone_minor
"""
_PAGE = f"""
SELECT order_id, placed_at, currency, total_minor, {_UNDONE}
FROM vendor_orders o
WHERE vendor_id = $1 AND ($2::timestamptz IS NULL OR (placed_at, order_id) < ($2, $3::uuid))
ORDER BY placed_at DESC, order_id DESC LIMIT $4
"""
_ONE = f"""
SELECT o.order_id, o.placed_at, o.currency, o.total_minor, {_UNDONE}, whole.delivery
FROM vendor_orders o JOIN orders whole USING (order_id)
WHERE o.vendor_id = $1 AND o.order_id = $2
"""
_LINES = """
SELECT line_number, sku, p.name, p.package_size, p.mass_grams, l.quantity, l.unit, l.list_minor,
    l.discount_minor, l.total_minor, c.rate_bp, c.commission_minor
FROM order_line_commissions c JOIN order_lines l USING (order_id, line_number)
JOIN products p USING (sku)
WHERE c.vendor_id = $1 AND order_id = $2 ORDER BY line_number
"""
# Orders from before orders were split have no vendor's part, so nothing became of one.
_RECORD = """
INSERT INTO vendor_outcomes (kind, reference, vendor_id, order_id, value, recorded_at)
SELECT $1, $2 || '/' || vendor_id, vendor_id, order_id, $5, $6 FROM vendor_orders
WHERE vendor_id = ANY($3::text[]) AND order_id = $4
ON CONFLICT DO NOTHING
"""
_RECORD_SHIPPED = """
WITH shipped AS (
    SELECT DISTINCT v.vendor_id, v.order_id, v.placed_at
    FROM order_line_commissions c JOIN vendor_orders v USING (order_id, vendor_id)
    WHERE c.order_id = $2 AND c.line_number = ANY($3::int[])
)
INSERT INTO vendor_outcomes (kind, reference, vendor_id, order_id, value, recorded_at)
SELECT kind, $1 || '/' || vendor_id, vendor_id, order_id, 1, $5
FROM shipped CROSS JOIN LATERAL (
    SELECT days FROM shipping_promises p
    WHERE p.vendor_id IN ('', shipped.vendor_id) AND p.valid_from <= placed_at
    ORDER BY p.vendor_id DESC, valid_from DESC, version DESC LIMIT 1
) promised CROSS JOIN (VALUES ($6::text, 0), ($7, 1)) AS outcome (kind, late)
WHERE late = 0 OR $4 > placed_at + make_interval(days => days)
ON CONFLICT DO NOTHING
"""
_SCORECARD = """
WITH placed AS (
    SELECT order_id, vendor_id FROM vendor_orders
    WHERE vendor_id = $1 AND placed_at >= $2 AND placed_at < $3
), latest AS (
    SELECT DISTINCT ON (kind, split_part(reference, '#', 1)) order_id, kind, value
    FROM vendor_outcomes JOIN placed USING (order_id, vendor_id)
    ORDER BY kind, split_part(reference, '#', 1), entry DESC
), inputs AS (
    SELECT order_id, 'ordered' AS kind, 1 AS value FROM placed
    UNION ALL
    SELECT order_id, kind, value FROM latest WHERE value > 0
), measures AS (
    SELECT DISTINCT ON (measure) * FROM scorecard_measures ORDER BY measure, version DESC
)
SELECT measure, version, form, description,
    CASE form
        WHEN 'share' THEN count(DISTINCT order_id) FILTER (WHERE kind = counted)
        ELSE coalesce(sum(value) FILTER (WHERE kind = counted), 0)
    END AS counted,
    CASE form
        WHEN 'share' THEN count(DISTINCT order_id) FILTER (WHERE kind = among)
        ELSE count(*) FILTER (WHERE kind = among)
    END AS among
FROM measures LEFT JOIN inputs ON kind IN (counted, among)
GROUP BY measure, version, form, description ORDER BY measure
"""


async def page(
    connection: Connection, vendor_id: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[Any]:
    """Return a vendor's orders after one, newest first."""
    placed_at, order_id = after or (None, None)
    return list(await connection.fetch(_PAGE, vendor_id, placed_at, order_id, limit))


async def find(connection: Connection, vendor_id: str, order_id: UUID) -> Any:
    """Return a vendor's part of an order, or None."""
    return await connection.fetchrow(_ONE, vendor_id, order_id)


async def lines(connection: Connection, vendor_id: str, order_id: UUID) -> list[Any]:
    """Return a vendor's lines of an order."""
    return list(await connection.fetch(_LINES, vendor_id, order_id))


async def record(
    connection: Connection,
    kind: str,
    reference: str,
    vendor_ids: Sequence[str],
    order_id: UUID,
    value: int,
    at: datetime,
) -> None:
    """Append what became of vendors' parts of an order, once."""
    await connection.execute(_RECORD, kind, reference, list(vendor_ids), order_id, value, at)


async def record_shipped(
    connection: Connection,
    shipment_id: UUID,
    order_id: UUID,
    line_numbers: Sequence[int],
    shipped_at: datetime,
    now: datetime,
    kinds: tuple[str, str],
) -> None:
    """Append that vendors' lines were shipped, and that they were late by the promise in force.

    Parameters
    ----------
    kinds
        Of what is shipped, and of what is late.
    """
    numbers = list(line_numbers)
    values = (str(shipment_id), order_id, numbers, shipped_at, now, *kinds)
    await connection.execute(_RECORD_SHIPPED, *values)


async def scorecard(
    connection: Connection, vendor_id: str, since: datetime, until: datetime
) -> list[Any]:
    """Return each measure over a vendor's orders that were placed in a time."""
    return list(await connection.fetch(_SCORECARD, vendor_id, since, until))
