"""The SQL of allocations. Who changes an order's has locked the order's row before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.inventory.choosing import Place, Spot
from storefront_api.platform.database import Connection

_COLUMNS = "order_id, channel = 'till' AS over_the_counter, delivery ->> 'area' AS area"
# Orders that found nothing come after those that were not tried, and wait for a while.
_DUE = """
FROM orders
WHERE NOT stock_allocated AND (allocation_tried_at IS NULL OR allocation_tried_at <= $1)
ORDER BY allocation_tried_at NULLS FIRST, order_id LIMIT $2
"""
_TAKE = f"SELECT {_COLUMNS} {_DUE} FOR NO KEY UPDATE SKIP LOCKED"
_IDS = f"SELECT order_id {_DUE}"
_LOCK = "SELECT order_id FROM orders WHERE order_id = $1 FOR NO KEY UPDATE SKIP LOCKED"
_ONE = f"SELECT {_COLUMNS} FROM orders WHERE order_id = $1 AND NOT stock_allocated"
_WAITING = """
SELECT l.order_id, l.line_number, l.sku, l.quantity - l.released - coalesce(a.units, 0) AS units
FROM order_lines l LEFT JOIN (
    SELECT order_id, line_number, sum(units)::bigint AS units FROM order_allocations
    WHERE order_id = ANY ($1) GROUP BY order_id, line_number
) a USING (order_id, line_number)
WHERE l.order_id = ANY ($1) AND l.quantity - l.released > coalesce(a.units, 0)
ORDER BY l.order_id, l.line_number
"""
_PLACES = """
SELECT warehouse_id, priority, latitude, longitude FROM warehouses
WHERE active ORDER BY priority, warehouse_id
"""
_SPOTS = "SELECT area, latitude, longitude FROM delivery_areas WHERE area = ANY ($1)"
_ADD = """
INSERT INTO order_allocations AS a (order_id, line_number, warehouse_id, units, shipped)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bigint[], $5::bigint[])
ON CONFLICT (order_id, line_number, warehouse_id) DO UPDATE
SET units = a.units + excluded.units, shipped = a.shipped + excluded.shipped
"""
_TRIED = """
UPDATE orders o SET stock_allocated = w.whole, allocation_tried_at = $3
FROM unnest($1::uuid[], $2::bool[]) AS w (order_id, whole) WHERE o.order_id = w.order_id
"""
_OF_ORDER = """
SELECT a.line_number, l.sku, a.warehouse_id, a.units, a.shipped,
    coalesce(s.units, 0)::bigint AS in_shipments
FROM order_allocations a JOIN order_lines l USING (order_id, line_number) LEFT JOIN (
    SELECT s.line_number, s.warehouse_id, sum(s.units) AS units
    FROM shipment_sources s JOIN shipments p USING (shipment_id)
    WHERE s.order_id = $1 AND s.left_at IS NULL AND p.voided_at IS NULL
    GROUP BY s.line_number, s.warehouse_id
) s USING (line_number, warehouse_id)
WHERE a.order_id = $1 AND a.units > 0 ORDER BY a.line_number, a.warehouse_id
"""
_SOURCES = """
SELECT s.shipment_id, s.line_number, s.warehouse_id, s.units
FROM shipment_sources s JOIN shipments p USING (shipment_id)
WHERE s.order_id = $1 AND p.voided_at IS NULL
ORDER BY s.shipment_id, s.line_number, s.warehouse_id
"""
_IS_THERE = "SELECT EXISTS (SELECT FROM orders WHERE order_id = $1)"
_FROM = """
INSERT INTO shipment_sources (shipment_id, order_id, line_number, warehouse_id, units)
SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::bigint[])
"""
_LEAVE = """
WITH gone AS (
    UPDATE shipment_sources SET left_at = $2 WHERE shipment_id = $1 AND left_at IS NULL
    RETURNING order_id, line_number, warehouse_id, units
), shipped AS (
    UPDATE order_allocations a SET shipped = a.shipped + g.units FROM gone g
    WHERE a.order_id = g.order_id AND a.line_number = g.line_number
    AND a.warehouse_id = g.warehouse_id
)
SELECT l.sku, g.warehouse_id, sum(g.units)::bigint AS units
FROM gone g JOIN order_lines l USING (order_id, line_number)
GROUP BY l.sku, g.warehouse_id ORDER BY l.sku, g.warehouse_id
"""
# What never left is what was neither sent, nor has come back, nor is about to.
_AWAY = """
SELECT l.sku, coalesce((
    SELECT sum(a.shipped) FROM order_allocations a JOIN order_lines n USING (order_id, line_number)
    WHERE a.order_id = $1 AND n.sku = l.sku
), 0)::bigint - coalesce((
    SELECT sum(delta) FROM stock_movements m
    WHERE m.reason = 'return' AND m.reference = $3 AND m.sku = l.sku
), 0)::bigint + sum(l.released)::bigint - coalesce((
    SELECT sum(CASE r.state WHEN 'received' THEN b.written_off ELSE b.units END)
    FROM returns r JOIN return_lines b USING (return_id)
    JOIN order_lines n ON n.order_id = b.order_id AND n.line_number = b.line_number
    WHERE r.order_id = $1 AND r.state <> 'rejected' AND n.sku = l.sku
), 0)::bigint AS units
FROM order_lines l WHERE l.order_id = $1 AND l.sku = ANY ($2) GROUP BY l.sku
"""
_RELEASE = """
UPDATE order_lines l SET released = l.released + w.units
FROM unnest($2::int[], $3::bigint[]) AS w (line_number, units)
WHERE l.order_id = $1 AND l.line_number = w.line_number
"""
_TAKE_OFF = """
UPDATE order_allocations a SET units = a.units - w.units
FROM unnest($2::int[], $3::text[], $4::bigint[]) AS w (line_number, warehouse_id, units)
WHERE a.order_id = $1 AND a.line_number = w.line_number AND a.warehouse_id = w.warehouse_id
"""
_NOTHING_WAITS = "UPDATE orders SET stock_allocated = true WHERE order_id = $1"


@dataclass(frozen=True)
class Waiting:
    """An order of which units may wait to be allocated.

    Parameters
    ----------
    over_the_counter
        Whether the shopper left with the goods.
    area
        Postal area that it is sent to.
    """

    order_id: UUID
    over_the_counter: bool
    area: str


@dataclass(frozen=True)
class Line:
    """Units of an order's line that wait to be allocated."""

    order_id: UUID
    line_number: int
    sku: str
    units: int


