"""The payments' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events.orders import RefundedLineV1
from storefront_api.payments.lines import PaidLine
from storefront_api.platform.database import Connection

_TAKE = """
UPDATE orders SET refunded_minor = refunded_minor + $2,
    fees_refunded_minor = fees_refunded_minor + $3
WHERE order_id = $1 AND refunded_minor + $2 <= total_minor
AND fees_refunded_minor + $3 <= fees_minor
RETURNING subject, currency, total_minor, refunded_minor, payment ->> 'method' AS method
"""
_ORDER = "SELECT subject, currency, total_minor, refunded_minor FROM orders WHERE order_id = $1"
_TENDERS = """
SELECT o.position, o.kind, o.tender_id, o.amount_minor, o.points, o.expires_at,
    coalesce(sum(r.amount_minor), 0)::bigint AS back_minor
FROM order_tenders o LEFT JOIN refund_tenders r USING (order_id, position)
WHERE o.order_id = $1 GROUP BY o.order_id, o.position ORDER BY o.position
"""
_ADD_TENDERS = """
INSERT INTO refund_tenders (refund_id, order_id, position, amount_minor, points)
SELECT $1, $2, * FROM unnest($3::int[], $4::bigint[], $5::bigint[])
"""
_REFUND = "INSERT INTO refunds VALUES ($1, $2, $3, $4, $5, $6)"
_LINES = """
SELECT line_number, sku, total_minor, tax_minor, refunded_minor FROM order_lines
WHERE order_id = $1 ORDER BY line_number
"""
_ADD_LINES = """
WITH borne AS (
    SELECT * FROM unnest($3::int[], $4::bigint[], $5::bigint[])
        AS b (line_number, amount_minor, tax_minor)
), noted AS (
    INSERT INTO refund_lines (refund_id, order_id, line_number, amount_minor, tax_minor)
    SELECT $1, $2, line_number, amount_minor, tax_minor FROM borne
)
UPDATE order_lines l SET refunded_minor = l.refunded_minor + b.amount_minor,
    tax_refunded_minor = l.tax_refunded_minor + coalesce(b.tax_minor, 0)
FROM borne b WHERE l.order_id = $2 AND l.line_number = b.line_number
"""
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


async def take(connection: Connection, order_id: UUID, goods_minor: int, fees_minor: int) -> Any:
    """Count an amount as refunded; None if that exceeds the order's total, or its fees.

    Returns
    -------
    The order's subject, currency, total_minor, refunded_minor (this amount included) and method.
    """
    return await connection.fetchrow(_TAKE, order_id, goods_minor, fees_minor)


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


async def lines(connection: Connection, order_id: UUID) -> list[PaidLine]:
    """Return an order's lines and what was given back of each."""
    return [PaidLine(**dict(row)) for row in await connection.fetch(_LINES, order_id)]


async def add_lines(
    connection: Connection, refund_id: UUID, order_id: UUID, borne: Sequence[RefundedLineV1]
) -> None:
    """Note what each line of an order bears of a refund, and count it as given back."""
    columns = [[getattr(line, name) for line in borne] for name in RefundedLineV1.model_fields]
    await connection.execute(_ADD_LINES, refund_id, order_id, *columns)


async def tenders(connection: Connection, order_id: UUID) -> list[Any]:
    """Return what has paid for an order besides a card, and how much of it went back already."""
    return list(await connection.fetch(_TENDERS, order_id))


async def add_tenders(
    connection: Connection,
    refund_id: UUID,
    order_id: UUID,
    rows: Sequence[tuple[int, int, int]],
) -> None:
    """Append what of a refund went back to gift cards and points: position, minor units, points."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_ADD_TENDERS, refund_id, order_id, *columns)


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
