"""After a checkout ended: captured, released, refunded or disputed, each of them once."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
import pytest

from storefront_api.events import Topic
from tests.integration import plain
from tests.integration.storefront.conftest import Database, Worker, start_provider, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import (
    Outbox,
    Provider,
    begun,
    completed,
    opened,
    orders_of,
    outcomes,
    state,
    stock,
)
from tests.integration.storefront.test_promotions import create

Shoppers = Callable[[], httpx.Client]


def test_what_is_not_paid_in_time_gives_everything_back(
    start_store: Callable[..., tuple[str, Worker]],
    partner: httpx.Client,
    new_shopper: Shoppers,
    provider: Provider,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    hasty, _ = start_store(CHECKOUT_SECONDS="1")
    sku, code = new_sku(partner, opening_stock=1), create(partner, max_uses=1)
    late, next_one = new_shopper(), new_shopper()
    late.base_url = httpx.URL(hasty)
    checkout = opened(late, sku, promotion_codes=[code])
    payment = begun(late, checkout)
    until(lambda: state(database, checkout) == "expired", "the time is over")
    assert stock(database, sku) == (1, 0)
    assert opened(next_one, sku, promotion_codes=[code])["due_minor"] == 225
    refused = completed(late, checkout)
    assert refused.status_code == 409
    assert late.post(f"/checkouts/{checkout['checkout_id']}/payment").status_code == 409
    until(lambda: outcomes(outbox, checkout) == ["released"], "the payment is let go")
    assert provider.intent(payment).status == "canceled"
    told = [event.type for event in outbox(Topic.INVENTORY, checkout["checkout_id"])]
    assert told == ["stock_reserved", "stock_released"]


def test_a_payment_that_comes_too_late_is_let_go(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    outbox: Outbox,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    assert shopper.delete(f"/checkouts/{checkout['checkout_id']}").json()["state"] == "cancelled"
    assert shopper.delete(f"/checkouts/{checkout['checkout_id']}").json()["state"] == "cancelled"
    assert provider.confirm(payment).json()["status"] == "requires_capture"
    refused = completed(shopper, checkout)
    assert (refused.status_code, refused.json()["code"]) == (409, "checkout_closed")
    assert orders_of(database, checkout) == 0


def test_too_late_payments_are_cancelled_by_the_worker(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    outbox: Outbox,
    workers: None,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    shopper.delete(f"/checkouts/{checkout['checkout_id']}")
    until(lambda: outcomes(outbox, checkout) == ["released"], "the payment is let go")
    refused = provider.confirm(payment)
    assert refused.json()["error"]["code"] == "payment_intent_unexpected_state"


def test_a_refund_reaches_the_provider_once_and_never_exceeds_what_was_taken(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    outbox: Outbox,
    workers: None,
) -> None:
    checkout = opened(shopper, new_sku(partner, list_price_minor=500))
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    completed(shopper, checkout)
    path = f"/orders/{checkout['checkout_id']}/refunds"
    wanted = {"amount_minor": 200, "reason": "goodwill"}
    with ThreadPoolExecutor(20) as threads:
        refunds = threads.map(lambda _: partner.post(path, json=wanted, headers=key()), range(20))
        assert Counter(answer.status_code for answer in refunds) == {201: 2, 409: 18}
    until(lambda: provider.intent(payment).latest_charge.amount_refunded == 400, "it is refunded")
    assert provider.intent(payment).amount_received == 500
    assert outcomes(outbox, checkout) == ["captured"]


def test_a_capture_that_the_provider_refuses_is_told(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    outbox: Outbox,
    request: pytest.FixtureRequest,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    assert completed(shopper, checkout).json()["state"] == "completed"
    provider.api.payment_intents.cancel(payment["intent_id"])
    request.getfixturevalue("workers")
    until(lambda: outcomes(outbox, checkout) == ["refused"], "the refusal is told")
    assert shopper.get(f"/orders/{checkout['checkout_id']}").status_code == 200


def test_a_dispute_that_the_provider_tells_is_recorded_once(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    workers: None,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    provider.confirm(begun(shopper, checkout), "pm_card_createDispute")
    completed(shopper, checkout)
    query = "SELECT reason FROM disputes WHERE order_id = $1"
    order_id = UUID(checkout["checkout_id"])
    until(lambda: bool(database.rows(query, order_id)), "the dispute is there")
    assert [row["reason"] for row in database.rows(query, order_id)] == ["fraudulent"]


def test_while_the_provider_is_away_nothing_is_lost(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    provider_process: Worker,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    provider_process.end(signal.SIGKILL)
    try:
        other = opened(shopper, new_sku(partner))
        answer = shopper.post(f"/checkouts/{other['checkout_id']}/payment")
        assert (answer.status_code, answer.json()["code"]) == (503, "away")
    finally:
        start_provider(provider_process, provider.url)
    assert completed(shopper, checkout).json()["state"] == "completed"
    until(lambda: outcomes(outbox, checkout) == ["captured"], "the payment is taken")
    assert begun(shopper, other)["amount_minor"] >= 250


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense", f"t=1790000000,v1={'0' * 64}"])
def test_a_forged_notice_is_refused(store_url: str, signature: str) -> None:
    event = {"type": "payment_intent.amount_capturable_updated", "data": {"object": {"id": "pi"}}}
    answer = plain.post(
        f"{store_url}/webhooks/stripe", json=event, headers={"Stripe-Signature": signature}
    )
    assert answer.status_code == 401
