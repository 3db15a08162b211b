"""Orders split among vendors: frozen rates, own lines alone, and money that comes back."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.marketplace import CommissionChargedV1, CommissionReversedV1
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.orders import service as orders
from storefront_api.orders.schemas import OrderIn
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Provider, begun, completed, opened
from tests.integration.storefront.test_promotions import create
from tests.integration.storefront.tills import stated
from tests.integration.storefront.vending import (
    Counting,
    Outbox,
    goods_of,
    new_vendor,
    refunded,
    rule,
    sold,
)


def entries(database: Database, order_id: str) -> list[tuple[str, str, int]]:
    query = """
    SELECT account, kind, amount_minor FROM vendor_ledger WHERE order_id = $1 ORDER BY entry_id
    """
    return [tuple(row) for row in database.rows(query, UUID(order_id))]


def rates(database: Database, order_id: str) -> list[int]:
    query = """
    SELECT rate_bp FROM order_line_commissions WHERE order_id = $1 ORDER BY line_number
    """
    return [row["rate_bp"] for row in database.rows(query, UUID(order_id))]


def test_the_database_rounds_half_to_even(database: Database) -> None:
    cases = [(sale, rate) for sale in range(60) for rate in (0, 1, 1250, 2500, 5000, 7500, 10_000)]
    cases += [(2**53 - 1, 9_999), (2**53 - 2, 5_000), (2**53 - 3, 1)]
    query = "SELECT commission_of(s, r) FROM unnest($1::bigint[], $2::int[]) AS c (s, r)"
    found = database.rows(query, *map(list, zip(*cases, strict=True)))
    exact = [
        int((Decimal(sale) * rate / 10_000).quantize(Decimal(1), ROUND_HALF_EVEN))
        for sale, rate in cases
    ]
    assert [row[0] for row in found] == exact


def test_an_order_is_split_and_each_vendor_is_charged_by_its_own_rate(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    one, two, free = new_vendor(), new_vendor(), new_vendor()
    dear, cheap = goods_of(partner, one, 500), goods_of(partner, one, 199)
    other, third = goods_of(partner, two, 1000), goods_of(partner, free, 50)
    rule(partner, 1250, vendor_id=one)
    rule(partner, 1000, vendor_id=two)
    placed = sold(shopper, dear, other, cheap, third)
    assert entries(database, placed["order_id"]) == [
        (one, "sale", 500),
        (one, "commission", -62),
        (two, "sale", 1000),
        (two, "commission", -100),
        (one, "sale", 199),
        (one, "commission", -25),
        (free, "sale", 50),
    ]
    charged = {
        event.data.vendor_id: event.data
        for event in outbox(Topic.MARKETPLACE, placed["order_id"])
        if isinstance(event, CommissionChargedV1)
    }
    assert {v: (data.sale_minor, data.commission_minor) for v, data in charged.items()} == {
        one: (699, 87),
        two: (1000, 100),
        free: (50, 0),
    }
    assert [line.rule_id for line in charged[free].lines] == [None]
    assert [(each.line_number, each.commission_minor) for each in charged[one].lines] == [
        (1, 62),
        (3, 25),
    ]


def test_goods_without_a_vendor_are_the_stores_own(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    placed = sold(shopper, goods_of(partner, "", 700))
    refunded(partner, placed["order_id"], 200)
    assert entries(database, placed["order_id"]) == [("", "sale", 700), ("", "refund", -200)]
    events: list[Any] = [*outbox(Topic.MARKETPLACE, placed["order_id"])]
    assert [(each.data.vendor_id, each.data.sale_minor) for each in events] == [
        ("", 700),
        ("", 200),
    ]


def test_the_most_specific_rule_holds_and_later_ones_alter_nothing(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    vendor, category = new_vendor(), f"C-{uuid.uuid4().hex[:8]}"
    first, second = (goods_of(partner, vendor, 100, category=category) for _ in range(2))
    elsewhere = goods_of(partner, new_vendor(), 100, category=category)

    def now() -> list[int]:
        return rates(database, sold(shopper, first, second, elsewhere)["order_id"])

    before = sold(shopper, first)
    assert now() == [0, 0, 0]
    rule(partner, 100, category=category)
    assert now() == [100, 100, 100]
    rule(partner, 200, vendor_id=vendor)
    assert now() == [200, 200, 100]
    rule(partner, 300, vendor_id=vendor, category=category)
    assert now() == [300, 300, 100]
    assert rule(partner, 50, product_id=f"product-{first}")["version"] == 1
    assert now() == [50, 300, 100]
    assert rule(partner, 60, product_id=f"product-{first}")["version"] == 2
    assert now() == [60, 300, 100]
    rule(partner, 0, product_id=f"product-{first}", vendor_id=vendor)
    assert now() == [0, 300, 100]
    assert rates(database, before["order_id"]) == [0]
    assert entries(database, before["order_id"]) == [(vendor, "sale", 100)]


def test_a_rule_holds_in_its_validity_alone(partner: httpx.Client, database: Database) -> None:
    vendor = new_vendor()
    sku = goods_of(partner, vendor, 100)
    rule(partner, 1000, vendor_id=vendor, valid_from="2017-01-01T00:00:00Z")
    span = {"valid_from": "2018-01-01T00:00:00Z", "valid_until": "2018-02-01T00:00:00Z"}
    rule(partner, 500, vendor_id=vendor, **span)

    def at(instant: str) -> list[int]:
        body = order(line(sku), subject="s-1")
        answer = partner.post("/orders", json=body, headers=key() | {"X-Occurred-At": instant})
        return rates(database, answer.json()["order_id"])

    assert at("2016-12-31T23:59:59.999Z") == [0]
    assert at("2017-01-01T00:00:00Z") == [1000]
    assert at("2018-01-01T00:00:00Z") == [500]
    assert at("2018-01-31T23:59:59.999Z") == [500]
    assert at("2018-02-01T00:00:00Z") == [1000]
    refused = partner.post(
        "/commission-rules",
        json={"rate_bp": 1, "valid_from": span["valid_until"], "valid_until": span["valid_from"]},
        headers=key(),
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "body.valid_until")


def test_rules_are_listed_and_the_same_key_makes_one(partner: httpx.Client) -> None:
    header, body = key(), {"rate_bp": 7, "vendor_id": new_vendor()}
    first, again = (
        partner.post("/commission-rules", json=body, headers=header).json() for _ in range(2)
    )
    assert first == again
    found, after = [], None
    while True:
        parameters: dict[str, Any] = {"limit": 3} | ({"after": after} if after else {})
        page = partner.get("/commission-rules", params=parameters).json()
        found += page["rules"]
        after = page["next_cursor"]
        if not after:
            break
    assert [each for each in found if each["vendor_id"] == body["vendor_id"]] == [first]


def test_a_paid_checkout_is_split_too(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
) -> None:
    vendor = new_vendor()
    sku = goods_of(partner, vendor, 400)
    rule(partner, 1000, vendor_id=vendor)
    checkout = opened(shopper, sku)
    provider.confirm(begun(shopper, checkout))
    completed(shopper, checkout)
    assert entries(database, checkout["checkout_id"]) == [
        (vendor, "sale", 400),
        (vendor, "commission", -40),
    ]


def test_splitting_an_order_costs_one_statement_whatever_it_holds(
    partner: httpx.Client, database: Database
) -> None:
    vendors = [new_vendor() for _ in range(3)]
    skus = [goods_of(partner, vendor, 100) for vendor in vendors]
    for vendor in vendors:
        rule(partner, 1000, vendor_id=vendor)

    async def count() -> Sequence[str]:
        pool = await asyncpg.create_pool(database.url, min_size=1, max_size=1)
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.set_type_codec(
                    "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
                )
                body = order(*(line(sku) for sku in skus), subject="s-1")
                wanted = OrderIn.model_validate(body)
                now = datetime.now(UTC)
                placed, priced = await orders.price(connection, wanted, now, "US")
                event = OrderCompletedV3(
                    id=uuid.uuid4(),
                    occurred_at=datetime.now(UTC),
                    received_at=datetime.now(UTC),
                    subject="s-1",
                    data=placed,
                )
                counting = Counting(connection)
                await orders.record(counting, "s-1", event, priced, [])
                return counting.statements
        finally:
            await pool.close()

    statements = asyncio.run(count())
    wrote = [re.findall(r"INSERT INTO (\w+)", statement) for statement in statements]
    assert wrote == [
        ["orders", "order_changes", "order_lines"],
        ["ledger_accounts", "ledger_transfers", "ledger_entries"],
        ["order_line_commissions", "vendor_orders", "vendor_ledger"],
        ["outbox"],
    ]


def test_refunds_in_steps_give_back_each_vendors_commission_to_the_cent(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    one, two = new_vendor(), new_vendor()
    rule(partner, 1250, vendor_id=one)
    rule(partner, 333, vendor_id=two)
    placed = sold(shopper, goods_of(partner, one, 1000), goods_of(partner, two, 777))
    order_id = placed["order_id"]
    # A later rate must not be what comes back.
    rule(partner, 9000, vendor_id=one)
    for amount in (333, 1, 1000, 443):
        refunded(partner, order_id, amount)
    totals: dict[tuple[str, str], int] = {}
    for account, kind, amount in entries(database, order_id):
        totals[account, kind] = totals.get((account, kind), 0) + amount
    assert totals == {
        (one, "sale"): 1000,
        (one, "commission"): -125,
        (one, "refund"): -1000,
        (one, "commission_reversal"): 125,
        (two, "sale"): 777,
        (two, "commission"): -26,
        (two, "refund"): -777,
        (two, "commission_reversal"): 26,
    }
    back = [
        event.data
        for event in outbox(Topic.MARKETPLACE, order_id)
        if isinstance(event, CommissionReversedV1)
    ]
    assert sum(data.commission_minor for data in back if data.vendor_id == one) == 125
    assert sum(data.sale_minor for data in back if data.vendor_id == two) == 777


def test_what_comes_back_is_taken_from_the_vendor_who_sold_it(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    one, two = new_vendor(), new_vendor()
    mine, other = goods_of(partner, one, 600), goods_of(partner, two, 600)
    order_id = sold(shopper, mine, other)["order_id"]
    restock = [{"sku": other, "quantity": 1}]
    refunded(partner, order_id, 600, reason="returned", restock=restock)
    refunded(partner, order_id, 100, lines=[{"line_number": 1, "amount_minor": 100}])
    assert entries(database, order_id)[2:] == [(two, "refund", -600), (one, "refund", -100)]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([{"line_number": 1, "amount_minor": 601}], 409),
        ([{"line_number": 9, "amount_minor": 1}], 409),
        ([{"line_number": 1, "amount_minor": 700}], 422),
        ([{"line_number": 1, "amount_minor": 1}] * 2, 422),
    ],
)
def test_a_refund_that_says_what_cannot_be_is_refused_whole(
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    lines: list[dict[str, int]],
    status: int,
) -> None:
    one, two = new_vendor(), new_vendor()
    order_id = sold(shopper, goods_of(partner, one, 600), goods_of(partner, two, 600))["order_id"]
    body = {"amount_minor": 650, "reason": "goodwill", "lines": lines}
    answer = partner.post(f"/orders/{order_id}/refunds", json=body, headers=key())
    assert answer.status_code == status
    assert len(entries(database, order_id)) == 2
    query = "SELECT refunded_minor FROM orders WHERE order_id = $1"
    assert database.value(query, UUID(order_id)) == 0


def test_a_vendor_sees_its_own_lines_and_not_who_ordered(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    one, two = new_vendor(), new_vendor()
    mine, other = goods_of(partner, one, 600, mass_grams=250), goods_of(partner, two, 900)
    code = create(partner)
    body = order(line(mine, 2), line(other), line(mine), promotion_codes=[code])
    placed = stated(shopper, body).json()
    rule(partner, 500, vendor_id=one)
    vendor = people.vendor(one)
    answer = vendor.get(f"/vendor/orders/{placed['order_id']}")
    seen = answer.json()
    assert [(each["sku"], each["quantity"]) for each in seen["lines"]] == [(mine, 2), (mine, 1)]
    assert seen["total_minor"] == 1800 - 180 == sum(each["total_minor"] for each in seen["lines"])
    assert seen["shipping"] == {"mode": "van", "packaging": "paper_bag", "area": "452"}
    for secret in (placed["subject"], "d-1", "c-1", other, "ses-1"):
        assert secret not in answer.text
    packing = vendor.get(f"/vendor/orders/{placed['order_id']}/packing-list").json()
    assert packing["mass_grams"] == 750
    assert [(each["sku"], each["quantity"]) for each in packing["items"]] == [(mine, 3)]
    stranger = people.vendor(new_vendor())
    for path in ("", "/packing-list"):
        assert stranger.get(f"/vendor/orders/{placed['order_id']}{path}").status_code == 404
    assert shopper.get("/vendor/orders").status_code == 403


def test_a_packing_list_tells_no_mass_that_is_not_known(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    vendor_id = new_vendor()
    known, unknown = (
        goods_of(partner, vendor_id, 100),
        goods_of(partner, vendor_id, 1, mass_grams=None),
    )
    order_id = sold(shopper, known, unknown)["order_id"]
    packing = people.vendor(vendor_id).get(f"/vendor/orders/{order_id}/packing-list").json()
    assert (packing["mass_grams"], len(packing["items"])) == (None, 2)


def test_orders_are_listed_newest_first_page_by_page_while_more_come(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    placed = [sold(shopper, sku)["order_id"] for _ in range(5)]
    refunded(partner, placed[4], 30)
    vendor, seen, after = people.vendor(vendor_id), [], ""
    while True:
        page = vendor.get("/vendor/orders", params={"limit": 2, "after": after}).json()
        seen += page["orders"]
        after = page["next_cursor"]
        sold(shopper, sku)
        if not after:
            break
    assert [each["order_id"] for each in seen] == placed[::-1]
    assert [each["undone_minor"] for each in seen] == [30, 0, 0, 0, 0]
    refused = vendor.get("/vendor/orders", params={"after": "nonsense"})
    assert (refused.status_code, refused.json()["field"]) == (422, "query.after")


def test_a_part_without_commission_is_told_with_none(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    placed = sold(shopper, goods_of(partner, new_vendor(), 100))
    events: list[Any] = [*outbox(Topic.MARKETPLACE, placed["order_id"])]
    assert [(event.data.sale_minor, event.data.commission_minor) for event in events] == [(100, 0)]


def test_an_order_from_before_orders_were_split_is_refunded_without_a_vendor(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    order_id = sold(shopper, new_sku(partner))["order_id"]
    for table in ("vendor_ledger", "order_line_commissions", "vendor_orders"):
        database.rows(f"ALTER TABLE {table} DISABLE TRIGGER {table}_is_append_only")
        database.rows(f"DELETE FROM {table} WHERE order_id = $1", UUID(order_id))
        database.rows(f"ALTER TABLE {table} ENABLE TRIGGER {table}_is_append_only")
    refunded(partner, order_id, 100)
    assert entries(database, order_id) == []
