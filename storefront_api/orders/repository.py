"""The orders' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from storefront_api.events.orders import OrderLineV2
from storefront_api.ledger.tenders import Tender
from storefront_api.platform.database import Connection

_INSERT = """
WITH placed AS (
    INSERT INTO orders (
        order_id, placed_by, subject, store_id, channel, source_ref, currency, total_minor,
        ordered_at, received_at, risk, risk_decision_id, payment, delivery, destination, tax_minor
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
), logged AS (
    INSERT INTO order_changes VALUES (
        $1, 1, 'placed', CASE $5 WHEN 'till' THEN 'delivered' ELSE 'placed' END, $9, $10, '{}'
    )
)
INSERT INTO order_lines (
    order_id, line_number, sku, quantity, unit, list_minor, discount_minor, total_minor,
    tax_rate_bp, tax_minor
)
SELECT $1, * FROM unnest(
    $17::int[], $18::text[], $19::bigint[], $20::text[], $21::bigint[], $22::bigint[],
    $23::bigint[], $24::int[], $25::bigint[]
)
"""
_INSERT_TENDERS = """
INSERT INTO order_tenders (
    order_id, position, kind, tender_id, amount_minor, points, expires_at
)
SELECT $1, row_number() OVER (), * FROM unnest(
    $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[]
)
"""
_TENDERS = """
SELECT kind, tender_id, amount_minor, points, expires_at FROM order_tenders
WHERE order_id = $1 ORDER BY position
"""
_ORDER = "SELECT * FROM orders WHERE order_id = $1 AND $2 IN (placed_by, subject)"
_LINES = """
SELECT line_number, sku, quantity, unit, list_minor, discount_minor, total_minor, tax_rate_bp,
       tax_minor, tax_refunded_minor
FROM order_lines WHERE order_id = $1 ORDER BY line_number
"""
_LINE_COLUMNS = tuple(OrderLineV2.model_fields)


async def insert(
    connection: Connection, order: tuple[Any, ...], lines: Sequence[OrderLineV2]
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


async def insert_tenders(connection: Connection, order_id: UUID, tenders: Sequence[Tender]) -> None:
    """Insert what has paid for an order besides a card, in the order of paying."""
    names = ("kind", "tender_id", "amount_minor", "points", "expires_at")
    columns = [[getattr(tender, name) for tender in tenders] for name in names]
    await connection.execute(_INSERT_TENDERS, order_id, *columns)


async def find(connection: Connection, order_id: UUID, caller: str) -> tuple[Any, list[Any]]:
    """Return an order and its lines if the caller placed it or is its subject, else None."""
    order = await connection.fetchrow(_ORDER, order_id, caller)
    return order, await lines(connection, order_id) if order else []


async def lines(connection: Connection, order_id: UUID) -> list[Any]:
    """Return the lines of an order."""
    return list(await connection.fetch(_LINES, order_id))


def shown(lines: Sequence[Any]) -> list[OrderLineV2]:
    """Return rows of lines as they were placed."""
    return [OrderLineV2(**{name: line[name] for name in _LINE_COLUMNS}) for line in lines]


async def tenders(connection: Connection, order_id: UUID) -> list[Tender]:
    """Return what has paid for an order besides a card, in the order of paying."""
    return [Tender(**dict(row)) for row in await connection.fetch(_TENDERS, order_id)]
