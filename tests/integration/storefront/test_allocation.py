"""Sold units are given warehouses: few, near, once, and given back with the order."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.inventory import (
    StockAllocatedV1,
    StockDeallocatedV1,
    WarehouseStockChangedV1,
)
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox, stock
from tests.integration.storefront.sending import allocated, delivered
from tests.integration.storefront.tills import stated
from tests.integration.storefront.warehousing import (
    CHICAGO,
    LOS_ANGELES,
    NEW_YORK,
    allocations,
    assert_books_are_right,
    counted,
    places,
    put_warehouse,
    received,
    shares,
    swept,
    transferred,
    warehouse,
)

MAIN = "main"


@pytest.fixture(autouse=True)
def books(database: Database) -> Any:
    yield
    assert_books_are_right(database)


def bought(shopper: httpx.Client, *lines: dict[str, Any], area: str = "") -> str:
    wanted = order(*lines)
    wanted["delivery"]["area"] = area
    answer = stated(shopper, wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


def located(partner: httpx.Client, spot: dict[str, float]) -> str:
    area = uuid.uuid4().hex[:12]
    assert partner.put(f"/delivery-areas/{area}", json=spot).status_code == 200
    return area


def refunded(partner: httpx.Client, order_id: str, sku: str, units: int, **more: Any) -> Any:
    body = {"amount_minor": 1, "reason": "returned", "restock": [line(sku, units)], **more}
    return partner.post(f"/orders/{order_id}/refunds", json=body, headers=key())


def test_a_sold_unit_is_promised_at_once_and_allocated_afterwards(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, opening_stock=10)
    order_id = bought(shopper, line(sku, 2), line(sku, 1))
    assert stock(database, sku) == (7, 0)
    assert places(database, sku) == {MAIN: (10, 0)}
    before = allocations(partner, order_id)
    assert [each["units"] for each in before["waiting"]] == [2, 1]
    assert swept(database) >= 1
    assert places(database, sku) == {MAIN: (10, 3)}
    assert stock(database, sku) == (7, 0)
    after = allocations(partner, order_id)
    assert after["waiting"] == []
    assert [(each["line_number"], each["units"]) for each in after["allocations"]] == [
        (1, 2),
        (2, 1),
    ]
    (told,) = [e for e in outbox(Topic.INVENTORY, order_id) if isinstance(e, StockAllocatedV1)]
    assert [(each.warehouse_id, each.units) for each in told.data.lines] == [(MAIN, 2), (MAIN, 1)]
    assert swept(database) == 0


def test_the_nearest_warehouse_that_has_it_sends_it(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=0)
    east, west = warehouse(partner, **NEW_YORK), warehouse(partner, **LOS_ANGELES, priority=1)
    received(partner, east, {sku: 5})
    received(partner, west, {sku: 5})
    to_chicago = bought(shopper, line(sku), area=located(partner, CHICAGO))
    to_west = bought(shopper, line(sku), area=located(partner, LOS_ANGELES))
    nobody_knows = bought(shopper, line(sku), area="elsewhere")
    swept(database)
    assert [shares(partner, each) for each in (to_chicago, to_west, nobody_knows)] == [
        {east: 1},
        {west: 1},
        {west: 1},
    ]


def test_one_warehouse_goes_before_two_and_an_order_is_split_only_when_it_must_be(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    one, two = (new_sku(partner, opening_stock=0) for _ in range(2))
    near, far = warehouse(partner, priority=1), warehouse(partner, priority=2)
    received(partner, near, {one: 3})
    received(partner, far, {one: 2, two: 2})
    whole = bought(shopper, line(one), line(two))
    swept(database)
    split = bought(shopper, line(one, 4), line(two))
    swept(database)
    assert shares(partner, whole) == {far: 2}
    assert shares(partner, split) == {near: 3, far: 2}


def test_an_inactive_warehouse_gets_nothing_new_and_its_orders_wait(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=0)
    closed, other = warehouse(partner, active=False), warehouse(partner)
    received(partner, closed, {sku: 3})
    order_id = bought(shopper, line(sku, 2))
    swept(database)
    assert shares(partner, order_id) == {}
    refused = allocated(partner, order_id, "store")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_source")
    assert refused.json()["details"] == [{"line_number": 1, "wanted": 2, "allocated": 0}]
    assert swept(database) == 0, "what found nothing is not looked at again at once"
    assert transferred(partner, closed, other, {sku: 1}).status_code == 201
    put_warehouse(partner, closed, active=True)
    assert allocated(partner, order_id, "store").status_code == 201
    assert sum(shares(partner, order_id).values()) == 2


def test_a_shipment_allocates_at_the_latest_and_takes_its_units_along_when_it_leaves(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, opening_stock=10)
    order_id = bought(shopper, line(sku, 3))
    shipment_id = allocated(partner, order_id, "store", line_1=2).json()["shipment_id"]
    assert places(database, sku) == {MAIN: (10, 3)}
    (share,) = allocations(partner, order_id)["allocations"]
    assert (share["units"], share["shipped"], share["in_shipments"]) == (3, 0, 2)
    for kind in ("accepted", "in_transit", "delivered", "accepted"):
        answer = partner.post(f"/shipments/{shipment_id}/scans", json={"kind": kind})
        assert answer.status_code == 200
        assert places(database, sku) == {MAIN: (8, 1)}
    told = [
        (event.data.reason, each.on_hand_delta, each.allocated_delta)
        for event in outbox(Topic.INVENTORY, shipment_id)
        if isinstance(event, WarehouseStockChangedV1)
        for each in event.data.movements
    ]
    assert told == [("shipment", -2, -2)]
    assert stock(database, sku) == (7, 0)


def test_a_shipment_of_a_stated_warehouse_takes_from_there_alone(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=0)
    near, far = warehouse(partner, priority=1), warehouse(partner, priority=2)
    received(partner, near, {sku: 2})
    received(partner, far, {sku: 2})
    order_id = bought(shopper, line(sku, 3))
    swept(database)
    path = f"/orders/{order_id}/shipments"
    too_much = {
        "carrier": "store",
        "warehouse_id": far,
        "lines": [{"line_number": 1, "quantity": 2}],
    }
    refused = partner.post(path, json=too_much, headers=key())
    assert (refused.status_code, refused.json()["field"]) == (409, "body.warehouse_id")
    sent = partner.post(path, json={"carrier": "store", "warehouse_id": far}, headers=key()).json()
    assert [each["quantity"] for each in sent["lines"]] == [1]
    partner.post(f"/shipments/{sent['shipment_id']}/scans", json={"kind": "accepted"})
    assert places(database, sku) == {near: (2, 2), far: (1, 0)}
    rest = allocated(partner, order_id, "store").json()
    assert [each["quantity"] for each in rest["lines"]] == [2]
    sources = allocations(partner, order_id)["shipments"]
    assert {(each["warehouse_id"], each["units"]) for each in sources} == {(near, 2), (far, 1)}
    assert "warehouse" not in shopper.get(path).text


def test_a_voided_shipments_units_stay_the_orders_and_can_be_sent_otherwise(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=5)
    order_id = bought(shopper, line(sku, 2))
    shipment_id = allocated(partner, order_id, "store").json()["shipment_id"]
    assert partner.delete(f"/shipments/{shipment_id}").status_code == 200
    assert places(database, sku) == {MAIN: (5, 2)}
    delivered(partner, order_id)
    assert places(database, sku) == {MAIN: (3, 0)}


@pytest.mark.parametrize("how", ["waiting", "allocated", "in a shipment"])
def test_cancelling_releases_what_the_order_has(
    how: str, partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, opening_stock=5)
    order_id = bought(shopper, line(sku, 2), line(sku, 1))
    if how != "waiting":
        swept(database)
    if how == "in a shipment":
        assert allocated(partner, order_id, "store", line_1=1).status_code == 201
    answer = shopper.post(f"/orders/{order_id}/cancel", json={}, headers=key())
    assert answer.status_code == 200, answer.text
    assert places(database, sku) == {MAIN: (5, 0)}
    assert stock(database, sku) == (5, 0)
    swept(database)
    assert places(database, sku) == {MAIN: (5, 0)}
    freed = [e for e in outbox(Topic.INVENTORY, order_id) if isinstance(e, StockDeallocatedV1)]
    units = [each.units for event in freed for each in event.data.lines]
    assert units == ([] if how == "waiting" else [2, 1])


def test_what_a_till_sold_leaves_a_warehouse_without_a_shipment(
    partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=5)
    body = order(line(sku, 2), channel="till", subject="s-1")
    order_id = partner.post("/orders", json=body, headers=key()).json()["order_id"]
    back = warehouse(partner)
    # It comes back before anybody has looked from where it was.
    assert refunded(partner, order_id, sku, 1, warehouse_id=back).status_code == 201
    assert_books_are_right(database)
    swept(database)
    assert places(database, sku) == {MAIN: (3, 0), back: (1, 0)}
    (share,) = allocations(partner, order_id)["allocations"]
    assert (share["units"], share["shipped"]) == (2, 2)


def test_a_return_is_received_into_the_stated_warehouse(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku, back = new_sku(partner, opening_stock=5), warehouse(partner)
    order_id = bought(shopper, line(sku, 3))
    delivered(partner, order_id)
    wanted = {"lines": [{"line_number": 1, "units": 2, "reason": "unwanted"}]}
    path = f"/orders/{order_id}/returns"
    return_id = shopper.post(path, json=wanted, headers=key()).json()["return_id"]
    assert partner.post(f"/returns/{return_id}/approve", json={}).status_code == 200
    found = {"lines": [{"line_number": 1, "restocked": 1, "written_off": 1}]}
    path = f"/returns/{return_id}/receive"
    nowhere = partner.post(path, json=found | {"warehouse_id": "nowhere"}, headers=key())
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "body.warehouse_id")
    assert partner.post(path, json=found | {"warehouse_id": back}, headers=key()).is_success
    assert places(database, sku) == {MAIN: (2, 0), back: (1, 0)}
    # The last one is with the shopper, the one that was written off comes back no more.
    assert refunded(partner, order_id, sku, 2).status_code == 409
    assert refunded(partner, order_id, sku, 1).status_code == 201
    assert places(database, sku) == {MAIN: (3, 0), back: (1, 0)}


def test_units_that_never_left_are_released_and_not_sent_any_more(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=10)
    order_id = bought(shopper, line(sku, 4))
    assert refunded(partner, order_id, sku, 1).status_code == 201
    assert places(database, sku) == {MAIN: (10, 0)}
    swept(database)
    assert places(database, sku) == {MAIN: (10, 3)}
    assert refunded(partner, order_id, sku, 1).status_code == 201
    assert places(database, sku) == {MAIN: (10, 2)}
    assert allocated(partner, order_id, "store", line_1=3).status_code == 409
    shipment_id = allocated(partner, order_id, "store", line_1=2).json()["shipment_id"]
    refused = refunded(partner, order_id, sku, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_a_shipment")
    for kind in ("accepted", "delivered"):
        partner.post(f"/shipments/{shipment_id}/scans", json={"kind": kind})
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "delivered"
    assert refunded(partner, order_id, sku, 1).status_code == 201
    assert places(database, sku) == {MAIN: (9, 0)}
    assert stock(database, sku) == (9, 0)


def test_what_is_promised_is_neither_moved_nor_counted_away(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku, other = new_sku(partner, opening_stock=5), warehouse(partner)
    bought(shopper, line(sku, 4))
    swept(database)
    refused = transferred(partner, MAIN, other, {sku: 2})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_free")
    assert refused.json()["details"] == [{"sku": sku, "wanted": 2, "free": 1}]
    refused = counted(partner, MAIN, {sku: 3})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_free")
    assert counted(partner, MAIN, {sku: 4}).status_code == 201
    assert (places(database, sku), stock(database, sku)) == ({MAIN: (4, 4)}, (0, 0))
