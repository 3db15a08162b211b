"""Requests and answers about warehouses."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from storefront_api.events.parts import Country, Sku

WAREHOUSE = r"^[a-z0-9][a-z0-9-]{0,31}$"
WarehouseId = Annotated[str, Field(pattern=WAREHOUSE, examples=["main"])]
WarehousePath = Annotated[str, Path(pattern=WAREHOUSE, examples=["main"])]
AreaPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9 -]{1,16}$", examples=["452"])]
Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees north.")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees east.")]
Reference = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
_MOST = 10**12


class WarehouseIn(BaseModel):
    """What a warehouse is."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")
    country: Country = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    priority: int = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="The lower, the sooner it is sent from where distance does not decide.",
    )
    active: bool = Field(default=True, description="Whether it is sent from.")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        return self


class WarehouseOut(BaseModel):
    """A warehouse."""

    warehouse_id: str
    name: str
    country: str
    latitude: float | None
    longitude: float | None
    priority: int
    active: bool


class WarehousePage(BaseModel):
    """Some warehouses, and where the next page begins."""

    warehouses: list[WarehouseOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class AreaIn(BaseModel):
    """Where the middle of a postal area is."""

    model_config = ConfigDict(extra="forbid")

    latitude: Latitude
    longitude: Longitude


class AreaOut(BaseModel):
    """A postal area and where its middle is."""

    area: str
    latitude: float
    longitude: float


class AreaPage(BaseModel):
    """Some postal areas, and where the next page begins."""

    areas: list[AreaOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class LevelOut(BaseModel):
    """What is in a warehouse of one variant."""

    sku: str
    on_hand: int
    allocated: int = Field(description="Of what is there, what is an order's.")
    free: int


class LevelPage(BaseModel):
    """What is in a warehouse, and where the next page begins."""

    levels: list[LevelOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class Moved(BaseModel):
    """Some of one variant."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(ge=1, le=_MOST, description="In the variant's `unit`.")


class TransferIn(BaseModel):
    """Goods that were moved from one warehouse to another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reference": "truck-2026-118",
                "from_warehouse_id": "main",
                "to_warehouse_id": "north",
                "items": [{"sku": "CJ26190", "quantity": 10}],
            }
        },
    )

    reference: Reference = Field(description="Names the transfer: it is booked once.")
    from_warehouse_id: WarehouseId
    to_warehouse_id: WarehouseId
    items: list[Moved] = Field(min_length=1, max_length=1_000)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.from_warehouse_id == self.to_warehouse_id:
            raise ValueError("to_warehouse_id must be another warehouse")
        return self


class Counted(BaseModel):
    """How much of one variant was found."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    on_hand: int = Field(
        ge=0, le=_MOST, description="In the variant's `unit`, what is allocated included."
    )


class CountIn(BaseModel):
    """What was found in a warehouse by those who counted it."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference = Field(description="Names the count: it is booked once.")
    warehouse_id: WarehouseId
    items: list[Counted] = Field(min_length=1, max_length=1_000)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({item.sku for item in self.items}) < len(self.items):
            raise ValueError("items: a sku may be counted once")
        return self


class PlacedOut(BaseModel):
    """What is in one warehouse of one variant, after a movement."""

    sku: str
    warehouse_id: str
    on_hand: int
    allocated: int


class ShareOut(BaseModel):
    """What a warehouse has for an order's line, or had."""

    line_number: int
    sku: str
    warehouse_id: str
    units: int = Field(description="All that was allocated there and not released.")
    shipped: int = Field(description="Those of them that have left.")
    in_shipments: int = Field(description="Those of them that are in shipments yet to leave.")


class SourceOut(BaseModel):
    """From where units of a shipment are."""

    shipment_id: UUID
    line_number: int
    warehouse_id: str
    units: int


class LineOut(BaseModel):
    """Units of a line that no warehouse has set aside yet."""

    line_number: int
    sku: str
    units: int


class AllocationsOut(BaseModel):
    """Where an order's units are."""

    order_id: UUID
    allocations: list[ShareOut]
    shipments: list[SourceOut]
    waiting: list[LineOut]


class DifferenceOut(BaseModel):
    """A variant of which warehouses do not have what they should."""

    sku: str
    on_hand: int = Field(description="What the store may still sell, or keeps for checkouts.")
    waiting: int = Field(description="What is sold and waits to be allocated.")
    free: int = Field(description="What is free in all warehouses; should be the sum of both.")


class ReconciliationOut(BaseModel):
    """Where stock and warehouses differ; empty if nothing is wrong."""

    differences: list[DifferenceOut] = Field(max_length=1_000)
