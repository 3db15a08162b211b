"""From cart to paid order: one way, whoever says first that it is paid, and all back if nobody."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.local.services import KEEP_ALIVE
from storefront_api.events import Event, Topic
from storefront_api.events.orders import OrderCompletedV1
from storefront_api.events.payments import PaymentSettledV1
from tests.integration.storefront.conftest import Database, Worker, free_port, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import Provider, begun, body, completed, opened
from tests.integration.storefront.test_promotions import create

Shoppers = Callable[[], httpx.Client]
Outbox = Callable[[Topic, str], list[Event]]


@pytest.fixture(scope="module")
def provider_process(
    environment: dict[str, str], store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """The local provider, which tells the storefront."""
    folder = tmp_path_factory.mktemp("payments")
    told = {
        "PAYMENT_WEBHOOK_URL": f"{store_url}/webhooks/stripe",
        "PAYMENT_BOOKS": str(folder / "books.sqlite"),
    }
    worker = Worker(environment | told, folder / "log")
    start_provider(worker, environment["PAYMENT_URL"])
    yield worker
    worker.end()


def start_provider(worker: Worker, url: str) -> None:
    port = url.rpartition(":")[2]
    worker.start(
        "uvicorn", "deploy.payments.app:create_app", "--factory", *KEEP_ALIVE, "--port", port
    )

    def alive() -> bool:
        try:
            return httpx.get(f"{url}/healthz").is_success
        except httpx.TransportError:
            return False

    until(alive, "the provider is there")


@pytest.fixture(scope="module")
def provider(environment: dict[str, str], provider_process: Worker) -> Provider:
    """The provider's API."""
    return Provider(environment["PAYMENT_URL"], environment["PAYMENT_KEY"])


@pytest.fixture
def workers(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Two workers of the checkouts, which must not be in each other's way."""
    log = tmp_path_factory.mktemp("checkouts") / "log"
    ports = [{"METRICS_PORT": str(free_port())} for _ in range(2)]
    both = [Worker(environment | port, log) for port in ports]
    for worker in both:
        worker.start("storefront_api.checkouts.worker")
    yield
    assert [worker.end() for worker in both] == [0, 0], log.read_text()


def stock(database: Database, sku: str) -> tuple[int, int]:
    row = database.rows("SELECT on_hand, reserved FROM stock WHERE sku = $1", sku)[0]
    return row["on_hand"], row["reserved"]


def state(database: Database, checkout: dict[str, Any]) -> str:
    query = "SELECT state FROM checkouts WHERE checkout_id = $1"
    return str(database.value(query, UUID(checkout["checkout_id"])))


def orders_of(database: Database, checkout: dict[str, Any]) -> int:
    query = "SELECT count(*) FROM orders WHERE order_id = $1"
    return int(database.value(query, UUID(checkout["checkout_id"])))


def outcomes(outbox: Outbox, checkout: dict[str, Any]) -> list[str]:
    events = outbox(Topic.PAYMENTS, checkout["checkout_id"])
    return [event.data.outcome for event in events if isinstance(event, PaymentSettledV1)]


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
    assert isinstance(event, OrderCompletedV1)
    placed = event.data
    assert (placed.payment.country, placed.payment.fingerprint) == ("GB", "fpVisaGb00000003")
    told = [event.type for event in outbox(Topic.INVENTORY, checkout["checkout_id"])]
    assert told == ["stock_reserved", "stock_changed"]


def test_client_and_webhook_together_make_one_order(
    partner: httpx.Client, new_shopper: Shoppers, provider: Provider, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=20)
    for _ in range(10):
        shopper = new_shopper()
        checkout = opened(shopper, sku)
        payment = begun(shopper, checkout)
        provider.confirm(payment)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, s=shopper, c=checkout: completed(s, c), range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert orders_of(database, checkout) == 1
    assert stock(database, sku) == (10, 0)
    moved = "SELECT count(*) FROM stock_movements WHERE sku = $1 AND reason = 'order'"
    assert database.value(moved, sku) == 10


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
        assert "Is it you who pays 250 usd?" in httpx.get(page).text
        httpx.post(page, data={"outcome": outcome})
        assert completed(shopper, checkout).status_code == code


def test_fifty_units_and_four_hundred_buyers_open_fifty_checkouts(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=50)

    async def buy_at_once() -> Counter[int]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=store_url, timeout=120, limits=limits) as client:

            async def buy() -> int:
                token = (await client.post("/sessions")).json()["token"]
                head = {"Authorization": f"Bearer {token}"}
                line = {"quantity": 1, "saved": False}
                await client.put(f"/cart/lines/{sku}", json=line, headers=head)
                wanted = {**head, **key()}
                return (await client.post("/checkouts", json=body(), headers=wanted)).status_code

            return Counter(await asyncio.gather(*(buy() for _ in range(400))))

    assert asyncio.run(buy_at_once()) == {201: 50, 409: 350}
    assert stock(database, sku) == (50, 50)


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
    answers = [
        partner.post(path, json={"amount_minor": amount, "reason": "goodwill"}, headers=key())
        for amount in (200, 200, 200)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    until(lambda: provider.intent(payment).latest_charge.amount_refunded == 400, "it is refunded")
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


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense", f"t=1790000000,v1={'0' * 64}"])
def test_a_forged_notice_is_refused(store_url: str, signature: str) -> None:
    event = {"type": "payment_intent.amount_capturable_updated", "data": {"object": {"id": "pi"}}}
    answer = httpx.post(
        f"{store_url}/webhooks/stripe", json=event, headers={"Stripe-Signature": signature}
    )
    assert answer.status_code == 401
