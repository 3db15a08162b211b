"""The model endpoint, with a deadline after which the store goes on alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import httpx
import structlog

from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Unit
from storefront_api.orders.schemas import OrderIn
from storefront_api.platform import metrics

log = structlog.get_logger()


@dataclass(frozen=True)
class Risk:
    """What the fraud model said of an order."""

    action: Literal["allow", "review", "unscored"]
    decision_id: str


@dataclass(frozen=True)
class Slate:
    """Recommended products, best first, and the decision that chose them."""

    skus: tuple[str, ...]
    decision_id: str


class ModelEndpoint:
    """Client of serving.

    Parameters
    ----------
    url
        Its base URL.
    timeout_s
        After this long, or on any fault, there is no answer.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
        )

    async def score(
        self,
        order_id: UUID,
        subject: str,
        at: datetime,
        wanted: OrderIn,
        lines: Sequence[OrderLineV1],
    ) -> Risk:
        """Return the fraud model's answer for an order that is about to be placed."""
        question = {
            "order_id": str(order_id),
            "subject": subject,
            "occurred_at": at.isoformat(),
            "currency": wanted.currency,
            "amount_minor": sum(line.total_minor for line in lines),
            "line_count": len(lines),
            "units": sum(1 if line.unit is Unit.MILLI else line.quantity for line in lines),
            "max_line_minor": max(line.total_minor for line in lines),
            "device_id": wanted.device_id,
            "payment_fingerprint": wanted.payment.fingerprint,
            "payment_country": wanted.payment.country,
            "ip_country": wanted.ip_country,
        }
        answer = await self._ask("fraud", "POST", "/v1/fraud/score", json=question)
        if answer is None or answer.get("action") not in ("allow", "review"):
            return Risk("unscored", "")
        return Risk(answer["action"], str(answer["decision_id"]))

    async def recommend(self, subject: str, k: int, context: Sequence[str]) -> Slate | None:
        """Return recommended products, or None if there is no answer."""
        parameters = {"subject": subject, "k": k, "context": ",".join(context)}
        answer = await self._ask("recommendations", "GET", "/v1/recommendations", params=parameters)
        if answer is None or not answer.get("slate"):
            return None
        skus = tuple(str(item["sku"]) for item in answer["slate"])
        return Slate(skus, str(answer["decision_id"]))

    async def _ask(self, what: str, method: str, path: str, **request: Any) -> Any:
        try:
            response = await self._client.request(method, path, **request)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            metrics.DEGRADED.labels(what).inc()
            log.info("going on without the model endpoint", what=what, error=repr(error))
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
