"""A shopper's way through a checkout, as the tests go it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import stripe

from storefront_api.events import Event, Topic
from storefront_api.events.payments import PaymentSettledV1
from tests.integration import plain
from tests.integration.storefront.goods import key

if TYPE_CHECKING:
    from tests.integration.storefront.conftest import Database

Outbox = Callable[[Topic, str], list[Event]]

DELIVERY = {"mode": "van", "packaging": "paper_bag", "distance_km": 5.0, "area": "452"}


def opened(shopper: httpx.Client, *skus: str, quantity: int = 1, **wanted: Any) -> dict[str, Any]:
    """Put products into the cart and open a checkout of it."""
    for sku in skus:
        answer = shopper.put(f"/cart/lines/{sku}", json={"quantity": quantity, "saved": False})
        assert answer.status_code == 200, answer.text
    answer = shopper.post("/checkouts", json=body(**wanted), headers=key())
    assert answer.status_code == 201, answer.text
    checkout: dict[str, Any] = answer.json()
    return checkout


def body(**wanted: Any) -> dict[str, Any]:
    """Return a checkout as `POST /checkouts` takes it."""
    return {"store_id": "S1", "delivery": DELIVERY, **wanted}


def begun(shopper: httpx.Client, checkout: dict[str, Any]) -> dict[str, Any]:
    """Begin the payment of a checkout."""
    answer = shopper.post(f"/checkouts/{checkout['checkout_id']}/payment")
    assert answer.status_code == 200, answer.text
    payment: dict[str, Any] = answer.json()
    return payment


def completed(shopper: httpx.Client, checkout: dict[str, Any]) -> httpx.Response:
    """Say that a checkout is paid."""
    return shopper.post(f"/checkouts/{checkout['checkout_id']}/complete")


def covered(
    partner: httpx.Client, shopper: httpx.Client, *skus: str, quantity: int = 1, **wanted: Any
) -> dict[str, Any]:
    """Buy what a gift card pays to the last minor unit, without a provider; return the order."""
    card = {"currency": wanted.pop("currency", "USD"), "amount_minor": 10**6, "reason": "goodwill"}
    code = partner.post("/giftcards", json=card, headers=key()).json()["code"]
    checkout = opened(shopper, *skus, quantity=quantity, gift_cards=[code], **wanted)
    assert checkout["due_minor"] == 0
    assert completed(shopper, checkout).json()["state"] == "completed"
    order: dict[str, Any] = shopper.get(f"/orders/{checkout['checkout_id']}").json()
    return order


class Provider:
    """What a shopper's client and the account's owner see of the provider.

    Parameters
    ----------
    url
        Its base URL.
    key
        The account's secret key.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.api = stripe.StripeClient(key, base_addresses={"api": url}).v1

    def confirm(self, payment: dict[str, Any], card: str = "pm_card_visa") -> httpx.Response:
        """Pay by card, with nothing but what the client was given."""
        form = {"client_secret": payment["client_secret"], "payment_method": card}
        path = f"{self.url}/v1/payment_intents/{payment['intent_id']}/confirm"
        return plain.post(path, data=form, timeout=30)

    def intent(self, payment: dict[str, Any]) -> Any:
        """Return the payment with its charge."""
        wanted: Any = {"expand": ["latest_charge"]}
        return self.api.payment_intents.retrieve(payment["intent_id"], wanted)


def stock(database: Database, sku: str) -> tuple[int, int]:
    """Return how many are there, and how many of them are kept for checkouts."""
    row = database.rows("SELECT on_hand, reserved FROM stock WHERE sku = $1", sku)[0]
    return row["on_hand"], row["reserved"]


def state(database: Database, checkout: dict[str, Any]) -> str:
    """Return the state of a checkout."""
    query = "SELECT state FROM checkouts WHERE checkout_id = $1"
    return str(database.value(query, UUID(checkout["checkout_id"])))


def orders_of(database: Database, checkout: dict[str, Any]) -> int:
    """Return how many orders a checkout became."""
    query = "SELECT count(*) FROM orders WHERE order_id = $1"
    return int(database.value(query, UUID(checkout["checkout_id"])))


def outcomes(outbox: Outbox, checkout: dict[str, Any]) -> list[str]:
    """Return what its payment came to, as it was told."""
    events = outbox(Topic.PAYMENTS, checkout["checkout_id"])
    return [event.data.outcome for event in events if isinstance(event, PaymentSettledV1)]
