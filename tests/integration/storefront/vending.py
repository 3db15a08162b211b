"""Vendors and those who review them, as the tests need them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx

from storefront_api.events import Event, Topic
from tests.integration.storefront.accounts import People
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.tills import stated

PDF = b"%PDF-1.7\nof the tests"
APPLICATION = {
    "display_name": "Meadow",
    "legal_name": "Meadow Foods GmbH",
    "country": "DE",
    "registration_number": "HRB 1234",
    "contact_email": "meadow@example.org",
}
Outbox = Callable[[Topic, str], list[Event]]


def applied(customer: httpx.Client, **changed: Any) -> str:
    """Apply and return the vendor's id."""
    body = APPLICATION | changed
    answer = customer.post("/vendor-applications", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["vendor_id"])


def upload(
    client: httpx.Client, vendor_id: str, kind: str, content: bytes = PDF, **changed: str
) -> httpx.Response:
    """Upload a paper."""
    return client.post(
        f"/vendor-applications/{vendor_id}/papers",
        params={"kind": kind, "filename": "paper.pdf"},
        content=content,
        headers={"Content-Type": "application/pdf", **changed},
    )


def decide(
    admin: httpx.Client, vendor_id: str, action: str, note: str = "because"
) -> httpx.Response:
    """Decide something about a vendor."""
    body = {"action": action, "note": note}
    return admin.post(f"/vendors/{vendor_id}/decisions", json=body, headers=key())


def approved(people: People, **changed: Any) -> str:
    """Return the id of a vendor that applied and was approved."""
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer, **changed)
    for kind in ("registration", "identity"):
        assert upload(customer, vendor_id, kind).status_code == 201
    assert decide(admin, vendor_id, "begin_review").status_code == 200
    assert admin.post(f"/vendors/{vendor_id}/checks").status_code == 201
    answer = decide(admin, vendor_id, "approve")
    assert answer.json()["state"] == "approved"
    return vendor_id


def new_vendor() -> str:
    """Return the id of a vendor that nobody knows yet; an import of its goods brings it in."""
    return f"v-{uuid.uuid4().hex[:12]}"


def sold(client: httpx.Client, *skus: str, quantity: int = 1, **changed: Any) -> dict[str, Any]:
    """Place an order and return it."""
    body = order(*(line(sku, quantity) for sku in skus), **changed)
    answer = stated(client, body)
    assert answer.status_code == 201, answer.text
    placed: dict[str, Any] = answer.json()
    return placed


def goods_of(partner: httpx.Client, vendor_id: str, price: int, **changed: Any) -> str:
    """Bring a product of a vendor's into the catalogue and return its sku."""
    return new_sku(partner, vendor_id=vendor_id, list_price_minor=price, **changed)


def refunded(partner: httpx.Client, order_id: str, amount: int, **changed: Any) -> str:
    """Refund a part of an order and return the refund's id."""
    body = {"amount_minor": amount, "reason": "goodwill", **changed}
    answer = partner.post(f"/orders/{order_id}/refunds", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["refund_id"])


def rule(partner: httpx.Client, rate_bp: int, **changed: Any) -> dict[str, Any]:
    """Create a rule of commission and return it."""
    answer = partner.post("/commission-rules", json={"rate_bp": rate_bp, **changed}, headers=key())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def told(outbox: Outbox, about: str) -> list[str]:
    """Return the types of what was told of a vendor or an order, oldest first."""
    return [event.type for event in outbox(Topic.MARKETPLACE, about)]


class Counting:
    """A connection that counts statements."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("fetch", "fetchrow", "fetchval", "execute"):
            return found

        def counted(statement: str, *values: Any) -> Any:
            self.statements.append(statement)
            return found(statement, *values)

        return counted
