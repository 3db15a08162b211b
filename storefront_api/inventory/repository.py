"""The inventory's SQL. Rows are locked in order of sku, so that no two orders wait in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_MOVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::bigint[]) AS w (sku, delta)
), locked AS (
    SELECT s.sku FROM stock s JOIN wanted USING (sku) ORDER BY s.sku FOR UPDATE OF s
), moved AS (
    UPDATE stock s SET on_hand = s.on_hand + w.delta
    FROM wanted w JOIN locked USING (sku)
    WHERE s.sku = w.sku AND s.on_hand + w.delta >= 0
    RETURNING s.sku, w.delta, s.on_hand
), ledger AS (
    INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
    SELECT sku, delta, on_hand, $3, $4, $5 FROM moved
)
SELECT * FROM moved
"""


async def move(
    connection: Connection, deltas: Mapping[str, int], reason: str, reference: str, at: datetime
) -> list[Any]:
    """Change stock with its ledger and return each changed row.

    A sku without enough stock is not among them.
    """
    skus = sorted(deltas)
    rows: list[Any] = await connection.fetch(
        _MOVE, skus, [deltas[sku] for sku in skus], reason, reference, at
    )
    return rows
