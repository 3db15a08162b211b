"""An order that is cancelled gives back all that it took, once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from storefront_api.events import Topic
from tests.integration.storefront.conftest import Database, until
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import (
    Outbox,
    Provider,
    begun,
    completed,
    opened,
    stock,
)
from tests.integration.storefront.sending import allocated, labelled, placed, scan, told, whats
from tests.integration.storefront.test_promotions import create

Shoppers = Callable[[], httpx.Client]


def cancelled(client: httpx.Client, order_id: str, **body: str) -> httpx.Response:
    return client.post(f"/orders/{order_id}/cancel", json=body, headers=key())


def test_a_cancelled_order_gives_stock_money_and_codes_back(
    partner: httpx.Client,
    new_shopper: Shoppers,
    provider: Provider,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    sku = new_sku(partner, opening_stock=5, list_price_minor=400)
    code = create(partner, max_uses=1, max_uses_per_shopper=1)
    shopper = new_shopper()
    checkout = opened(shopper, sku, quantity=2, promotion_codes=[code])
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    completed(shopper, checkout)
    order_id = checkout["checkout_id"]
    shipment = labelled(partner, order_id)
    assert stock(database, sku) == (3, 0)
    answer = cancelled(shopper, order_id)
    assert answer.json() == {
        "order_id": order_id,
        "status": "cancelled",
        "refunded_minor": checkout["due_minor"],
        "tax_minor": 0,
    }
    assert stock(database, sku) == (5, 0)
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["refunded_minor"]) == ("cancelled", checkout["total_minor"])
    until(
        lambda: provider.intent(payment).latest_charge.amount_refunded == checkout["due_minor"],
        "the money is back",
    )
    again = opened(shopper, sku, promotion_codes=[code])
    assert again["due_minor"] < 400
    assert whats(shopper, order_id)[-3:] == ["released", "refunded", "cancelled"]
    assert partner.get(f"/shipments/{shipment['shipment_id']}").json()["status"] == "voided"
    types = [event.type for event in outbox(Topic.ORDERS, order_id)]
    assert types == ["order_completed", "coupon_applied", "order_refunded", "order_cancelled"]
    query = "SELECT label_voided_at FROM shipments WHERE shipment_id = $1"
    voided = uuid.UUID(shipment["shipment_id"])
    until(lambda: database.value(query, voided) is not None, "the label is given back")


def test_of_many_cancellations_at_once_one_counts(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    before = placed(partner, shopper, 4)
    order_id, sku = before["order_id"], before["lines"][0]["sku"]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: cancelled(shopper, order_id), range(12)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 11}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_cancelled"}
    assert stock(database, sku) == (100, 0)
    query = "SELECT sum(amount_minor) FROM refunds WHERE order_id = $1"
    assert database.value(query, uuid.UUID(order_id)) == before["total_minor"]


def test_a_cancellation_is_answered_twice_under_one_key(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id, header = placed(partner, shopper)["order_id"], key()
    path = f"/orders/{order_id}/cancel"
    first, second = (shopper.post(path, json={}, headers=header) for _ in range(2))
    assert (first.status_code, first.text) == (200, second.text)


def test_what_a_carrier_has_is_not_cancelled_and_what_is_cancelled_is_not_sent(
    partner: httpx.Client, shopper: httpx.Client, store_url: str
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    shipment = labelled(partner, order_id, line_1=1)
    told(store_url, shipment["tracking_number"], scan("accepted"))
    refused = cancelled(shopper, order_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_sent")
    other = placed(partner, shopper)["order_id"]
    assert cancelled(shopper, other).status_code == 200
    assert allocated(partner, other).json()["code"] == "nothing_to_send"
    refund = {"amount_minor": 1, "reason": "goodwill"}
    assert partner.post(f"/orders/{other}/refunds", json=refund, headers=key()).status_code == 409


def test_sending_and_cancelling_at_once_never_do_both(
    partner: httpx.Client, shopper: httpx.Client, store_url: str
) -> None:
    seen = set()
    for _ in range(6):
        order_id = placed(partner, shopper)["order_id"]
        number = labelled(partner, order_id)["tracking_number"]
        with ThreadPoolExecutor(2) as threads:
            sent = threads.submit(told, store_url, number, scan("accepted"))
            given_up = threads.submit(cancelled, shopper, order_id)
        assert sent.result().status_code == 200
        status = shopper.get(f"/orders/{order_id}").json()["status"]
        assert (status, given_up.result().status_code) in (("cancelled", 200), ("shipped", 409))
        seen.add(status)
        assert whats(shopper, order_id)[-1] == status
    assert seen <= {"cancelled", "shipped"}


def test_what_was_refunded_before_is_not_refunded_again(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    before = placed(partner, shopper, 4)
    order_id, sku = before["order_id"], before["lines"][0]["sku"]
    body = {"amount_minor": 300, "reason": "goodwill", "restock": [line(sku, 1)]}
    assert partner.post(f"/orders/{order_id}/refunds", json=body, headers=key()).is_success
    assert cancelled(partner, order_id, reason="out_of_stock").json()["refunded_minor"] == 700
    assert stock(database, sku) == (100, 0)


def test_strangers_and_the_counters_orders_are_not_cancelled(
    partner: httpx.Client, new_shopper: Shoppers
) -> None:
    owner, stranger = new_shopper(), new_shopper()
    order_id = placed(partner, owner)["order_id"]
    assert cancelled(stranger, order_id).status_code == 404
    assert cancelled(owner, order_id, reason="fraud").json()["field"] == "body.reason"
    body = order(line(new_sku(partner)), channel="till", subject="s-1")
    sold = partner.post("/orders", json=body, headers=key()).json()
    assert cancelled(partner, sold["order_id"]).json()["code"] == "already_sent"