@dataclass(frozen=True)
class Share:
    """What a warehouse has for an order's line.

    Parameters
    ----------
    units
        All that was allocated, and not released.
    shipped
        Those of them that have left.
    in_shipments
        Those of them that are in shipments that have not left.
    """

    line_number: int
    sku: str
    warehouse_id: str
    units: int
    shipped: int
    in_shipments: int

    @property
    def idle(self) -> int:
        """Units that no shipment has."""
        return self.units - self.shipped - self.in_shipments


async def take(connection: Connection, tried_before: datetime, most: int) -> list[Waiting]:
    """Lock orders with units that wait; those that another call has are passed over."""
    rows = await connection.fetch(_TAKE, tried_before, most)
    return [Waiting(**dict(row)) for row in rows]


async def due(connection: Connection, tried_before: datetime, most: int) -> list[UUID]:
    """Return orders with units that wait, whoever else has them."""
    return [row["order_id"] for row in await connection.fetch(_IDS, tried_before, most)]


async def lock(connection: Connection, order_id: UUID) -> bool:
    """Lock an order; False if somebody else has it."""
    return await connection.fetchval(_LOCK, order_id) is not None


async def one(connection: Connection, order_id: UUID) -> list[Waiting]:
    """Return a locked order if units of it wait."""
    return [Waiting(**dict(row)) for row in await connection.fetch(_ONE, order_id)]


async def waiting(connection: Connection, order_ids: Sequence[UUID]) -> list[Line]:
    """Return the units of locked orders that wait, line by line."""
    return [Line(**dict(row)) for row in await connection.fetch(_WAITING, list(order_ids))]


async def places(connection: Connection) -> list[Place]:
    """Return the warehouses that may be sent from."""
    return [
        Place(row["warehouse_id"], row["priority"], _spot(row))
        for row in await connection.fetch(_PLACES)
    ]


async def spots(connection: Connection, areas: Sequence[str]) -> dict[str, Spot]:
    """Return where postal areas are, of those that are known."""
    rows = await connection.fetch(_SPOTS, list(areas))
    return {row["area"]: (row["latitude"], row["longitude"]) for row in rows}


def _spot(row: Any) -> Spot | None:
    return None if row["latitude"] is None else (row["latitude"], row["longitude"])


async def add(connection: Connection, rows: Sequence[tuple[UUID, int, str, int, int]]) -> None:
    """Add to what warehouses have for lines: order, line, warehouse, units, and units shipped."""
    await connection.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))


async def tried(connection: Connection, whole: Mapping[UUID, bool], now: datetime) -> None:
    """Note of locked orders whether nothing of them waits any more."""
    await connection.execute(_TRIED, list(whole), list(whole.values()), now)


async def of_order(connection: Connection, order_id: UUID) -> list[Share]:
    """Return what warehouses have for an order."""
    return [Share(**dict(row)) for row in await connection.fetch(_OF_ORDER, order_id)]


async def sources(connection: Connection, order_id: UUID) -> list[Any]:
    """Return from where the units of an order's shipments are, those of voided ones left out."""
    return list(await connection.fetch(_SOURCES, order_id))


async def is_there(connection: Connection, order_id: UUID) -> bool:
    """Return whether there is an order."""
    return bool(await connection.fetchval(_IS_THERE, order_id))


async def source(
    connection: Connection,
    shipment_id: UUID,
    order_id: UUID,
    rows: Sequence[tuple[int, str, int]],
) -> None:
    """Note from where a shipment's units are: line, warehouse, units."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_FROM, shipment_id, order_id, *columns)


async def leave(connection: Connection, shipment_id: UUID, now: datetime) -> list[Any]:
    """Note that a shipment has left; return what of which sku left which warehouse just now."""
    return list(await connection.fetch(_LEAVE, shipment_id, now))


async def away(connection: Connection, order_id: UUID, skus: Sequence[str]) -> dict[str, int]:
    """Return how many units of some skus of an order are with the shopper and may come back."""
    rows = await connection.fetch(_AWAY, order_id, list(skus), str(order_id))
    return {row["sku"]: row["units"] for row in rows}


async def release(
    connection: Connection,
    order_id: UUID,
    lines: Mapping[int, int],
    taken_off: Mapping[tuple[int, str], int],
) -> None:
    """Note that units of a locked order's lines are not to be sent.

    Parameters
    ----------
    taken_off
        Those of them that warehouses had for it, by line and warehouse.
    """
    await connection.execute(_RELEASE, order_id, list(lines), list(lines.values()))
    if taken_off:
        numbers, warehouses = [line for line, _ in taken_off], [place for _, place in taken_off]
        units = list(taken_off.values())
        await connection.execute(_TAKE_OFF, order_id, numbers, warehouses, units)


async def nothing_waits(connection: Connection, order_id: UUID) -> None:
    """Note that no unit of a locked order waits to be allocated."""
    await connection.execute(_NOTHING_WAITS, order_id)
