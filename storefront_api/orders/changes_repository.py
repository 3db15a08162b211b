"""The SQL of what happened to orders. Whoever adds to it has locked the order's row before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.orders.status import OrderFacts, Scan, ShipmentFacts
from storefront_api.platform.database import Connection

CHANNEL = "order_changes"
"""On which PostgreSQL tells the ids of orders that something happened to."""
_LOCK = """
SELECT order_id, subject, channel, currency, ordered_at, total_minor, refunded_minor, fees_minor,
       fees_refunded_minor, contact_email
FROM orders WHERE order_id = $1 AND ($2 = '' OR $2 IN (placed_by, subject)) FOR UPDATE
"""
_ORDERS = """
SELECT o.order_id, o.channel, o.total_minor, o.refunded_minor,
       EXISTS (SELECT FROM order_cancellations c WHERE c.order_id = o.order_id) AS cancelled,
       (
           SELECT sum(quantity - released) FROM order_lines l WHERE l.order_id = o.order_id
       )::bigint AS ordered,
       (
           SELECT coalesce(sum(l.units), 0) FROM returns r JOIN return_lines l USING (return_id)
           WHERE r.order_id = o.order_id AND r.state = 'received'
       )::bigint AS returned
FROM orders o WHERE o.order_id = ANY($1)
"""
_SHIPMENTS = """
SELECT s.order_id, s.packed_at IS NOT NULL AS packed,
       (SELECT sum(quantity) FROM shipment_lines l WHERE l.shipment_id = s.shipment_id)::bigint
           AS units,
       array(SELECT kind FROM shipment_scans c WHERE c.shipment_id = s.shipment_id
             ORDER BY kind, scanned_at) AS kinds,
       array(SELECT scanned_at FROM shipment_scans c WHERE c.shipment_id = s.shipment_id
             ORDER BY kind, scanned_at) AS instants
FROM shipments s WHERE s.order_id = ANY($1) AND s.voided_at IS NULL
"""
_APPEND = """
INSERT INTO order_changes
SELECT $1, max(number) + 1, $2, $3, $4, $5, $6 FROM order_changes WHERE order_id = $1
"""
_TELL = f"SELECT pg_notify('{CHANNEL}', $1)"
_OF_ORDER = """
SELECT number, what, status, happened_at, recorded_at, details FROM order_changes
WHERE order_id = $1 AND number > $2 ORDER BY number LIMIT $3
"""
_OWNED = "SELECT 1 FROM orders WHERE order_id = $1 AND ($2 = '' OR $2 IN (placed_by, subject))"
_OF_SUBJECT = """
SELECT order_id, store_id, channel, currency, total_minor, fees_minor, refunded_minor, ordered_at
FROM orders WHERE {whose} = $1 AND (ordered_at, order_id) < ($2, $3)
ORDER BY ordered_at DESC, order_id DESC LIMIT $4
"""


async def lock(connection: Connection, order_id: UUID, owner: str) -> Any:
    """Lock an order's row and return it; None if there is none, or not of the owner.

    Parameters
    ----------
    owner
        Who placed it or is its subject; empty where staff may see every order.
    """
    return await connection.fetchrow(_LOCK, order_id, owner)


async def is_there(connection: Connection, order_id: UUID, owner: str) -> bool:
    """Return whether there is an order, of the owner unless that is empty."""
    return await connection.fetchval(_OWNED, order_id, owner) is not None


async def facts(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, OrderFacts]:
    """Return what happened to each of some orders."""
    shipments: dict[UUID, list[ShipmentFacts]] = {}
    for row in await connection.fetch(_SHIPMENTS, list(order_ids)):
        pairs = zip(row["kinds"], row["instants"], strict=True)
        scans = tuple(Scan(ShipmentStatus(kind), at) for kind, at in pairs)
        part = ShipmentFacts(row["units"], row["packed"], scans)
        shipments.setdefault(row["order_id"], []).append(part)
    rows = await connection.fetch(_ORDERS, list(order_ids))
    return {
        row["order_id"]: OrderFacts(
            over_the_counter=row["channel"] == "till",
            ordered=row["ordered"],
            returned=row["returned"],
            total_minor=row["total_minor"],
            refunded_minor=row["refunded_minor"],
            cancelled=row["cancelled"],
            shipments=tuple(shipments.get(row["order_id"], ())),
        )
        for row in rows
    }


async def append(
    connection: Connection,
    order_id: UUID,
    what: str,
    status: str,
    at: datetime,
    now: datetime,
    details: Mapping[str, Any],
) -> None:
    """Append to the log of a locked order and tell those who wait for it, once it is committed."""
    await connection.execute(_APPEND, order_id, what, status, at, now, dict(details))
    await connection.execute(_TELL, str(order_id))


async def of_order(
    connection: Connection, order_id: UUID, after: int, most: int
) -> list[dict[str, Any]]:
    """Return an order's log from behind a number on, oldest first."""
    return [dict(row) for row in await connection.fetch(_OF_ORDER, order_id, after, most)]


async def page(
    connection: Connection, name: str, *, placed: bool, before: tuple[datetime, UUID], most: int
) -> list[Any]:
    """Return orders that are older than a mark, latest first.

    Parameters
    ----------
    placed
        Whether to return what `name` placed for others, and not what is its own.
    """
    statement = _OF_SUBJECT.format(whose="placed_by" if placed else "subject")
    return list(await connection.fetch(statement, name, *before, most))
