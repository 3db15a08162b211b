"""The SQL of what the store promises from: one row a sku, whatever warehouse it is in.

Rows are locked in order of sku, so that no two orders wait in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_MOVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::bigint[]) AS w (sku, delta)
), locked AS (
    SELECT s.sku FROM stock s JOIN wanted USING (sku) ORDER BY s.sku FOR UPDATE OF s
), moved AS (
    UPDATE stock s SET on_hand = s.on_hand + w.delta
    FROM wanted w JOIN locked USING (sku)
    WHERE s.sku = w.sku AND s.on_hand + w.delta >= s.reserved
    RETURNING s.sku, w.delta, s.on_hand
), ledger AS (
    INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
    SELECT sku, delta, on_hand, $3, $4, $5 FROM moved
)
SELECT * FROM moved
"""
_HOLD = """
SELECT sku, on_hand, reserved FROM stock WHERE sku = ANY ($1) ORDER BY sku FOR UPDATE
"""
_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest($2::text[], $3::bigint[]) AS w (sku, quantity)
), locked AS (
    SELECT s.sku FROM stock s JOIN wanted USING (sku) ORDER BY s.sku FOR UPDATE OF s
), reserved AS (
    UPDATE stock s SET reserved = s.reserved + w.quantity
    FROM wanted w JOIN locked USING (sku)
    WHERE s.sku = w.sku AND s.on_hand - s.reserved >= w.quantity
    RETURNING s.sku, w.quantity, s.on_hand - s.reserved AS available
), kept AS (
    INSERT INTO reservations (reservation_id, sku, quantity) SELECT $1, sku, quantity FROM reserved
)
SELECT * FROM reserved
"""
_RELEASE = """
WITH ended AS (
    DELETE FROM reservations WHERE reservation_id = $1 RETURNING sku, quantity
), locked AS (
    SELECT s.sku FROM stock s JOIN ended USING (sku) ORDER BY s.sku FOR UPDATE OF s
)
UPDATE stock s SET reserved = s.reserved - e.quantity
FROM ended e JOIN locked USING (sku) WHERE s.sku = e.sku
RETURNING s.sku, e.quantity, s.on_hand - s.reserved AS available
"""
_TAKE_RESERVED = """
WITH ended AS (
    DELETE FROM reservations WHERE reservation_id = $1 RETURNING sku, quantity
), locked AS (
    SELECT s.sku FROM stock s JOIN ended USING (sku) ORDER BY s.sku FOR UPDATE OF s
), moved AS (
    UPDATE stock s SET on_hand = s.on_hand - e.quantity, reserved = s.reserved - e.quantity
    FROM ended e JOIN locked USING (sku) WHERE s.sku = e.sku
    RETURNING s.sku, -e.quantity AS delta, s.on_hand
), ledger AS (
    INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
    SELECT sku, delta, on_hand, $2, $3, $4 FROM moved
)
SELECT * FROM moved
"""


async def move(
    connection: Connection, deltas: Mapping[str, int], reason: str, reference: str, at: datetime
) -> list[Any]:
    """Change stock with its ledger and return each changed row.

    A sku without enough stock is not among them; what is reserved counts as gone.
    """
    skus = sorted(deltas)
    rows: list[Any] = await connection.fetch(
        _MOVE, skus, [deltas[sku] for sku in skus], reason, reference, at
    )
    return rows


async def hold(connection: Connection, skus: Sequence[str]) -> list[Any]:
    """Return stock that nobody else moves until the transaction ends."""
    return list(await connection.fetch(_HOLD, list(skus)))


async def reserve(
    connection: Connection, reservation_id: UUID, wanted: Mapping[str, int]
) -> list[Any]:
    """Reserve stock and return sku, quantity and what is left of each that there was enough of."""
    skus = sorted(wanted)
    rows: list[Any] = await connection.fetch(
        _RESERVE, reservation_id, skus, [wanted[sku] for sku in skus]
    )
    return rows


async def release(connection: Connection, reservation_id: UUID) -> list[Any]:
    """End a reservation and return sku, quantity and what is available of each part of it."""
    rows: list[Any] = await connection.fetch(_RELEASE, reservation_id)
    return rows


async def take_reserved(
    connection: Connection, reservation_id: UUID, reason: str, reference: str, at: datetime
) -> list[Any]:
    """Move what was reserved out of stock with its ledger, and return each changed row."""
    rows: list[Any] = await connection.fetch(_TAKE_RESERVED, reservation_id, reason, reference, at)
    return rows
