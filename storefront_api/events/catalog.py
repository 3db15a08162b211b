"""What the catalogue publishes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Sku, Unit


class ProductV1(Strict):
    """A product variant as it is offered; the whole state, not a change."""

    sku: Sku
    product_id: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=300)
    vendor_id: str = Field(max_length=64)
    brand: str = Field(max_length=120)
    department: str = Field(max_length=120)
    category: str = Field(max_length=120, description="Empty when the source states none.")
    product_type: str = Field(max_length=120)
    package_size: str = Field(max_length=60, description="As printed, for example '22 LB'.")
    mass_grams: int | None = Field(
        ge=0, le=10**9, description="Net mass of one unit; null when unknown."
    )
    unit: Unit
    currency: Currency
    list_price_minor: Minor


class ProductCreatedV1(Event):
    """A product variant entered the catalogue."""

    type: Literal["product_created"] = "product_created"
    version: Literal[1] = 1
    data: ProductV1


class ProductUpdatedV1(Event):
    """A product variant changed; carries its whole new state."""

    type: Literal["product_updated"] = "product_updated"
    version: Literal[1] = 1
    data: ProductV1
