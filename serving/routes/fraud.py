"""Score an order before it is placed."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.features import ORDER_FRAUD, request_features
from models.features.online import decode_batch
from serving.decisions import Decision
from serving.errors import ModelAwayError
from serving.features import FeaturesAwayError, OrderHistory, OrderKeys
from serving.openapi import problems
from serving.services import AskedOf
from storefront_api.events.envelope import Timestamp
from storefront_api.events.parts import Country, Currency, Minor, Pseudonym

ROUTE = "/v1/fraud/score"
FEATURES_AWAY = "features_away"
UNTOLD = {"device_id", "payment_fingerprint", "payment_country", "ip_country"}
"""What of a request no decision keeps: it is personal, and the order of that id has it, sealed."""

router = APIRouter(tags=["fraud"])


class FraudRequest(BaseModel):
    """An order that is about to be placed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: UUID
    subject: Pseudonym = Field(description="The shopper; empty for a guest.")
    occurred_at: Timestamp = Field(description="Features are as of just before this instant.")
    currency: Currency
    amount_minor: Minor
    line_count: int = Field(ge=1, le=500)
    units: int = Field(ge=0, le=10_000_000, description="Weighed goods count as 1 a line.")
    max_line_minor: Minor
    device_id: Pseudonym
    payment_fingerprint: Pseudonym
    payment_country: Country
    ip_country: Country

    @model_validator(mode="after")
    def _line_within_order(self) -> Self:
        if self.max_line_minor > self.amount_minor:
            raise ValueError("max_line_minor must not exceed amount_minor")
        return self


class FraudAnswer(BaseModel):
    """How likely an order is fraudulent, and what to do with it."""

    decision_id: UUID
    score: float = Field(ge=0, le=1, description="Probability of a fraud chargeback.")
    action: Literal["allow", "review"]
    reasons: list[str] = Field(description="What weighed most, strongest first.")
    model_version: str
    fallback: str = Field(
        description="features_away when the shopper's history could not be read: the score then"
        " rests on the order alone and the action is always review."
    )


EXAMPLE = {
    "order_id": "0160a2b4-5c00-7000-8000-0000000000a0",
    "subject": "s-4c1f0a",
    "occurred_at": "2017-12-30T08:00:00.123Z",
    "currency": "USD",
    "amount_minor": 547,
    "line_count": 2,
    "units": 3,
    "max_line_minor": 348,
    "device_id": "d-9",
    "payment_fingerprint": "c-51ab",
    "payment_country": "US",
    "ip_country": "US",
}


@router.post(ROUTE, summary="Score an order", responses=problems(ModelAwayError))
async def score(
    order: Annotated[
        FraudRequest, Body(openapi_examples={"order": {"summary": "An order", "value": EXAMPLE}})
    ],
    asked: AskedOf,
) -> FraudAnswer:
    """Score an order on its own fields and on the shopper's, card's and device's history.

    Without a model in service the answer is 503: nobody scored the order, and the store records
    it as unscored. Without the online store the answer is 200 with action review.
    """
    services = asked.services
    model = services.registry.fraud.require()
    fallback = ""
    try:
        history = await services.features.of_order(
            OrderKeys(order.occurred_at, order.subject, order.payment_fingerprint, order.device_id)
        )
    except FeaturesAwayError:
        fallback, history = FEATURES_AWAY, OrderHistory(*decode_batch({}), stream={})
    features = features_of(order, history)
    scored = model.scorer.score(features)
    decision = Decision(
        family="fraud",
        route=ROUTE,
        started=asked.started,
        trace_id=asked.trace_id,
        subject=order.subject,
        occurred_at=order.occurred_at,
        model_version=model.version,
        fallback=fallback,
        request=order.model_dump(mode="json", exclude=UNTOLD),
        features=features,
        scores={"fraud": scored.score},
        reasons=(*scored.reasons, *_caveats(order, history, fallback)),
    )
    services.decisions.record(decision)
    return FraudAnswer(
        decision_id=decision.decision_id,
        score=scored.score,
        action="review" if fallback else scored.action,
        reasons=list(decision.reasons),
        model_version=decision.model_version,
        fallback=fallback,
    )


def features_of(order: FraudRequest, history: OrderHistory) -> dict[str, float | None]:
    """Return every feature of the view, defaults filled in, as a training row has them."""
    values = {
        **request_features(
            amount_minor=order.amount_minor,
            line_count=order.line_count,
            units=order.units,
            max_line_minor=order.max_line_minor,
            occurred_at=order.occurred_at,
            ip_country=order.ip_country,
            payment_country=order.payment_country,
            batch=history.batch,
        ),
        **history.stream,
        **history.batch,
    }
    return {
        feature.name: feature.default if (value := values.get(feature.name)) is None else value
        for feature in ORDER_FRAUD.features
    }


def _caveats(order: FraudRequest, history: OrderHistory, fallback: str) -> tuple[str, ...]:
    """Return what limits a score: history that is unreadable, missing, or of an earlier day."""
    if fallback:
        return ("the shopper's history could not be read",)
    day = order.occurred_at.date()
    if history.batch_as_of is None:
        return ("no history of the shopper is published",)
    if history.batch_as_of < day:
        return (f"the shopper's history is as of {history.batch_as_of}",)
    return ()
