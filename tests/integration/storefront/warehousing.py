"""Warehouses as the tests use them, and whether the books are right."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx

from storefront_api.inventory import books_repository
from storefront_api.inventory.allocation import allocate
from storefront_api.platform.database import open_pool
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key

CHICAGO = {"latitude": 41.8781, "longitude": -87.6298}
NEW_YORK = {"latitude": 40.7128, "longitude": -74.0060}
LOS_ANGELES = {"latitude": 34.0522, "longitude": -118.2437}
LEDGER = """
SELECT s.sku, s.warehouse_id, s.on_hand, s.allocated, sum(m.on_hand_delta) AS on_hand_moved,
    sum(m.allocated_delta) AS allocated_moved
FROM warehouse_stock s LEFT JOIN warehouse_movements m USING (sku, warehouse_id)
GROUP BY s.sku, s.warehouse_id
HAVING s.on_hand <> coalesce(sum(m.on_hand_delta), 0)
    OR s.allocated <> coalesce(sum(m.allocated_delta), 0)
"""
HELD = """
SELECT w.sku, w.warehouse_id FROM warehouse_stock w LEFT JOIN (
    SELECT l.sku, a.warehouse_id, sum(a.units - a.shipped) AS units
    FROM order_allocations a JOIN order_lines l USING (order_id, line_number)
    GROUP BY l.sku, a.warehouse_id
) a USING (sku, warehouse_id) WHERE w.allocated <> coalesce(a.units, 0)
"""
SOLD_TWICE = """
SELECT l.order_id FROM order_lines l JOIN order_allocations a USING (order_id, line_number)
GROUP BY l.order_id, l.line_number, l.quantity, l.released
HAVING sum(a.units) + l.released > l.quantity
"""


def warehouse(partner: httpx.Client, **changed: Any) -> str:
    """Open a warehouse and return its id."""
    warehouse_id = f"w-{uuid.uuid4().hex[:12]}"
    put_warehouse(partner, warehouse_id, **changed)
    return warehouse_id


def put_warehouse(partner: httpx.Client, warehouse_id: str, **changed: Any) -> dict[str, Any]:
    """Create a warehouse or change it."""
    body = {"name": f"Depot {warehouse_id}", "country": "US", "priority": 50, **changed}
    answer = partner.put(f"/warehouses/{warehouse_id}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def received(partner: httpx.Client, warehouse_id: str, units: dict[str, int]) -> None:
    """Take goods into a warehouse, by sku."""
    items = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
    body = {"reference": uuid.uuid4().hex, "warehouse_id": warehouse_id, "items": items}
    answer = partner.post("/inventory/receipts", json=body, headers=key())
    assert answer.status_code == 201, answer.text


def transferred(
    partner: httpx.Client, source: str, goal: str, units: dict[str, int], reference: str = ""
) -> httpx.Response:
    """Move goods between warehouses, by sku."""
    body = {
        "reference": reference or uuid.uuid4().hex,
        "from_warehouse_id": source,
        "to_warehouse_id": goal,
        "items": [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()],
    }
    return partner.post("/inventory/transfers", json=body, headers=key())


def counted(
    partner: httpx.Client, warehouse_id: str, found: dict[str, int], reference: str = ""
) -> httpx.Response:
    """Say what was counted, by sku."""
    body = {
        "reference": reference or uuid.uuid4().hex,
        "warehouse_id": warehouse_id,
        "items": [{"sku": sku, "on_hand": units} for sku, units in found.items()],
    }
    return partner.post("/inventory/counts", json=body, headers=key())


def swept(database: Database) -> int:
    """Allocate what waits, as the worker does, and return how many orders were looked at."""

    async def sweep() -> int:
        pool = await open_pool(database.url, 1)
        try:
            return await allocate(pool, datetime.now(UTC))
        finally:
            await pool.close()

    return asyncio.run(sweep())


def places(database: Database, sku: str) -> dict[str, tuple[int, int]]:
    """Return what is there and what of it is allocated, by warehouse that has or had some."""
    query = "SELECT warehouse_id, on_hand, allocated FROM warehouse_stock WHERE sku = $1"
    rows = database.rows(query, sku)
    return {row["warehouse_id"]: (row["on_hand"], row["allocated"]) for row in rows}


def allocations(partner: httpx.Client, order_id: str) -> dict[str, Any]:
    """Return where an order's units are."""
    answer = partner.get(f"/orders/{order_id}/allocations")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shares(partner: httpx.Client, order_id: str) -> dict[str, int]:
    """Return how many units of an order each warehouse has, or had."""
    found: dict[str, int] = {}
    for share in allocations(partner, order_id)["allocations"]:
        found[share["warehouse_id"]] = found.get(share["warehouse_id"], 0) + share["units"]
    return found


def assert_books_are_right(database: Database) -> None:
    """Check that warehouses add up to the stock, to their ledger and to what orders have."""

    async def unbalanced() -> list[Any]:
        connection = await asyncpg.connect(database.url)
        try:
            return await books_repository.unbalanced(connection)
        finally:
            await connection.close()

    assert asyncio.run(unbalanced()) == []
    for query in (LEDGER, HELD, SOLD_TWICE):
        assert database.rows(query) == []
