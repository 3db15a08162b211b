"""Warehouses come beneath a store that is in use, and go again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import httpx

from storefront_api.migrate import migrate
from tests.integration.storefront.conftest import Database, Worker
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import stock
from tests.integration.storefront.sending import allocated, delivered
from tests.integration.storefront.test_search_http import migrate_to
from tests.integration.storefront.tills import stated
from tests.integration.storefront.warehousing import (
    allocations,
    assert_books_are_right,
    places,
    swept,
)


def test_a_store_in_use_gets_a_main_warehouse_with_all_that_it_has(
    start_store: Callable[..., tuple[str, Worker]],
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
) -> None:
    sku, idle = new_sku(partner, opening_stock=50), new_sku(partner, opening_stock=0)

    def bought(units: int, **changed: str) -> str:
        answer = stated(shopper, order(line(sku, 1), line(sku, units), **changed))
        return str(answer.json()["order_id"])

    def refunded(order_id: str, units: int) -> None:
        body = {"amount_minor": 1, "reason": "returned", "restock": [line(sku, units)]}
        answer = partner.post(f"/orders/{order_id}/refunds", json=body, headers=key())
        assert answer.status_code == 201, answer.text

    waits, sent, partly, packed, till, cancelled, restocked = (
        bought(2, channel="till" if number == 4 else "web") for number in range(7)
    )
    delivered(partner, sent)
    first = allocated(partner, partly, "store", line_2=2).json()["shipment_id"]
    partner.post(f"/shipments/{first}/scans", json={"kind": "accepted"}).raise_for_status()
    waiting_shipment = allocated(partner, packed, "store", line_2=1).json()["shipment_id"]
    partner.post(f"/orders/{cancelled}/cancel", json={"reason": "other"}, headers=key())
    refunded(restocked, 2)
    refunded(till, 1)
    refunded(sent, 1)
    # 21 units were sold, of which 3 were cancelled and 4 came back or were not sent.
    assert stock(database, sku) == (36, 0)
    asyncio.run(migrate_to(database.url, "0014"))
    assert database.value("SELECT to_regclass('warehouses')") is None
    asyncio.run(migrate(database.url))
    assert_books_are_right(database)
    # 3 wait, 1 of the partly sent one, 3 of the packed one, and 1 of the restocked one.
    assert places(database, sku) == {"main": (36 + 8, 8)}
    assert places(database, idle) == {}
    assert swept(database) == 0
    assert allocations(partner, packed)["shipments"] == [
        {
            "shipment_id": waiting_shipment,
            "line_number": 2,
            "warehouse_id": "main",
            "units": 1,
        }
    ]
    released = "SELECT released FROM order_lines WHERE order_id = $1 ORDER BY line_number"
    assert [row[0] for row in database.rows(released, UUID(restocked))] == [1, 1]
    path = f"/shipments/{waiting_shipment}/scans"
    partner.post(path, json={"kind": "accepted"}).raise_for_status()
    for order_id in (waits, partly, packed, restocked):
        delivered(partner, order_id)
    assert places(database, sku) == {"main": (36, 0)}
    assert_books_are_right(database)
