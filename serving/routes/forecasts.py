"""Forecast a product's demand."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from serving.decisions import Decision
from serving.errors import HorizonError, ModelAwayError, UnknownSkuError
from serving.openapi import problems
from serving.services import AskedOf

ROUTE = "/v1/forecasts/{sku}"
HORIZON_MOST = 28
QUANTILES = ("p10", "p50", "p90")

router = APIRouter(tags=["forecasts"])


class DayQuantiles(BaseModel):
    """A day's demand: with probability 0.1, 0.5 and 0.9 it is at most so much."""

    date: date
    p10: float = Field(ge=0)
    p50: float = Field(ge=0)
    p90: float = Field(ge=0)


class ForecastAnswer(BaseModel):
    """A product's demand on the days from `as_of` on."""

    decision_id: UUID
    sku: str
    as_of: date = Field(description="The day after the last one that the model has seen.")
    unit: str = Field(description="What a demand of one means.")
    quantiles: list[DayQuantiles]
    model_version: str


@router.get(
    ROUTE,
    summary="Forecast demand",
    responses=problems(UnknownSkuError, HorizonError, ModelAwayError),
)
async def forecasts(
    asked: AskedOf,
    sku: Annotated[
        str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", examples=["CJ1082185"])
    ],
    horizon: Annotated[int, Query(ge=1, le=HORIZON_MOST, description="Days wanted.")] = 7,
) -> ForecastAnswer:
    """Forecast the units that all stores together sell of a product on each day."""
    model = asked.services.registry.demand.require()
    if horizon > model.scorer.longest_horizon:
        raise HorizonError(
            f"horizon: {horizon} days asked, the model in service looks"
            f" {model.scorer.longest_horizon} ahead"
        )
    forecast = model.scorer.forecast(sku, horizon)
    if forecast is None:
        raise UnknownSkuError(f"sku: {sku!r} had no sales that the model in service was trained on")
    days = [
        DayQuantiles(date=day.date, p10=day.p10, p50=day.p50, p90=day.p90) for day in forecast.days
    ]
    decision = Decision(
        family="demand",
        route=ROUTE,
        started=asked.started,
        trace_id=asked.trace_id,
        model_version=model.version,
        request={"sku": sku, "horizon": horizon},
        scores={f"{day.date}.{name}": getattr(day, name) for day in days for name in QUANTILES},
    )
    asked.services.decisions.record(decision)
    return ForecastAnswer(
        decision_id=decision.decision_id,
        sku=sku,
        as_of=forecast.as_of,
        unit=forecast.unit,
        quantiles=days,
        model_version=decision.model_version,
    )
