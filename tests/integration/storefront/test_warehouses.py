"""Warehouses, what is in them, and goods that come in, move and are counted."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.inventory import (
    StockChangedV1,
    StockTransferredV1,
    WarehouseChangedV1,
    WarehouseStockChangedV1,
)
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import Outbox, stock
from tests.integration.storefront.vending import goods_of, new_vendor
from tests.integration.storefront.warehousing import (
    NEW_YORK,
    assert_books_are_right,
    counted,
    places,
    put_warehouse,
    received,
    transferred,
    warehouse,
)

MAIN = "main"


@pytest.fixture(autouse=True)
def books(database: Database) -> Any:
    yield
    assert_books_are_right(database)


def test_a_warehouse_is_created_changed_and_told_of_when_it_really_changes(
    partner: httpx.Client, outbox: Outbox
) -> None:
    north = warehouse(partner, **NEW_YORK)
    put_warehouse(partner, north, **NEW_YORK)
    put_warehouse(partner, north, **NEW_YORK, active=False, name="Depot")
    shown = partner.get(f"/warehouses/{north}").json()
    assert shown == {
        "warehouse_id": north,
        "name": "Depot",
        "country": "US",
        "priority": 50,
        "active": False,
        **NEW_YORK,
    }
    told = [e for e in outbox(Topic.INVENTORY, north) if isinstance(e, WarehouseChangedV1)]
    assert [event.data.active for event in told] == [True, False]
    assert partner.get("/warehouses/nowhere").status_code == 404
    half = partner.put(f"/warehouses/{north}", json={"name": "Half", "latitude": 1.0})
    assert half.status_code == 422


def test_lists_go_on_where_a_page_ended(partner: httpx.Client, database: Database) -> None:
    north = warehouse(partner)
    skus = sorted(new_sku(partner, opening_stock=0) for _ in range(5))
    received(partner, north, dict.fromkeys(skus, 2))
    areas = sorted(uuid.uuid4().hex[:12] for _ in range(3))
    for area in areas:
        partner.put(f"/delivery-areas/{area}", json=NEW_YORK).raise_for_status()

    def all_of(path: str, name: str, of: str) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = partner.get(path, params={"limit": 2, **({"after": after} if after else {})})
            assert page.status_code == 200, page.text
            assert len(page.json()[name]) <= 2
            found += [each[of] for each in page.json()[name]]
            after = page.json()["next_cursor"]
            if not after:
                return found

    assert all_of(f"/warehouses/{north}/levels", "levels", "sku") == skus
    everywhere = all_of("/warehouses", "warehouses", "warehouse_id")
    assert {MAIN, north} <= set(everywhere)
    assert everywhere == sorted(everywhere)
    assert [each for each in all_of("/delivery-areas", "areas", "area") if each in areas] == areas
    first = partner.get(f"/warehouses/{north}/levels", params={"limit": 1}).json()
    assert first["levels"] == [{"sku": skus[0], "on_hand": 2, "allocated": 0, "free": 2}]
    other = partner.get(f"/warehouses/{MAIN}/levels", params={"after": first["next_cursor"]})
    assert (other.status_code, other.json()["code"]) == (422, "invalid_cursor")
    assert partner.get("/warehouses/nowhere/levels").status_code == 404


def test_goods_come_into_the_stated_warehouse_and_into_the_main_one_without(
    partner: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku, north = new_sku(partner, opening_stock=3), warehouse(partner)
    reference = uuid.uuid4().hex
    for place in ({"warehouse_id": north}, {}):
        body = {"reference": reference, "items": [{"sku": sku, "quantity": 2}] * 2, **place}
        answer = partner.post("/inventory/receipts", json=body, headers=key())
        assert answer.status_code == 201, answer.text
    assert places(database, sku) == {MAIN: (7, 0), north: (4, 0)}
    assert stock(database, sku) == (11, 0)
    told = outbox(Topic.INVENTORY, reference)
    moved = [e.data.movements[0] for e in told if isinstance(e, WarehouseStockChangedV1)]
    assert [(each.warehouse_id, each.on_hand_delta, each.on_hand) for each in moved] == [
        (north, 4, 4),
        (MAIN, 4, 7),
    ]
    assert sum(isinstance(event, StockChangedV1) for event in told) == 2
    body = {"reference": "r", "warehouse_id": "nowhere", "items": [{"sku": sku, "quantity": 2}]}
    refused = partner.post("/inventory/receipts", json=body, headers=key())
    assert (refused.status_code, refused.json()["field"]) == (422, "body.warehouse_id")


def test_a_transfer_changes_places_and_not_the_stock_and_is_booked_once(
    partner: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku, north = new_sku(partner, opening_stock=9), warehouse(partner)
    reference = uuid.uuid4().hex
    first, again = (transferred(partner, MAIN, north, {sku: 4}, reference) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert places(database, sku) == {MAIN: (5, 0), north: (4, 0)}
    assert stock(database, sku) == (9, 0)
    (told,) = outbox(Topic.INVENTORY, reference)
    assert isinstance(told, StockTransferredV1)
    assert [(i.quantity, i.from_on_hand, i.to_on_hand) for i in told.data.items] == [(4, 5, 4)]
    other = transferred(partner, MAIN, north, {sku: 5}, reference)
    assert (other.status_code, other.json()["code"]) == (409, "reference_used")
    assert transferred(partner, north, MAIN, {sku: 5}).json()["code"] == "not_free"
    assert transferred(partner, MAIN, MAIN, {sku: 1}).status_code == 422
    for wrong in ((MAIN, "nowhere"), ("nowhere", MAIN)):
        assert transferred(partner, *wrong, {sku: 1}).status_code == 422
    assert transferred(partner, MAIN, north, {"no-such-sku": 1}).status_code == 422
    assert places(database, sku) == {MAIN: (5, 0), north: (4, 0)}


def test_a_count_corrects_the_warehouse_and_the_stock_and_is_booked_once(
    partner: httpx.Client, database: Database, outbox: Outbox
) -> None:
    one, two = (new_sku(partner, opening_stock=9) for _ in range(2))
    reference = uuid.uuid4().hex
    first, again = (counted(partner, MAIN, {one: 7, two: 9}, reference) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert (places(database, one), stock(database, one)) == ({MAIN: (7, 0)}, (7, 0))
    assert (places(database, two), stock(database, two)) == ({MAIN: (9, 0)}, (9, 0))
    changed, moved = outbox(Topic.INVENTORY, reference)
    assert isinstance(changed, StockChangedV1)
    assert isinstance(moved, WarehouseStockChangedV1)
    assert [(each.sku, each.delta) for each in changed.data.movements] == [(one, -2)]
    assert [(each.sku, each.on_hand_delta) for each in moved.data.movements] == [(one, -2)]
    assert counted(partner, MAIN, {one: 1}, reference).json()["code"] == "reference_used"
    assert counted(partner, MAIN, {"no-such-sku": 1}).status_code == 422
    assert counted(partner, "nowhere", {one: 1}).status_code == 422
    north = warehouse(partner)
    assert counted(partner, north, {one: 2}).status_code == 201
    assert (places(database, one)[north], stock(database, one)) == ((2, 0), (9, 0))


def test_a_vendor_knows_of_no_places_and_its_files_hold_for_all_of_them(
    partner: httpx.Client, people: People, database: Database
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100, opening_stock=10)
    seller = people.vendor(vendor_id)
    first, second = warehouse(partner, priority=1), warehouse(partner, priority=2)
    assert transferred(partner, MAIN, second, {sku: 4}).status_code == 201
    assert transferred(partner, MAIN, first, {sku: 4}).status_code == 201

    def apply(quantity: int) -> None:
        content = f"sku,quantity,note\n{sku},{quantity},{uuid.uuid4()}\n".encode()
        answer = seller.post(
            "/vendor/stock-files",
            params={"mode": "count"},
            content=content,
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text

    apply(5)
    assert places(database, sku) == {MAIN: (0, 0), first: (1, 0), second: (4, 0)}
    apply(8)
    assert places(database, sku) == {MAIN: (3, 0), first: (1, 0), second: (4, 0)}
    assert stock(database, sku) == (8, 0)


def test_only_who_looks_after_stock_sees_places(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    north = warehouse(partner)
    for path in ("/warehouses", f"/warehouses/{north}", f"/warehouses/{north}/levels"):
        assert shopper.get(path).status_code == 403
    assert shopper.get(f"/orders/{uuid.uuid4()}/allocations").status_code == 403
    assert partner.get(f"/orders/{uuid.uuid4()}/allocations").status_code == 404
    assert transferred(shopper, MAIN, north, {"a": 1}).status_code == 403


def test_a_difference_between_stock_and_warehouses_is_found(
    partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=9)
    assert partner.get("/inventory/reconciliation").json() == {"differences": []}
    wrong = "UPDATE warehouse_stock SET on_hand = on_hand + $2 WHERE sku = $1"
    database.rows(wrong, sku, 1)
    found = partner.get("/inventory/reconciliation").json()["differences"]
    assert found == [{"sku": sku, "on_hand": 9, "waiting": 0, "free": 10}]
    database.rows(wrong, sku, -1)


@pytest.mark.parametrize("table", ["warehouse_movements", "warehouse_documents"])
def test_what_was_booked_is_never_changed(
    table: str, partner: httpx.Client, database: Database
) -> None:
    sku, north = new_sku(partner, opening_stock=9), warehouse(partner)
    assert transferred(partner, MAIN, north, {sku: 4}).status_code == 201
    for statement in (f"UPDATE {table} SET reference = ''", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match="append-only"):
            database.rows(statement)
