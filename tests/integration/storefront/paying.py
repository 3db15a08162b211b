"""A shopper's way through a checkout, as the tests go it."""

from __future__ import annotations

from typing import Any

import httpx
import stripe

from tests.integration.storefront.goods import key

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
        return httpx.post(path, data=form, timeout=30)

    def intent(self, payment: dict[str, Any]) -> Any:
        """Return the payment with its charge."""
        wanted: Any = {"expand": ["latest_charge"]}
        return self.api.payment_intents.retrieve(payment["intent_id"], wanted)
