"""The orders' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from storefront_api.events.orders import OrderLineV1
from storefront_api.platform.database import Connection

_PRICES = """
SELECT sku, unit, currency, list_price_minor, department, EXISTS (
    SELECT FROM vendors v WHERE v.vendor_id = p.vendor_id AND v.state = 'approved'
) AS for_sale
FROM products p WHERE sku = ANY($1)
"""
_INSERT = """
WITH placed AS (
    INSERT INTO orders (
        order_id, placed_by, subject, store_id, channel, source_ref, currency, total_minor,
        ordered_at, received_at, risk, risk_decision_id, payment, delivery
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
)
INSERT INTO order_lines (
    order_id, line_number, sku, quantity, unit, list_minor, discount_minor, total_minor
)
SELECT $1, * FROM unnest(
    $15::int[], $16::text[], $17::bigint[], $18::text[], $19::bigint[], $20::bigint[], $21::bigint[]
)
"""
_ORDER = "SELECT * FROM orders WHERE order_id = $1 AND $2 IN (placed_by, subject)"
_LINES = """
SELECT line_number, sku, quantity, unit, list_minor, discount_minor, total_minor
FROM order_lines WHERE order_id = $1 ORDER BY line_number
"""
_LINE_COLUMNS = tuple(OrderLineV1.model_fields)


async def prices(connection: Connection, skus: Sequence[str]) -> dict[str, Any]:
    """Return unit, currency, list price, department and whether it is for sale, by sku."""
    rows = await connection.fetch(_PRICES, list(skus))
    return {row["sku"]: row for row in rows}


async def insert(
    connection: Connection, order: tuple[Any, ...], lines: Sequence[OrderLineV1]
) -> None:
    """Insert an order and its lines.

    Parameters
    ----------
    order
        Values of the order's columns in the statement's order.
    lines
        Its lines.
    """
    columns = [[getattr(line, name) for line in lines] for name in _LINE_COLUMNS]
    await connection.execute(_INSERT, *order, *columns)


async def find(connection: Connection, order_id: UUID, caller: str) -> tuple[Any, list[Any]]:
    """Return an order and its lines if the caller placed it or is its subject, else None."""
    order = await connection.fetchrow(_ORDER, order_id, caller)
    lines = await connection.fetch(_LINES, order_id) if order else []
    return order, lines
