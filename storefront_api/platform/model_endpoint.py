"""The model endpoint, with a deadline after which the store goes on alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import quote
from uuid import UUID

import aiohttp
import structlog
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import BaseModel, Field

from storefront_api.events.orders import OrderV3
from storefront_api.events.parts import Unit
from storefront_api.platform import metrics
from storefront_api.platform.tracing import span, traceparent

log = structlog.get_logger()

CONNECTIONS = 32
KEEP_ALIVE_S = 60
"""Less than serving's own, which would otherwise close a connection under a request."""


class _Score(BaseModel):
    decision_id: UUID
    action: Literal["allow", "review"]


class _Item(BaseModel):
    sku: str


class _Slate(BaseModel):
    decision_id: UUID
    slate: list[_Item]


class DayQuantiles(BaseModel):
    """A day's demand: with probability 0.1, 0.5 and 0.9 it is at most so much."""

    date: date
    p10: float = Field(ge=0)
    p50: float = Field(ge=0)
    p90: float = Field(ge=0)


class Forecast(BaseModel):
    """A variant's demand on the days from `as_of` on."""

    as_of: date = Field(description="The day after the last one that the model has seen.")
    unit: str = Field(description="What a demand of one means.")
    quantiles: list[DayQuantiles]
    model_version: str


_Answer = TypeVar("_Answer", bound=BaseModel)


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


class UnknownVariantError(Exception):
    """Permanent: the model in service knows no such variant."""


class ModelEndpoint:
    """Client of serving.

    It is aiohttp's and not httpx's: a call that is given up must give its connection back, and
    httpcore's pool keeps some of them for good (its issue 1093), until nothing is answered.

    Parameters
    ----------
    url
        Its base URL.
    timeout_s
        After this long, or on any fault, there is no answer.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._client = aiohttp.ClientSession(
            url,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
        )

    async def score(self, order: OrderV3, subject: str, at: datetime) -> Risk:
        """Return the fraud model's answer for an order that is about to be placed."""
        question = {
            "order_id": str(order.order_id),
            "subject": subject,
            "occurred_at": at.isoformat(),
            "currency": order.currency,
            "amount_minor": order.total_minor,
            "line_count": len(order.lines),
            "units": sum(1 if line.unit is Unit.MILLI else line.quantity for line in order.lines),
            "max_line_minor": max(line.total_minor for line in order.lines),
            "device_id": order.device_id,
            "payment_fingerprint": order.payment.fingerprint,
            "payment_country": order.payment.country,
            "ip_country": order.ip_country,
        }
        answer = await self._ask(_Score, "fraud", "POST", "/v1/fraud/score", json=question)
        if answer is None:
            return Risk("unscored", "")
        return Risk(answer.action, str(answer.decision_id))

    async def recommend(self, subject: str, k: int, context: Sequence[str]) -> Slate | None:
        """Return recommended products, or None if there is no answer."""
        parameters = {"subject": subject, "k": k, "context": ",".join(context)}
        path = "/v1/recommendations"
        answer = await self._ask(_Slate, "recommendations", "GET", path, params=parameters)
        if answer is None or not answer.slate:
            return None
        return Slate(tuple(item.sku for item in answer.slate), str(answer.decision_id))

    async def forecast(self, sku: str, days: int) -> Forecast | None:
        """Return the forecast of a variant's demand, or None if there is no answer.

        Raises
        ------
        UnknownVariantError
            If the model says that it knows no such variant.
        """
        path = f"/v1/forecasts/{quote(sku, safe='')}"
        parameters = {"horizon": days}
        return await self._ask(
            Forecast, "forecast", "GET", path, "/v1/forecasts/{sku}", params=parameters
        )

    async def _ask(
        self,
        kind: type[_Answer],
        what: str,
        method: str,
        path: str,
        route: str = "",
        **request: Any,
    ) -> _Answer | None:
        with span(f"{method} {route or path}", SpanKind.CLIENT) as begun:
            headers = {"traceparent": traceparent()}
            try:
                async with self._client.request(
                    method, path, headers=headers, **request
                ) as response:
                    if route and response.status == HTTPStatus.NOT_FOUND:
                        raise UnknownVariantError(path)
                    response.raise_for_status()
                    return kind.model_validate_json(await response.read())
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                # The class alone: their messages hold whole URLs and what was answered.
                name, status = type(error).__name__, getattr(error, "status", None)
                begun.set_status(StatusCode.ERROR, name)
                metrics.DEGRADED.labels(what).inc()
                log.info(
                    "going on without the model endpoint", what=what, error=name, status=status
                )
                return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
