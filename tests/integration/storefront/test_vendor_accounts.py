"""Vendors' totals are the ledger's, the ledger's are the orders', whatever happened to them."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from storefront_api.marketplace.trade.scorecard import Outcome, record
from storefront_api.payments.signature import sign
from storefront_api.platform.database import open_pool
from tests.integration.storefront.conftest import SECRET, Database
from tests.integration.storefront.goods import key, line, order
from tests.integration.storefront.vending import (
    People,
    goods_of,
    new_vendor,
    refunded,
    rule,
    sold,
)

ALL = {"since": "2017-01-01", "until": "2026-12-31"}


def disputed(client: httpx.Client, order_id: str, amount: int) -> None:
    """Report a chargeback."""
    body = json.dumps(
        {
            "dispute_id": str(uuid.uuid4()),
            "order_id": order_id,
            "amount_minor": amount,
            "reason": "general",
            "disputed_at": "2018-01-05T00:00:00Z",
        }
    ).encode()
    signature = sign(SECRET, body, datetime.now(UTC))
    headers = {"X-Signature": signature, "Content-Type": "application/json"}
    client.post("/webhooks/disputes", content=body, headers=headers).raise_for_status()


def at_time(partner: httpx.Client, instant: str, *skus: str, **changed: Any) -> str:
    """Place an order at a time and return its id."""
    body = order(*(line(sku) for sku in skus), subject="s-1", **changed)
    headers = key() | {"X-Occurred-At": instant}
    answer = partner.post("/orders", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


def reconciled(partner: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = partner.get("/vendor-ledger/reconciliation").json()
    return found


def test_a_chargeback_takes_the_sale_and_returns_the_commission(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    vendor_id = new_vendor()
    rule(partner, 1000, vendor_id=vendor_id)
    order_id = sold(shopper, goods_of(partner, vendor_id, 1000))["order_id"]
    disputed(shopper, order_id, 400)
    vendor = people.vendor(vendor_id)
    page = vendor.get("/vendor/ledger", params={"limit": 3}).json()
    rest = vendor.get("/vendor/ledger", params={"before": page["next_cursor"]}).json()
    booked = [(e["kind"], e["amount_minor"]) for e in (page["entries"] + rest["entries"])[::-1]]
    assert booked == [
        ("sale", 1000),
        ("commission", -100),
        ("chargeback", -400),
        ("commission_reversal", 40),
    ]
    # More than the sale is nobody's to bear but the store's.
    refunded(partner, order_id, 900)
    assert vendor.get("/vendor/balances").json()[0]["balance_minor"] == 0
    assert reconciled(partner)["differences"] == []


def test_sales_by_day_and_by_product_add_up_to_the_ledger(
    people: People, partner: httpx.Client, database: Database
) -> None:
    vendor_id = new_vendor()
    rule(partner, 1250, vendor_id=vendor_id, valid_from="2017-01-01T00:00:00Z")
    dear, cheap = goods_of(partner, vendor_id, 1001), goods_of(partner, vendor_id, 333)
    abroad = goods_of(partner, vendor_id, 700, currency="EUR")
    at_time(partner, "2017-12-24T23:59:59.999Z", dear, cheap)
    late = at_time(partner, "2017-12-25T00:00:00Z", cheap)
    at_time(partner, "2017-12-25T12:00:00Z", abroad, currency="EUR")
    body = {"amount_minor": 100, "reason": "goodwill"}
    headers = key() | {"X-Occurred-At": "2017-12-26T08:00:00Z"}
    partner.post(f"/orders/{late}/refunds", json=body, headers=headers).raise_for_status()
    vendor = people.vendor(vendor_id)
    days = vendor.get("/vendor/sales", params=ALL).json()
    assert [
        (row["of"], row["currency"], row["sales_minor"], row["commission_minor"], row["net_minor"])
        for row in days["rows"]
    ] == [
        ("2017-12-24", "USD", 1334, -(125 + 42), 1167),
        ("2017-12-25", "EUR", 700, -88, 612),
        ("2017-12-25", "USD", 333, -42, 291),
        ("2017-12-26", "USD", 0, 0, -87),
    ]
    products = vendor.get("/vendor/sales", params=ALL | {"by": "product"}).json()
    by_product = {row["of"]: row for row in products["rows"]}
    assert by_product[f"product-{cheap}"]["sales_minor"] == 666
    assert by_product[f"product-{cheap}"]["refunds_minor"] == -100
    assert by_product[f"product-{cheap}"]["commission_reversed_minor"] == 13
    query = "SELECT currency, sum(amount_minor) FROM vendor_ledger WHERE account = $1 GROUP BY 1"
    owed = {row[0]: int(row[1]) for row in database.rows(query, vendor_id)}
    for answer in (days, products):
        assert {row["currency"]: row["net_minor"] for row in answer["totals"]} == owed
        for name in ("sales_minor", "net_minor", "commission_minor", "refunds_minor"):
            for currency in owed:
                rows = [row[name] for row in answer["rows"] if row["currency"] == currency]
                (total,) = (r[name] for r in answer["totals"] if r["currency"] == currency)
                assert sum(rows) == total
    one_day = vendor.get("/vendor/sales", params={"since": "2017-12-25", "until": "2017-12-26"})
    assert len(one_day.json()["rows"]) == 2
    wrong = vendor.get("/vendor/sales", params={"since": "2018-01-01", "until": "2018-01-01"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "query.until")


def test_after_many_random_orders_refunds_chargebacks_and_payouts_everything_agrees(
    people: People, partner: httpx.Client, database: Database
) -> None:
    source = random.Random(20171224)  # noqa: S311  # not for secrets
    vendors = [new_vendor() for _ in range(4)]
    skus = [goods_of(partner, vendors[n % 4], source.randrange(2_000)) for n in range(12)]
    for vendor_id in vendors:
        rule(partner, source.randrange(10_001), vendor_id=vendor_id)
        account = {"account": "acct_1234"}
        partner.put(f"/vendors/{vendor_id}/payout-account", json=account).raise_for_status()
    placed: list[tuple[str, int]] = []
    for step in range(120):
        if step % 3 == 0 or not placed:
            wanted = [line(sku, source.randrange(1, 4)) for sku in source.sample(skus, 3)]
            body = order(*wanted, subject="s-1")
            answer = partner.post("/orders", json=body, headers=key()).json()
            if answer["total_minor"]:
                placed.append((answer["order_id"], answer["total_minor"]))
            continue
        order_id, total = source.choice(placed)
        what = source.random()
        if what < 0.7:
            amount = source.choice([total, source.randrange(1, total + 1)])
            wanted_refund: dict[str, Any] = {"amount_minor": amount, "reason": "goodwill"}
            if source.random() < 0.3:
                wanted_refund["lines"] = [{"line_number": 1, "amount_minor": min(amount, 50)}]
            path = f"/orders/{order_id}/refunds"
            outcome = partner.post(path, json=wanted_refund, headers=key())
            assert outcome.status_code in (201, 409)
        elif what < 0.85:
            disputed(partner, order_id, source.randrange(1, total + 1))
        else:
            run = {"currency": "USD", "minimum_minor": source.randrange(1, 5_000)}
            assert partner.post("/payout-runs", json=run, headers=key()).status_code == 201
    found = reconciled(partner)
    assert found["differences"] == []
    assert found["orders"] == database.value("SELECT count(*) FROM orders")
    assert found["payouts"] > 0
    kept = "SELECT sum(amount_minor) FROM vendor_ledger WHERE account = $1"
    for vendor_id in vendors:
        balances = people.vendor(vendor_id).get("/vendor/balances").json()
        owed = sum(each["balance_minor"] for each in balances)
        assert owed == (database.value(kept, vendor_id) or 0)


def test_a_difference_is_found(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    vendor_id = new_vendor()
    order_id = sold(shopper, goods_of(partner, vendor_id, 1000))["order_id"]
    forged = """
    INSERT INTO vendor_ledger
        (account, reference, kind, amount_minor, currency, order_id, line_number, booked_at)
    VALUES ($1, $2, $3, $4, 'USD', $5, 1, now())
    """
    reference = uuid.uuid4().hex
    database.rows(forged, vendor_id, reference, "commission", -1, UUID(order_id))
    try:
        assert reconciled(partner)["differences"] == [
            {"what": "commission", "of": order_id, "ledger_minor": 1, "expected_minor": 0}
        ]
    finally:
        toggled = "ALTER TABLE vendor_ledger {} TRIGGER vendor_ledger_is_append_only"
        database.rows(toggled.format("DISABLE"))
        database.rows("DELETE FROM vendor_ledger WHERE reference = $1", reference)
        database.rows(toggled.format("ENABLE"))


def test_a_scorecard_matches_what_was_counted_by_hand(
    people: People, partner: httpx.Client, environment: dict[str, str]
) -> None:
    vendor_id, other = new_vendor(), new_vendor()
    mine, others = goods_of(partner, vendor_id, 100), goods_of(partner, other, 100)
    placed = [
        at_time(partner, f"2017-06-{day:02d}T10:00:00Z", mine, *([others] if day == 1 else []))
        for day in range(1, 9)
    ]
    outside = at_time(partner, "2017-07-01T00:00:00Z", mine)
    returned = {"reason": "returned", "restock": [{"sku": mine, "quantity": 1}]}
    refunded(partner, placed[0], 50, **returned)
    refunded(partner, placed[0], 50, reason="returned")  # the same order is returned once
    refunded(partner, placed[1], 10)  # goodwill is no return
    disputed(partner, placed[2], 100)
    disputed(partner, outside, 100)

    became = [(Outcome.SHIPPED, order_id, 1) for order_id in placed[:6]]
    became += [(Outcome.SHIPPED_LATE, placed[4], 1)] * 2  # told twice, counted once
    became += [(Outcome.CANCELLED, placed[7], 1)]
    became += [(Outcome.RATED, placed[0], 5), (Outcome.RATED, placed[0], 4)]
    became += [(Outcome.RATED, placed[3], 1)]

    async def add() -> None:
        pool = await open_pool(environment["DATABASE_URL"], 1)
        try:
            for kind, order_id, value in became:
                name, now = f"{kind}-{order_id}-{value}", datetime.now(UTC)
                await record(pool, kind, name, [vendor_id], UUID(order_id), now, value)
        finally:
            await pool.close()

    asyncio.run(add())
    june = {"since": "2017-06-01", "until": "2017-07-01"}
    rates = people.vendor(vendor_id).get("/vendor/scorecard", params=june).json()["rates"]
    assert {r["measure"]: (r["counted"], r["among"], r["value"]) for r in rates} == {
        "cancellation_rate": (1, 8, 1250),
        "dispute_rate": (1, 8, 1250),
        "late_ship_rate": (1, 6, 1667),
        "rating": (10, 3, 333),
        "return_rate": (1, 8, 1250),
    }
    rates = people.vendor(other).get("/vendor/scorecard", params=june).json()["rates"]
    assert {r["measure"]: (r["counted"], r["among"], r["value"]) for r in rates} == {
        "cancellation_rate": (0, 1, 0),
        "dispute_rate": (0, 1, 0),
        "late_ship_rate": (0, 0, None),
        "rating": (0, 0, None),
        "return_rate": (1, 1, 10_000),
    }


@pytest.mark.parametrize("path", ["balances", "ledger", "payouts", "orders", "stock-thresholds"])
def test_a_vendor_that_has_nothing_sees_nothing(people: People, path: str) -> None:
    answer = people.vendor(new_vendor()).get(f"/vendor/{path}")
    assert answer.status_code == 200
    found = answer.json()
    assert not (found if isinstance(found, list) else next(iter(found.values())))
