"""A vendor's stock: files applied once and whole, and one alert for each fall."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.inventory import LowStockV1, StockChangedV1, WarehouseStockChangedV1
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database, until
from tests.integration.storefront.paying import opened, stock
from tests.integration.storefront.vending import (
    Outbox,
    approved,
    goods_of,
    new_vendor,
    sold,
)


def sent(client: httpx.Client, mode: str, *rows: tuple[str, object], note: str = "") -> Any:
    """Send a file of stock; the note makes it another one."""
    lines = [f"sku,quantity,{note or uuid.uuid4().hex}", *(f"{sku},{n}," for sku, n in rows)]
    return client.post(
        "/vendor/stock-files",
        params={"mode": mode},
        content="\n".join(lines),
        headers={"Content-Type": "text/csv"},
    )


def ledger(database: Database, sku: str) -> list[tuple[int, int, str]]:
    query = """
    SELECT delta, on_hand, reason FROM stock_movements WHERE sku = $1 ORDER BY movement_id
    """
    return [tuple(row) for row in database.rows(query, sku)][1:]


def test_counts_and_deltas_go_through_the_ledger_and_the_same_file_changes_nothing(
    people: People, partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    vendor_id = new_vendor()
    one, two = goods_of(partner, vendor_id, 100), goods_of(partner, vendor_id, 100)
    vendor = people.vendor(vendor_id)
    first = sent(vendor, "count", (one, 40), (two, 100), note="week 1")
    assert first.json() == {"mode": "count", "rows": 2, "changed": 1, "replayed": False}
    assert ledger(database, one) == [(-60, 40, "adjustment")]
    assert ledger(database, two) == []
    sold(shopper, one)
    again = sent(vendor, "count", (one, 40), (two, 100), note="week 1")
    assert again.json() == {"mode": "count", "rows": 2, "changed": 1, "replayed": True}
    assert stock(database, one) == (39, 0)
    for _ in range(2):
        assert sent(vendor, "delta", (one, "+5"), (two, -1), note="week 2").status_code == 200
    assert (stock(database, one), stock(database, two)) == ((44, 0), (99, 0))
    latest = (
        "SELECT reference FROM stock_movements WHERE sku = $1 ORDER BY movement_id DESC LIMIT 1"
    )
    reference = database.value(latest, two)
    event, placed = outbox(Topic.INVENTORY, reference)
    assert isinstance(event, StockChangedV1)
    assert event.data.reason == "adjustment"
    assert {m.sku: m.delta for m in event.data.movements} == {one: 5, two: -1}
    assert isinstance(placed, WarehouseStockChangedV1)
    moved = {m.sku: (m.warehouse_id, m.on_hand_delta) for m in placed.data.movements}
    assert moved == {one: ("main", 5), two: ("main", -1)}


def test_the_same_file_sent_many_times_at_once_is_applied_once(
    people: People, partner: httpx.Client, database: Database
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    vendor = people.vendor(vendor_id)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: sent(vendor, "delta", (sku, 7), note="once").json(), range(8))
        )
    assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * 7
    assert stock(database, sku) == (107, 0)


def test_a_file_with_a_wrong_row_changes_nothing_and_tells_every_one(
    people: People, partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    vendor_id = new_vendor()
    mine, kept = goods_of(partner, vendor_id, 100), goods_of(partner, vendor_id, 100)
    foreign = goods_of(partner, new_vendor(), 100)
    vendor = people.vendor(vendor_id)
    refused = sent(vendor, "count", (mine, 1), (foreign, 5), ("nothing", 5))
    assert refused.status_code == 422
    assert [(each["line"], each["sku"]) for each in refused.json()["details"]] == [
        (3, foreign),
        (4, "nothing"),
    ]
    unread = sent(vendor, "count", (mine, "many"), (mine, 1))
    assert [each["line"] for each in unread.json()["details"]] == [2, 3]
    opened(shopper, kept, quantity=30)
    for mode, low in (("count", 29), ("delta", -71)):
        conflict = sent(vendor, mode, (mine, 5), (kept, low))
        assert (conflict.status_code, conflict.json()["code"]) == (409, "stock_file_conflict")
        assert [each["line"] for each in conflict.json()["details"]] == [3]
    assert (stock(database, mine), stock(database, foreign)) == ((100, 0), (100, 0))
    assert stock(database, kept) == (100, 30)
    assert sent(vendor, "count", (kept, 30)).status_code == 200
    assert stock(database, kept) == (30, 30)
    # A file that was refused is not one that was applied.
    assert sent(vendor, "delta", (mine, 5), note="late").json()["replayed"] is False


def test_each_fall_to_the_threshold_is_told_once(
    people: People,
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    vendor_id = approved(people, contact_email="low@example.org")
    sku = goods_of(partner, vendor_id, 100, opening_stock=12)
    vendor = people.vendor(vendor_id)
    path = f"/vendor/stock-thresholds/{sku}"
    assert vendor.put(path, json={"threshold": 10}).status_code == 204

    def alerts() -> list[tuple[int, int]]:
        found = outbox(Topic.INVENTORY, sku)
        return [(e.data.crossing, e.data.on_hand) for e in found if isinstance(e, LowStockV1)]

    def low() -> bool:
        rows = vendor.get("/vendor/stock-thresholds").json()["thresholds"]
        return bool(next(row["low"] for row in rows if row["sku"] == sku))

    sold(shopper, sku)
    assert not low()
    sold(shopper, sku)
    until(lambda: alerts() == [(1, 10)], "the first fall is told")
    sold(shopper, sku)
    assert sent(vendor, "count", (sku, 11)).status_code == 200
    until(lambda: not low(), "there is enough again")
    sold(shopper, sku, quantity=3)
    until(lambda: alerts() == [(1, 10), (2, 8)], "the second fall is told")
    query = "SELECT cause, parameters->>'on_hand' FROM notifications WHERE recipient = $1"
    mails = [tuple(row) for row in database.rows(query, "low@example.org") if "low_stock" in row[0]]
    assert sorted(mails) == [(f"low_stock/{sku}/1", "10"), (f"low_stock/{sku}/2", "8")]


def test_many_falls_found_by_two_workers_are_told_once_each(
    people: People,
    partner: httpx.Client,
    database: Database,
    request: pytest.FixtureRequest,
) -> None:
    vendor_id = new_vendor()
    skus = [goods_of(partner, vendor_id, 100, opening_stock=1) for _ in range(12)]
    vendor = people.vendor(vendor_id)
    for sku in skus:
        vendor.put(f"/vendor/stock-thresholds/{sku}", json={"threshold": 1})
    request.getfixturevalue("workers")
    count = "SELECT count(*) FROM outbox WHERE topic = $1 AND key = ANY($2) AND payload LIKE $3"
    values = (Topic.INVENTORY.value, skus, '%"low_stock"%')
    until(lambda: database.value(count, *values) >= 12, "all of them are told")
    found = database.rows("SELECT crossings FROM stock_thresholds WHERE sku = ANY($1)", skus)
    assert [row["crossings"] for row in found] == [1] * 12
    assert database.value(count, *values) == 12


def test_thresholds_are_of_own_variants_and_listed_page_by_page(
    people: People, partner: httpx.Client
) -> None:
    vendor_id = new_vendor()
    skus = sorted(goods_of(partner, vendor_id, 100) for _ in range(3))
    foreign = goods_of(partner, new_vendor(), 100)
    vendor = people.vendor(vendor_id)
    for sku in skus:
        vendor.put(f"/vendor/stock-thresholds/{sku}", json={"threshold": 3})
    for sku in (foreign, "nothing"):
        answer = vendor.put(f"/vendor/stock-thresholds/{sku}", json={"threshold": 3})
        assert answer.status_code == 404
    page = vendor.get("/vendor/stock-thresholds", params={"limit": 2}).json()
    rest = vendor.get("/vendor/stock-thresholds", params={"after": page["next_cursor"]}).json()
    assert [each["sku"] for each in page["thresholds"] + rest["thresholds"]] == skus
    assert rest["next_cursor"] == ""
