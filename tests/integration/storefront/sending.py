"""The way of an order to its shopper, as the tests go it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from storefront_api.payments.signature import sign
from tests.integration import plain
from tests.integration.storefront.conftest import SECRET
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.tills import stated


def placed(
    partner: httpx.Client, shopper: httpx.Client, *quantities: int, **changed: Any
) -> dict[str, Any]:
    """Place an order of one line for each quantity, 250 minor units a piece."""
    lines = [line(new_sku(partner), quantity) for quantity in quantities or (1,)]
    answer = stated(shopper, order(*lines, **changed))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def allocated(
    partner: httpx.Client, order_id: str, carrier: str = "local", **quantities: int
) -> httpx.Response:
    """Set parts of lines aside, `line_1=2` and so on; all that is left without any."""
    lines = [
        {"line_number": int(name.removeprefix("line_")), "quantity": quantity}
        for name, quantity in quantities.items()
    ]
    body = {"carrier": carrier, "lines": lines}
    return partner.post(f"/orders/{order_id}/shipments", json=body, headers=key())


def packed(partner: httpx.Client, order_id: str, **quantities: int) -> dict[str, Any]:
    """Allocate and pack a shipment."""
    answer = allocated(partner, order_id, "local", **quantities)
    assert answer.status_code == 201, answer.text
    path = f"/shipments/{answer.json()['shipment_id']}/pack"
    answer = partner.post(path, json={"packaging": "paper_bag", "mass_grams": 2100})
    assert answer.status_code == 200, answer.text
    shipment: dict[str, Any] = answer.json()
    return shipment


def labelled(partner: httpx.Client, order_id: str, **quantities: int) -> dict[str, Any]:
    """Allocate, pack and label a shipment."""
    shipment = packed(partner, order_id, **quantities)
    path = f"/shipments/{shipment['shipment_id']}/label"
    answer = partner.post(path, json={"service": "standard"})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def scan(kind: str, hours: float = 0) -> dict[str, str]:
    """Return a scan of some hours after a day ago, as a carrier tells it."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1) + timedelta(hours=hours)
    return {"kind": kind, "scanned_at": at.isoformat(), "place": "hub"}


def told(
    store_url: str, number: str, *scans: dict[str, str], secret: str = SECRET
) -> httpx.Response:
    """Tell scans as the local carrier does."""
    body = json.dumps({"tracking_number": number, "scans": list(scans)}).encode()
    headers = {
        "X-Signature": sign(secret, body, datetime.now(UTC)),
        "Content-Type": "application/json",
    }
    return plain.post(f"{store_url}/webhooks/carriers/local", content=body, headers=headers)


def delivered(partner: httpx.Client, order_id: str, carrier: str = "store") -> dict[str, Any]:
    """Deliver all that is left of an order by the store's own people."""
    answer = allocated(partner, order_id, carrier)
    assert answer.status_code == 201, answer.text
    path = f"/shipments/{answer.json()['shipment_id']}/scans"
    for kind in ("accepted", "delivered"):
        answer = partner.post(path, json={"kind": kind})
        assert answer.status_code == 200, answer.text
    shipment: dict[str, Any] = answer.json()
    return shipment


def history(client: httpx.Client, order_id: str) -> dict[str, Any]:
    """Return an order's history, which must agree with the order."""
    body: dict[str, Any] = client.get(f"/orders/{order_id}/history").json()
    assert body["changes"][-1]["status"] == body["status"]
    numbers = [change["number"] for change in body["changes"]]
    assert numbers == list(range(1, len(numbers) + 1))
    return body


def whats(client: httpx.Client, order_id: str) -> list[str]:
    """Return what happened to an order, oldest first."""
    return [change["what"] for change in history(client, order_id)["changes"]]
