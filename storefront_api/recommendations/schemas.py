"""Answers of the recommendations."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Recommended(BaseModel):
    """One recommended variant."""

    sku: str
    product_id: str
    name: str
    currency: str
    list_price_minor: int


class SlateOut(BaseModel):
    """Recommended variants, best first."""

    items: list[Recommended]
    source: str = Field(description="`model`, or `popular` when the model endpoint was away.")
    slate_id: str = Field(description="The decision that chose them; send it with clicks on them.")
