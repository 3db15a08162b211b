"""The payments' SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_TAKE = """
UPDATE orders SET refunded_minor = refunded_minor + $2,
    fees_refunded_minor = fees_refunded_minor + $3
WHERE order_id = $1 AND refunded_minor + $2 <= total_minor
AND fees_refunded_minor + $3 <= fees_minor
RETURNING refunded_minor
"""
_ORDER = "SELECT subject, currency, total_minor, refunded_minor FROM orders WHERE order_id = $1"
_REFUND = "INSERT INTO refunds VALUES ($1, $2, $3, $4, $5, $6)"
_RETURNABLE = """
SELECT sku, sum(quantity)::bigint - coalesce((
    SELECT sum(delta) FROM stock_movements m
    WHERE m.reason = 'return' AND m.reference = $2 AND m.sku = l.sku
), 0)::bigint - coalesce((
    SELECT sum(CASE r.state WHEN 'received' THEN b.written_off ELSE b.units END)
    FROM returns r JOIN return_lines b USING (return_id)
    JOIN order_lines o ON o.order_id = b.order_id AND o.line_number = b.line_number
    WHERE r.order_id = $1 AND r.state <> 'rejected' AND o.sku = l.sku
), 0)::bigint AS units
FROM order_lines l WHERE order_id = $1 GROUP BY sku
"""
_DISPUTE = """
INSERT INTO disputes VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING dispute_id
"""


async def order(connection: Connection, order_id: UUID) -> Any:
    """Return subject, currency and totals of an order, or None."""
    return await connection.fetchrow(_ORDER, order_id)


async def take(
    connection: Connection, order_id: UUID, goods_minor: int, fees_minor: int
) -> int | None:
    """Count an amount as refunded, and return what is refunded of the order's goods now.

    None if that exceeds the order's total, or its fees.
    """
    refunded: int | None = await connection.fetchval(_TAKE, order_id, goods_minor, fees_minor)
    return refunded


async def add_refund(
    connection: Connection,
    refund_id: UUID,
    order_id: UUID,
    amount_minor: int,
    reason: str,
    at: datetime,
    fees_minor: int,
) -> None:
    """Append a refund, of whose amount a part may be of fees."""
    await connection.execute(_REFUND, refund_id, order_id, amount_minor, reason, at, fees_minor)


async def returnable(connection: Connection, order_id: UUID) -> dict[str, int]:
    """Return how much of each sku of an order has not come back, nor is about to."""
    rows = await connection.fetch(_RETURNABLE, order_id, str(order_id))
    return {row["sku"]: row["units"] for row in rows}


async def add_dispute(
    connection: Connection,
    dispute_id: UUID,
    order_id: UUID,
    amount_minor: int,
    reason: str,
    at: datetime,
) -> bool:
    """Append a dispute and return whether it is new."""
    row = await connection.fetchval(_DISPUTE, dispute_id, order_id, amount_minor, reason, at)
    return row is not None
