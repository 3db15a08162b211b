"""Compute an order's carbon footprint."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.carbon.score import UnknownNameError
from serving.decisions import Decision
from serving.errors import ModelAwayError, NoFactorError
from serving.openapi import problems
from serving.services import AskedOf
from storefront_api.events.parts import DeliveryMode, Packaging, Sku

ROUTE = "/v1/footprint"

router = APIRouter(tags=["footprint"])


class Line(BaseModel):
    """A line of an order: a product, or a category and a mass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: Sku | None = None
    category: str | None = Field(default=None, min_length=1, max_length=120)
    mass_grams: float | None = Field(
        default=None, gt=0, le=1_000_000, description="Of one piece; the product's own if absent."
    )
    quantity: float = Field(gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _names_a_product(self) -> Self:
        if self.sku is None and self.category is None:
            raise ValueError("a line needs sku or category")
        return self


class FootprintRequest(BaseModel):
    """An order, as far as its footprint needs it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: list[Line] = Field(min_length=1, max_length=500)
    packaging: Packaging
    delivery_mode: DeliveryMode
    distance_km: float = Field(ge=0, le=20_100, description="One way, along the road.")


class FootprintAnswer(BaseModel):
    """Emissions in kg of CO2 equivalents."""

    decision_id: UUID
    product_kg: float
    packaging_kg: float
    transport_kg: float
    total_kg: float
    coverage: float = Field(
        ge=0, le=1, description="Share of the list price whose line has a mass and a factor."
    )
    factor_set_version: str
    reasons: list[str] = Field(description="The assumptions that were made.")
    model_version: str


EXAMPLE = {
    "lines": [
        {"sku": "CJ1082185", "quantity": 2},
        {"category": "BEEF", "mass_grams": 500, "quantity": 1},
    ],
    "packaging": "paper_bag",
    "delivery_mode": "van",
    "distance_km": 6.4,
}


@router.post(
    ROUTE, summary="Compute a footprint", responses=problems(NoFactorError, ModelAwayError)
)
async def footprint(
    order: Annotated[
        FootprintRequest,
        Body(openapi_examples={"order": {"summary": "An order", "value": EXAMPLE}}),
    ],
    asked: AskedOf,
) -> FootprintAnswer:
    """Compute what an order emits: its goods, their packaging and their way to the shopper."""
    model = asked.services.registry.carbon.require()
    try:
        result = model.scorer.footprint(
            lines=order.lines,
            packaging=order.packaging,
            delivery_mode=order.delivery_mode,
            distance_km=order.distance_km,
        )
    except UnknownNameError as error:
        raise NoFactorError(str(error)) from error
    decision = Decision(
        family="carbon",
        route=ROUTE,
        started=asked.started,
        trace_id=asked.trace_id,
        model_version=model.version,
        request=order.model_dump(mode="json"),
        scores={
            "product_kg": result.product_kg,
            "packaging_kg": result.packaging_kg,
            "transport_kg": result.transport_kg,
            "total_kg": result.total_kg,
            "coverage": result.coverage,
        },
        reasons=tuple(result.reasons)[:50],
    )
    asked.services.decisions.record(decision)
    return FootprintAnswer(
        decision_id=decision.decision_id,
        product_kg=result.product_kg,
        packaging_kg=result.packaging_kg,
        transport_kg=result.transport_kg,
        total_kg=result.total_kg,
        coverage=result.coverage,
        factor_set_version=result.factor_set_version,
        reasons=list(result.reasons),
        model_version=decision.model_version,
    )
