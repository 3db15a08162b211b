"""Requests and answers about a vendor's stock."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.platform.model_endpoint import Forecast

Mode = Literal["count", "delta"]


class StockFileOut(BaseModel):
    """What became of a file."""

    mode: Mode
    rows: int
    changed: int = Field(description="Variants whose stock moved.")
    replayed: bool = Field(description="Whether it was applied before, and changed nothing now.")


class ThresholdIn(BaseModel):
    """When stock is low."""

    model_config = ConfigDict(extra="forbid")

    threshold: int = Field(ge=0, le=10**12, description="In the variant's `unit`.")


class ThresholdOut(BaseModel):
    """A threshold and whether stock is at it or below."""

    sku: str
    threshold: int
    on_hand: int
    low: bool = Field(description="Whether the latest fall to the threshold was told.")
    crossings: int = Field(description="How often it fell to the threshold.")


class ThresholdPage(BaseModel):
    """Some thresholds, and where the next page begins."""

    thresholds: list[ThresholdOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class StockForecastOut(BaseModel):
    """A variant's stock beside what is expected to be bought of it."""

    sku: str
    on_hand: int
    available: int = Field(description="What is not kept for checkouts.")
    threshold: int | None = Field(description="When stock is low; null if it was not said.")
    forecast: Forecast | None = Field(description="Null if there is none; `reason` says why.")
    reason: Literal["", "model_away", "too_few_sales"] = Field(
        description="`model_away`: ask again later. `too_few_sales`: the model knows none of it."
    )
