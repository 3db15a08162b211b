"""Everything at once to the same goods: nobody waits in a circle and the books stay right."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import stock
from tests.integration.storefront.sending import allocated, delivered
from tests.integration.storefront.tills import stated
from tests.integration.storefront.warehousing import (
    assert_books_are_right,
    counted,
    places,
    received,
    shares,
    swept,
    transferred,
    warehouse,
)

MAIN = "main"
BUYERS = 400
UNITS = 50


async def _at_once(url: str, requests: list[tuple[str, str, Any]]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=len(requests))
    headers = {"Authorization": f"Bearer {PARTNER}"}
    async with plain.AsyncClient(
        base_url=url, timeout=120, limits=limits, headers=headers
    ) as client:
        sent = (
            client.request(method, path, json=body, headers=key())
            for method, path, body in requests
        )
        return list(await asyncio.gather(*sent))


def test_fifty_units_in_three_warehouses_and_four_hundred_buyers_make_fifty_orders(
    store_url: str, partner: httpx.Client, database: Database, workers: None
) -> None:
    sku = new_sku(partner, opening_stock=20)
    others = [warehouse(partner) for _ in range(2)]
    for place in others:
        received(partner, place, {sku: 15})
    body = order(line(sku), subject="s-1")
    answers = asyncio.run(_at_once(store_url, [("POST", "/orders", body)] * BUYERS))
    assert Counter(answer.status_code for answer in answers) == {201: UNITS, 409: BUYERS - UNITS}
    swept(database)
    sold = [each.json()["order_id"] for each in answers if each.status_code == 201]
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda each: shares(partner, each), sold))
    assert all(sum(each.values()) == 1 for each in given)
    assert places(database, sku) == {MAIN: (20, 20), others[0]: (15, 15), others[1]: (15, 15)}
    assert stock(database, sku) == (0, 0)
    assert_books_are_right(database)


def test_orders_shipments_transfers_counts_and_cancellations_at_once_keep_the_books_right(
    store_url: str, partner: httpx.Client, shopper: httpx.Client, database: Database, workers: None
) -> None:
    skus = [new_sku(partner, opening_stock=60) for _ in range(3)]
    north = warehouse(partner)
    received(partner, north, dict.fromkeys(skus, 20))
    goods = [line(sku, 2) for sku in skus]
    before = [stated(shopper, order(*goods)).json()["order_id"] for _ in range(12)]
    for order_id in before[:3]:
        delivered(partner, order_id)
    back = {
        "amount_minor": 1,
        "reason": "returned",
        "restock": [line(sku, 1) for sku in skus],
        "warehouse_id": north,
    }
    there, other = ([{"sku": sku, "quantity": 1} for sku in some] for some in (skus, skus[::-1]))
    requests: list[tuple[str, str, Any]] = []
    for order_id in before:
        requests.append(("POST", f"/orders/{order_id}/cancel", {"reason": "other"}))
        requests.append(("POST", f"/orders/{order_id}/shipments", {"carrier": "store"}))
        requests.append(("POST", f"/orders/{order_id}/refunds", back))
    for number in range(12):
        ends = (MAIN, north) if number % 2 else (north, MAIN)
        items = there if number % 3 else other
        move = {"from_warehouse_id": ends[0], "to_warehouse_id": ends[1], "items": items}
        requests.append(("POST", "/inventory/transfers", {"reference": uuid.uuid4().hex, **move}))
        came = {"reference": uuid.uuid4().hex, "warehouse_id": ends[0], "items": items}
        requests.append(("POST", "/inventory/receipts", came))
        found = [{"sku": skus[number % 3], "on_hand": 40 + number}]
        count = {"reference": uuid.uuid4().hex, "warehouse_id": MAIN, "items": found}
        requests.append(("POST", "/inventory/counts", count))
        shown = goods if number % 2 else goods[::-1]
        requests.append(("POST", "/orders", order(*shown, subject="s-1")))
        till = order(*shown, subject="s-1", channel="till")
        requests.append(("POST", "/orders", till))
    random.Random(7).shuffle(requests)
    answers = asyncio.run(_at_once(store_url, requests))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() <= {200, 201, 409}, [
        answer.text for answer in answers if answer.status_code not in (200, 201, 409)
    ]
    assert statuses[201] > 40
    assert_books_are_right(database)
    swept(database)
    assert_books_are_right(database)
    waiting = "SELECT count(*) FROM orders WHERE NOT stock_allocated"
    assert database.value(waiting) == 0


def test_a_shipment_that_is_scanned_often_at_once_leaves_its_warehouse_once(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=10)
    order_id = stated(shopper, order(line(sku, 4))).json()["order_id"]
    shipment_id = allocated(partner, order_id, "store").json()["shipment_id"]

    def scan(kind: str) -> int:
        path = f"/shipments/{shipment_id}/scans"
        return partner.post(path, json={"kind": kind}).status_code

    with ThreadPoolExecutor(8) as threads:
        kinds = ["accepted", "in_transit", "delivered", "out_for_delivery"] * 3
        assert set(threads.map(scan, kinds)) == {200}
    assert places(database, sku) == {MAIN: (6, 0)}
    assert_books_are_right(database)


def test_one_reference_at_once_is_booked_once(partner: httpx.Client, database: Database) -> None:
    sku, north = new_sku(partner, opening_stock=30), warehouse(partner)
    move, count = uuid.uuid4().hex, uuid.uuid4().hex
    with ThreadPoolExecutor(8) as threads:
        moved = threads.map(
            lambda _: transferred(partner, MAIN, north, {sku: 3}, move).text, range(8)
        )
        assert len(set(moved)) == 1
        found = threads.map(lambda _: counted(partner, MAIN, {sku: 20}, count).text, range(8))
        assert len(set(found)) == 1
    assert places(database, sku) == {MAIN: (20, 0), north: (3, 0)}
    assert_books_are_right(database)
