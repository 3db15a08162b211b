"""The storefront as a partner's program sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import stamina

from deploy.demo.baskets import Basket
from deploy.demo.history import rfc3339
from deploy.demo.identity import event_id
from deploy.demo.signature import sign


class RefusedError(RuntimeError):
    """The storefront refused something that the demo needs; the message is the storefront's."""


class _LaterError(RuntimeError):
    """The storefront asks for the same request again."""


def _passes(error: Exception) -> bool:
    return isinstance(error, (httpx.TransportError, _LaterError))


def _refusal(response: httpx.Response) -> RuntimeError:
    told = f"{response.request.url.path}: {response.status_code} {response.text[:500]}"
    # A request whose answer was lost may still be under way when it is sent again.
    if response.status_code == 503 or '"key_in_flight"' in response.text:
        return _LaterError(told)
    return RefusedError(told)


class Storefront:
    """A partner's client.

    Parameters
    ----------
    url
        Base URL.
    partner_token, webhook_secret
        The partner's credential and the payment provider's key.
    transport
        What carries the requests; by default HTTP.
    """

    def __init__(
        self,
        url: str,
        partner_token: str,
        webhook_secret: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=30.0,
            headers={"Authorization": f"Bearer {partner_token}"},
            transport=transport,
        )
        self._secret = webhook_secret

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @stamina.retry(on=_passes, attempts=8, timeout=60.0)
    async def _post(self, path: str, content: bytes, headers: dict[str, str]) -> Any:
        headers = {"Content-Type": "application/json", **headers}
        response = await self._client.post(path, content=content, headers=headers)
        if response.is_error:
            raise _refusal(response)
        return response.json()

    async def import_products(self, products: Sequence[dict[str, Any]], at_ms: int) -> Any:
        """Create or replace products, which are in stock from then on."""
        headers = {"X-Occurred-At": rfc3339(at_ms)}
        body = json.dumps({"products": products}).encode()
        return await self._post("/catalog/imports", body, headers)

    async def collect(
        self, baskets: Sequence[Basket], arrived: frozenset[str] = frozenset()
    ) -> int:
        """Send the clicks that led to some baskets and return how many were taken.

        Parameters
        ----------
        arrived
            Ids of clicks to leave out: the collector takes a repeat as one more event.
        """
        clicks = (event for basket in baskets for event in click_bodies(basket))
        events = [event for event in clicks if event["id"] not in arrived]
        accepted = 0
        for first in range(0, len(events), 500):
            chunk = events[first : first + 500]
            answer = await self._post("/collect", json.dumps({"events": chunk}).encode(), {})
            if answer["refused"]:
                raise RefusedError(f"POST /collect: {answer['refused'][0]}")
            accepted += answer["accepted"]
        return accepted

    async def order(self, basket: Basket) -> Any:
        """Place an order at the basket's time."""
        headers = {"Idempotency-Key": basket.source_ref, "X-Occurred-At": rfc3339(basket.at_ms)}
        return await self._post("/orders", json.dumps(order_body(basket)).encode(), headers)

    async def refund(self, order_id: str, amount_minor: int, reason: str, at_ms: int) -> Any:
        """Refund a part of an order."""
        headers = {"Idempotency-Key": f"refund/{order_id}", "X-Occurred-At": rfc3339(at_ms)}
        body = {"amount_minor": amount_minor, "reason": reason}
        return await self._post(f"/orders/{order_id}/refunds", json.dumps(body).encode(), headers)

    async def dispute(self, order_id: str, amount_minor: int, reason: str, at_ms: int) -> Any:
        """Report a chargeback, as the payment provider would."""
        identity = UUID(event_id(at_ms, f"dispute/{order_id}"))
        body = json.dumps(
            {
                "dispute_id": str(identity),
                "order_id": order_id,
                "amount_minor": amount_minor,
                "reason": reason,
                "disputed_at": rfc3339(at_ms),
            }
        ).encode()
        header = {"X-Signature": sign(self._secret, body, datetime.now(UTC))}
        return await self._post("/webhooks/disputes", body, header)

    @stamina.retry(on=_passes, attempts=8, timeout=60.0)
    async def recommend(self, subject: str, k: int) -> Any:
        """Return recommendations for a shopper."""
        response = await self._client.get("/recommendations", params={"subject": subject, "k": k})
        if response.is_error:
            raise _refusal(response)
        return response.json()


def click_bodies(basket: Basket) -> list[dict[str, Any]]:
    """Return the clicks that led to a basket, as the collector takes them."""
    bodies = []
    for number, (type_, at_ms, line) in enumerate(basket.clicks()):
        pieces = line.quantity if line.unit == "each" else 1
        data = {
            "session_id": basket.session_id,
            "anonymous_id": basket.subject,
            "device_id": basket.device_id,
            "derived": True,
            "sku": line.sku,
            "price_minor": line.list_minor // max(1, pieces),
        }
        if type_ == "product_added":
            data["quantity"] = line.quantity
        bodies.append(
            {
                "id": event_id(at_ms, f"{number}/{basket.session_id}"),
                "type": type_,
                "occurred_at": rfc3339(at_ms),
                "subject": basket.subject,
                "data": data,
            }
        )
    return bodies


def order_body(basket: Basket) -> dict[str, Any]:
    """Return a basket as the body of `POST /orders`."""
    lines: list[dict[str, Any]] = []
    for line in basket.lines:
        body: dict[str, Any] = {"sku": line.sku, "quantity": line.quantity}
        if basket.stated_money:
            body |= {"list_minor": line.list_minor, "discount_minor": line.discount_minor}
        lines.append(body)
    return {
        "store_id": basket.store_id,
        "channel": basket.channel,
        "currency": "USD",
        "subject": basket.subject,
        "session_id": basket.session_id,
        "device_id": basket.device_id,
        "ip_country": basket.ip_country,
        "source_ref": basket.source_ref,
        "lines": lines,
        "payment": basket.payment(),
        "delivery": basket.delivery(),
    }
