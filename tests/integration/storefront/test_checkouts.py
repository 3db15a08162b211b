"""From cart to paid order: one way, whoever says first that it is paid, and all back if nobody."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.platform.auth import Identity
from tests.integration import plain
from tests.integration.storefront.accounting import GATE
from tests.integration.storefront.accounts import bearer
from tests.integration.storefront.conftest import Database, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import (
    Outbox,
    Provider,
    begun,
    body,
    completed,
    opened,
    orders_of,
    outcomes,
    state,
    stock,
)
from tests.integration.storefront.test_promotions import create

Shoppers = Callable[[], httpx.Client]


def _types(outbox: Outbox, checkout: dict[str, Any]) -> list[str]:
    """Return what was told of a checkout's stock."""
    return [event.type for event in outbox(Topic.INVENTORY, checkout["checkout_id"])]


def test_a_paid_checkout_is_the_order_of_the_same_id(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    sku = new_sku(partner, opening_stock=5, list_price_minor=300)
    checkout = opened(shopper, sku, quantity=2, expected_total_minor=600)
    assert stock(database, sku) == (5, 2)
    payment = begun(shopper, checkout)
    assert (payment["amount_minor"], payment["currency"]) == (600, "USD")
    assert begun(shopper, checkout)["intent_id"] == payment["intent_id"]
    assert provider.confirm(payment, "pm_card_gb").json()["status"] == "requires_capture"
    assert completed(shopper, checkout).json()["state"] == "completed"
    order = shopper.get(f"/orders/{checkout['checkout_id']}").json()
    assert (order["total_minor"], order["channel"]) == (600, "web")
    assert stock(database, sku) == (3, 0)
    assert shopper.get("/cart").json()["lines"] == []
    until(lambda: outcomes(outbox, checkout) == ["captured"], "the payment is taken")
    intent = provider.intent(payment)
    assert (intent.status, intent.amount_received) == ("succeeded", 600)
    event = outbox(Topic.ORDERS, checkout["checkout_id"])[0]
    assert isinstance(event, OrderCompletedV3)
    placed = event.data
    assert (placed.payment.country, placed.payment.fingerprint) == ("GB", "fpVisaGb00000003")
    expected = ["stock_allocated", "stock_changed", "stock_reserved"]
    until(
        lambda: (
            sorted(e.type for e in outbox(Topic.INVENTORY, checkout["checkout_id"])) == expected
        ),
        "the worker has allocated the goods",
    )


def test_client_and_webhook_together_make_one_order_and_one_capture(
    partner: httpx.Client,
    new_shopper: Shoppers,
    provider: Provider,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    sku, bought = new_sku(partner, opening_stock=20), []
    for _ in range(10):
        shopper = new_shopper()
        checkout = opened(shopper, sku)
        payment = begun(shopper, checkout)
        provider.confirm(payment)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, s=shopper, c=checkout: completed(s, c), range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert orders_of(database, checkout) == 1
        bought.append((checkout, payment))
    assert stock(database, sku) == (10, 0)
    moved = "SELECT count(*) FROM stock_movements WHERE sku = $1 AND reason = 'order'"
    assert database.value(moved, sku) == 10
    for checkout, payment in bought:

        def taken(checkout: dict[str, Any] = checkout) -> bool:
            return outcomes(outbox, checkout) == ["captured"]

        until(taken, "the payment is taken")
        assert provider.intent(payment).amount_received == 250
        captures = "SELECT count(*) FROM ledger_transfers WHERE reference = $1"
        assert database.value(captures, f"capture/{checkout['checkout_id']}") == 1


def test_the_webhook_alone_completes_it(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider, database: Database
) -> None:
    checkout = opened(shopper, new_sku(partner))
    provider.confirm(begun(shopper, checkout))
    until(lambda: state(database, checkout) == "completed", "the webhook was taken")
    assert orders_of(database, checkout) == 1


def test_a_declined_card_buys_nothing_and_another_may_follow(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider, database: Database
) -> None:
    checkout = opened(shopper, new_sku(partner))
    assert completed(shopper, checkout).json()["code"] == "not_paid"
    payment = begun(shopper, checkout)
    declined = provider.confirm(payment, "pm_card_chargeDeclinedInsufficientFunds")
    assert declined.status_code == 402
    assert declined.json()["error"]["decline_code"] == "insufficient_funds"
    refused = completed(shopper, checkout)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_paid")
    assert orders_of(database, checkout) == 0
    provider.confirm(payment)
    assert completed(shopper, checkout).json()["state"] == "completed"


def test_a_card_that_asks_its_bank_pays_when_the_bank_said_yes(
    partner: httpx.Client, shopper: httpx.Client, provider: Provider
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    card = "pm_card_authenticationRequired"
    for outcome, code in (("failed", 409), ("succeeded", 200)):
        asked = provider.confirm(payment, card).json()
        page = asked["next_action"]["redirect_to_url"]["url"]
        assert completed(shopper, checkout).status_code == 409
        assert "Is it you who pays 250 usd?" in plain.get(page).text
        plain.post(page, data={"outcome": outcome})
        assert completed(shopper, checkout).status_code == code


async def buy_at_once(url: str, carts: list[list[str]], code: str) -> Counter[int]:
    """Open and complete a guest's checkout of each cart, all at once; count how they end."""
    limits = httpx.Limits(max_connections=100)
    async with plain.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def buy(skus: list[str]) -> int:
            head = bearer(GATE.issue(Identity(person=uuid.uuid4().hex)))
            for sku in skus:
                line = {"quantity": 1, "saved": False}
                await client.put(f"/cart/lines/{sku}", json=line, headers=head)
            wanted = body(promotion_codes=[code])
            answer = await client.post("/checkouts", json=wanted, headers=head | key())
            if answer.status_code != 201:
                assert answer.json()["code"] == "out_of_stock"
                return answer.status_code
            path = f"/checkouts/{answer.json()['checkout_id']}/complete"
            return (await client.post(path, headers=head)).status_code

        return Counter(await asyncio.gather(*map(buy, carts)))


def test_fifty_units_and_four_hundred_buyers_make_fifty_orders(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    sku, free = new_sku(partner, opening_stock=50), create(partner, value=10_000)
    ended = asyncio.run(buy_at_once(store_url, [[sku]] * 400, free))
    assert ended == {200: 50, 409: 350}
    assert stock(database, sku) == (0, 0)
    reserved = "SELECT count(*) FROM checkouts WHERE placed -> 'lines' -> 0 ->> 'sku' = $1"
    assert database.value(reserved, sku) == 50
    assert database.value("SELECT count(*) FROM order_lines WHERE sku = $1", sku) == 50
    assert database.value("SELECT sum(delta) FROM stock_movements WHERE sku = $1", sku) == 0


def test_carts_of_the_same_products_in_other_orders_never_wait_in_a_circle(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    skus, free = (
        [new_sku(partner, opening_stock=20) for _ in range(3)],
        create(partner, value=10_000),
    )
    ended = asyncio.run(buy_at_once(store_url, [skus, skus[::-1]] * 20, free))
    assert ended == {200: 20, 409: 20}
    assert [stock(database, sku) for sku in skus] == [(0, 0)] * 3


def test_one_key_opens_one_checkout_however_often_it_comes_and_is_its_shopper_s_own(
    partner: httpx.Client, new_shopper: Shoppers, database: Database
) -> None:
    sku, header = new_sku(partner), key()
    first, second = new_shopper(), new_shopper()
    for shopper in (first, second):
        shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})

    def open_(shopper: httpx.Client) -> httpx.Response:
        return shopper.post("/checkouts", json=body(), headers=header)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(open_, [first] * 20))
    made = {answer.text for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    under_way = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert under_way <= {"key_in_flight"}
    assert open_(first).text in made
    other = first.post("/checkouts", json=body(device_id="d-2"), headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert stock(database, sku) == (100, 1)
    assert open_(second).status_code == 201
    assert stock(database, sku) == (100, 2)


@pytest.mark.parametrize(
    "stated",
    [
        {"subject": "s-1"},
        {"source_ref": "X1"},
        {"payment": {"method": "invoice", "fingerprint": "", "country": ""}},
        {"lines": [{"sku": "any", "quantity": 1, "list_minor": 1}]},
    ],
    ids=str,
)
def test_a_shopper_states_neither_money_nor_who_it_is(
    partner: httpx.Client, shopper: httpx.Client, stated: dict[str, Any]
) -> None:
    shopper.put(f"/cart/lines/{new_sku(partner)}", json={"quantity": 1, "saved": False})
    refused = shopper.post("/checkouts", json=body(**stated), headers=key())
    assert (refused.status_code, refused.json()["field"]) == (422, f"body.{next(iter(stated))}")


def test_an_unexpected_price_and_a_short_stock_take_nothing(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    plenty, scarce = new_sku(partner), new_sku(partner, opening_stock=1)
    assert shopper.post("/checkouts", json=body(), headers=key()).status_code == 422
    shopper.put(f"/cart/lines/{plenty}", json={"quantity": 1, "saved": False})
    wrong = shopper.post("/checkouts", json=body(expected_total_minor=1), headers=key())
    assert (wrong.status_code, wrong.json()["code"]) == (409, "price_changed")
    shopper.put(f"/cart/lines/{scarce}", json={"quantity": 2, "saved": False})
    short = shopper.post("/checkouts", json=body(), headers=key())
    assert (short.status_code, short.json()["code"]) == (409, "out_of_stock")
    assert short.json()["details"] == [{"sku": scarce, "wanted": 2}]
    assert stock(database, plenty)[1] == stock(database, scarce)[1] == 0


def test_what_costs_nothing_needs_no_payment(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    code = create(partner, kind="percent", value=10_000)
    checkout = opened(shopper, new_sku(partner), promotion_codes=[code])
    assert checkout["due_minor"] == 0
    refused = shopper.post(f"/checkouts/{checkout['checkout_id']}/payment")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_refused")
    assert completed(shopper, checkout).json()["state"] == "completed"
    assert orders_of(database, checkout) == 1


def test_a_code_that_is_kept_for_a_checkout_is_used_up_for_the_others(
    partner: httpx.Client, new_shopper: Shoppers, database: Database
) -> None:
    code, sku = create(partner, max_uses=1), new_sku(partner)
    first, second = new_shopper(), new_shopper()
    opened(first, sku, promotion_codes=[code])
    second.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    refused = second.post("/checkouts", json=body(promotion_codes=[code]), headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_used_up")
    assert stock(database, sku) == (100, 1)


def test_a_stranger_finds_nothing(partner: httpx.Client, new_shopper: Shoppers) -> None:
    owner, stranger = new_shopper(), new_shopper()
    checkout = opened(owner, new_sku(partner))
    path = f"/checkouts/{checkout['checkout_id']}"
    statuses = [
        stranger.get(path).status_code,
        stranger.delete(path).status_code,
        stranger.post(f"{path}/payment").status_code,
        stranger.post(f"{path}/complete").status_code,
    ]
    assert statuses == [404] * 4
    assert owner.get(path).json()["state"] == "open"
