"""Packaging has a price, a deposit that comes back, and a footprint that can be recomputed."""

from __future__ import annotations

import csv
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.fulfilment import DepositReturnedV1, PackagingChosenV1
from tests.integration import plain
from tests.integration.storefront.conftest import Database, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import (
    DELIVERY,
    Outbox,
    Provider,
    begun,
    body,
    completed,
    opened,
)
from tests.integration.storefront.sending import delivered, whats
from tests.integration.storefront.test_cancelling import cancelled

SEEDS = Path(__file__).resolve().parents[3] / "dbt" / "seeds"


def delivery(packaging: str) -> dict[str, Any]:
    return {**DELIVERY, "packaging": packaging}


def bought(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider, **wanted: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Buy 16 kg of goods for 1,000 minor units in two reusable crates."""
    sku = new_sku(partner, mass_grams=4000)
    crate = delivery("reusable_crate")
    checkout = opened(shopper, sku, quantity=4, delivery=crate, **wanted)
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    assert completed(shopper, checkout).json()["state"] == "completed"
    return checkout, payment


def deposit(partner: httpx.Client, order_id: str, pieces: int) -> httpx.Response:
    path = f"/orders/{order_id}/deposits"
    return partner.post(path, json={"pieces": pieces}, headers=key())


def test_the_options_are_those_of_the_footprint_marts(store_url: str) -> None:
    assumed = {
        row["packaging"]: row
        for row in csv.DictReader((SEEDS / "packaging_assumptions.csv").open(encoding="utf-8"))
    }
    factors = {
        row["factor_id"]: row
        for row in csv.DictReader((SEEDS / "emission_factors.csv").open(encoding="utf-8"))
    }
    options = plain.get(f"{store_url}/packaging-options?currency=GBP").json()["options"]
    assert {option["packaging"] for option in options} == assumed.keys()
    for option in options:
        row = assumed[option["packaging"]]
        assert option["mass_grams"] == int(row["grams_each"])
        assert option["capacity_grams"] == 1000 * int(row["capacity_kg"])
        assert option["trips"] == int(row["trips"])
        if row["factor_id"]:
            factor = factors[row["factor_id"]]
            assert option["factor_row"] in factor.values()
            each = Decimal(row["grams_each"]) * Decimal(factor["kg_co2e"]) / 10**6
            assert option["kg_co2e_per_use"] == pytest.approx(float(each / int(row["trips"])))
        else:
            assert option["kg_co2e_per_use"] == 0


def test_another_choice_has_another_price_footprint_and_deposit(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku = new_sku(partner, mass_grams=4000)
    chosen = {
        packaging: opened(shopper, sku, quantity=4, delivery=delivery(packaging))
        for packaging in ("none", "cardboard_box", "reusable_crate")
    }
    told = {
        packaging: (checkout["due_minor"] - checkout["total_minor"], checkout["packaging"])
        for packaging, checkout in chosen.items()
    }
    assert [told[packaging][0] for packaging in chosen] == [0, 100, 1040]
    crates = told["reusable_crate"][1]
    assert (crates["pieces"], crates["price_minor"], crates["deposit_minor"]) == (2, 40, 1000)
    assert crates["kg_co2e"] == pytest.approx(2 * 1.8 * 2.57757172 / 100)
    assert told["none"][1]["kg_co2e"] < crates["kg_co2e"] < told["cardboard_box"][1]["kg_co2e"]


def test_what_was_expected_includes_the_packaging(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    box = delivery("cardboard_box")
    opened(shopper, new_sku(partner), delivery=box, expected_total_minor=300)
    refused = shopper.post(
        "/checkouts", json=body(delivery=box, expected_total_minor=250), headers=key()
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")


def test_packaging_without_a_price_in_the_currency_is_not_on_offer(
    partner: httpx.Client, shopper: httpx.Client, store_url: str
) -> None:
    sku = new_sku(partner, currency="CHF")
    opened(shopper, sku)
    wanted = body(delivery=delivery("reusable_crate"))
    refused = shopper.post("/checkouts", json=wanted, headers=key())
    assert (refused.status_code, refused.json()["field"]) == (422, "body.delivery.packaging")
    offered = plain.get(f"{store_url}/packaging-options?currency=CHF").json()["options"]
    assert [option["packaging"] for option in offered] == ["none", "paper_bag"]


def test_a_deposit_is_charged_and_given_back_when_the_crates_come_back(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    outbox: Outbox,
    workers: None,
) -> None:
    checkout, payment = bought(partner, shopper, provider)
    order_id = checkout["checkout_id"]
    assert payment["amount_minor"] == checkout["due_minor"] == 2040
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["total_minor"], shown["fees_minor"]) == (1000, 1040)
    delivered(partner, order_id)
    first = deposit(partner, order_id, 1).json()
    assert (first["amount_minor"], first["pieces_out"]) == (500, 1)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: deposit(partner, order_id, 1), range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}
    until(
        lambda: provider.intent(payment).latest_charge.amount_refunded == 1000,
        "the deposit is back",
    )
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["refunded_minor"]) == ("delivered", 0)
    assert shown["fees_refunded_minor"] == 1000
    assert whats(shopper, order_id)[-2:] == ["deposit_returned"] * 2
    events = outbox(Topic.FULFILMENT, order_id)
    chosen = [event.data for event in events if isinstance(event, PackagingChosenV1)]
    assert [(each.pieces, each.price_minor, each.deposit_minor) for each in chosen] == [
        (2, 40, 1000)
    ]
    back = [event.data.amount_minor for event in events if isinstance(event, DepositReturnedV1)]
    assert back == [500, 500]
    assert "order_refunded" not in {event.type for event in outbox(Topic.ORDERS, order_id)}


def test_a_cancelled_order_gives_fees_back_with_it_and_the_deposit_not_twice(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider, database: Database
) -> None:
    checkout, _ = bought(partner, shopper, provider)
    order_id = checkout["checkout_id"]
    assert cancelled(shopper, order_id).json()["refunded_minor"] == 2040
    assert deposit(partner, order_id, 1).json()["code"] == "no_deposit"
    query = "SELECT amount_minor, fees_minor FROM refunds WHERE order_id = $1"
    rows = database.rows(query, uuid.UUID(order_id))
    assert [tuple(row) for row in rows] == [(2040, 1040)]


def test_paper_has_no_deposit_and_shoppers_give_none_back(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider
) -> None:
    checkout = opened(shopper, new_sku(partner))
    provider.confirm(begun(shopper, checkout))
    completed(shopper, checkout)
    assert deposit(partner, checkout["checkout_id"], 1).json()["code"] == "no_deposit"
    assert deposit(shopper, checkout["checkout_id"], 1).status_code == 403
    assert deposit(partner, str(uuid.uuid4()), 1).status_code == 404


def test_who_leaves_an_address_is_written_to_and_it_stays_in_the_database(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider, database: Database
) -> None:
    address = "shopper@example.org"
    checkout, _ = bought(partner, shopper, provider, contact_email=address)
    order_id = checkout["checkout_id"]
    delivered(partner, order_id)
    deposit(partner, order_id, 2)
    query = """
        SELECT template FROM notifications WHERE recipient = $1
        AND parameters ->> 'order_id' = $2 ORDER BY notification_id
    """
    written = [row["template"] for row in database.rows(query, address, order_id)]
    assert written == ["order_confirmed", "order_shipped", "order_delivered", "order_refunded"]
    told = "SELECT count(*) FROM outbox WHERE position($1 in payload) > 0"
    assert database.value(told, address) == 0
    answered = "SELECT count(*) FROM idempotency_keys WHERE position($1 in body) > 0"
    assert database.value(answered, address) == 0
    for wrong in ("nobody", "a@b", "a b@c.de", "x@y.z\n"):
        refused = shopper.post("/checkouts", json=body(contact_email=wrong), headers=key())
        assert (refused.status_code, refused.json()["field"]) == (422, "body.contact_email")
