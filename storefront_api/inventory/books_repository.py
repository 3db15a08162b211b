"""The SQL of warehouses' stock. Rows are locked in order of sku and warehouse, all at once.

Whoever holds rows of `stock` as well has locked those before. Nothing here touches `stock`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_OPEN = """
INSERT INTO warehouse_stock (sku, warehouse_id, on_hand, allocated)
SELECT sku, warehouse_id, 0, 0 FROM unnest($1::text[], $2::text[]) AS w (sku, warehouse_id)
ORDER BY sku, warehouse_id ON CONFLICT DO NOTHING
"""
# Not FOR UPDATE: the ledger's references to these rows need not wait.
_HOLD = """
SELECT sku, warehouse_id, on_hand, allocated FROM warehouse_stock
WHERE sku = ANY ($1) ORDER BY sku, warehouse_id FOR NO KEY UPDATE
"""
_SET = """
UPDATE warehouse_stock s SET on_hand = w.on_hand, allocated = w.allocated
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    AS w (sku, warehouse_id, on_hand, allocated)
WHERE s.sku = w.sku AND s.warehouse_id = w.warehouse_id
"""
_NOTE = """
INSERT INTO warehouse_movements (
    sku, warehouse_id, kind, on_hand_delta, allocated_delta, on_hand, allocated, reference, moved_at
)
SELECT *, $9 FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::text[]
)
"""
# Of orders whose units are all allocated nothing waits, so their lines need not be read.
_UNBALANCED = """
WITH places AS (
    SELECT sku, sum(on_hand - allocated) AS free FROM warehouse_stock GROUP BY sku
), waiting AS (
    SELECT l.sku, sum(l.quantity - l.released - coalesce(a.units, 0)) AS units
    FROM orders o JOIN order_lines l USING (order_id) LEFT JOIN LATERAL (
        SELECT sum(units) AS units FROM order_allocations a
        WHERE a.order_id = l.order_id AND a.line_number = l.line_number
    ) a ON true
    WHERE NOT o.stock_allocated GROUP BY l.sku
)
SELECT s.sku, s.on_hand, coalesce(w.units, 0)::bigint AS waiting, coalesce(p.free, 0)::bigint
    AS free
FROM stock s LEFT JOIN places p USING (sku) LEFT JOIN waiting w USING (sku)
WHERE coalesce(p.free, 0) <> s.on_hand + coalesce(w.units, 0)
ORDER BY s.sku LIMIT $1
"""


async def open_rows(connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """See to it that there are rows for pairs of sku and warehouse."""
    skus, warehouses = [sku for sku, _ in pairs], [place for _, place in pairs]
    await connection.execute(_OPEN, skus, warehouses)


async def hold(connection: Connection, skus: Sequence[str]) -> list[Any]:
    """Return what is where of some skus; nobody else moves it until the transaction ends."""
    return list(await connection.fetch(_HOLD, list(skus)))


async def write(
    connection: Connection,
    rows: Sequence[tuple[str, str, int, int]],
    movements: Sequence[tuple[str, str, str, int, int, int, int, str]],
    at: datetime,
) -> None:
    """Set rows that are held to what the movements made of them, and append the movements."""
    await connection.execute(_SET, *(list(column) for column in zip(*rows, strict=True)))
    columns = (list(column) for column in zip(*movements, strict=True))
    await connection.execute(_NOTE, *columns, at)


async def unbalanced(connection: Connection, most: int = 1_000) -> list[Any]:
    """Return the skus of which warehouses do not have what the store has promised or may sell.

    There are none. What is free in all warehouses is what may still be sold, and what is sold and
    waits to be allocated: `free = on_hand + waiting`.
    """
    return list(await connection.fetch(_UNBALANCED, most))
