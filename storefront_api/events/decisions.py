"""What a model answered, and why: published by serving, joined later to the outcome."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict


class DecisionV1(Strict):
    """One answer of one model, complete enough to explain and replay it."""

    decision_id: UUID
    family: Literal["recommend", "fraud", "demand", "carbon"]
    route: str = Field(max_length=120)
    model_version: str = Field(max_length=120, description="Empty when a fallback answered.")
    fallback: str = Field(max_length=64, description="The fallback that answered; empty if none.")
    experiment: str = Field(default="", max_length=64)
    arm: str = Field(default="", max_length=64)
    propensity: float | None = Field(default=None, gt=0, le=1)
    request: dict[str, Any]
    features: dict[str, float | None]
    scores: dict[str, float]
    reasons: list[str] = Field(max_length=50)
    latency_ms: float = Field(ge=0)


class DecisionMadeV1(Event):
    """A model answered a request."""

    type: Literal["decision_made"] = "decision_made"
    version: Literal[1] = 1
    data: DecisionV1
