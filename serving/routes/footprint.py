"""Compute an order's carbon footprint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.carbon.compute import UG_PER_KG, Emission
from models.carbon.score import UnknownNameError
from serving.decisions import Decision
from serving.errors import ModelAwayError, NoFactorError
from serving.openapi import problems
from serving.services import AskedOf
from storefront_api.events.parts import DeliveryMode, Packaging, Sku

ROUTE = "/v1/footprint"
PARTS = ("product", "packaging", "transport", "warehouse", "end_of_life")

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
    open_order: list[Line] = Field(
        default=[],
        max_length=500,
        description="Lines of an order that was not sent yet and that this one could go with.",
    )


class Part(BaseModel):
    """A quantity times one factor."""

    part: str = Field(description="product, packaging, transport, warehouse or end_of_life.")
    leg: str = Field(description="line_haul or last_mile; empty if it is no way.")
    stage: str = Field(
        description="ttw in the vehicle or as generated, wtt from well to tank, rf what radiative "
        "forcing adds to a flight; empty where the factor has no stages."
    )
    quantity: float
    unit: str
    factor_id: str
    method: str = Field(description="How the quantity is known, or what the factor stands for.")
    kg: float
    low_kg: float = Field(description="Lower end of the 95 % interval.")
    high_kg: float = Field(description="Upper end of the 95 % interval.")


class Alternative(BaseModel):
    """The same goods with one thing changed."""

    changed: Literal["packaging", "delivery_mode", "consolidation"]
    packaging: str
    delivery_mode: str
    total_kg: float
    low_kg: float
    high_kg: float
    saved_kg: float = Field(description="Less than as asked for; negative if it is more.")
    note: str = Field(description="Why it cannot be compared; empty if it can.")
    parts: list[Part] = Field(description="But for the goods, which are the same.")


class FootprintAnswer(BaseModel):
    """Emissions in kg of CO2 equivalents."""

    decision_id: UUID
    product_kg: float
    packaging_kg: float
    transport_kg: float
    warehouse_kg: float
    end_of_life_kg: float
    total_kg: float
    low_kg: float = Field(description="Sum of the parts' lower ends.")
    high_kg: float = Field(description="Sum of the parts' upper ends.")
    parts: list[Part] = Field(description="What the total is the sum of.")
    alternatives: list[Alternative] = Field(description="The least first.")
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
    """Compute what an order emits, part by part, and what it would with one thing changed."""
    model = asked.services.registry.carbon.require()
    try:
        result = model.scorer.footprint(
            lines=order.lines,
            packaging=order.packaging,
            delivery_mode=order.delivery_mode,
            distance_km=order.distance_km,
        )
        others = model.scorer.alternatives(
            lines=order.lines,
            packaging=order.packaging,
            delivery_mode=order.delivery_mode,
            distance_km=order.distance_km,
            open_order=order.open_order,
        )
    except UnknownNameError as error:
        raise NoFactorError(str(error)) from error
    scores = {f"{part}_kg": result.kg(part) for part in PARTS}
    totals = {"total_kg": result.kg(), "low_kg": result.low_kg, "high_kg": result.high_kg}
    decision = Decision(
        family="carbon",
        route=ROUTE,
        started=asked.started,
        trace_id=asked.trace_id,
        model_version=model.version,
        request=order.model_dump(mode="json"),
        scores={**scores, **totals, "coverage": result.coverage},
        reasons=tuple(result.reasons)[:50],
    )
    asked.services.decisions.record(decision)
    return FootprintAnswer(
        decision_id=decision.decision_id,
        **scores,
        **totals,
        parts=_parts(result.emissions),
        alternatives=[
            Alternative(
                changed=other.changed,
                packaging=other.packaging,
                delivery_mode=other.delivery_mode,
                total_kg=other.footprint.kg(),
                low_kg=other.footprint.low_kg,
                high_kg=other.footprint.high_kg,
                saved_kg=other.saved_ug / UG_PER_KG,
                note=other.note,
                parts=_parts(e for e in other.footprint.emissions if e.part != "product"),
            )
            for other in others
        ],
        coverage=result.coverage,
        factor_set_version=result.factor_set_version,
        reasons=list(result.reasons),
        model_version=decision.model_version,
    )


def _parts(emissions: Iterable[Emission]) -> list[Part]:
    return [
        Part(
            part=one.part,
            leg=one.leg,
            stage=one.stage,
            quantity=one.quantity,
            unit=one.unit,
            factor_id=one.factor_id,
            method=one.method,
            kg=one.co2e_ug / UG_PER_KG,
            low_kg=one.low_ug / UG_PER_KG,
            high_kg=one.high_ug / UG_PER_KG,
        )
        for one in emissions
    ]
