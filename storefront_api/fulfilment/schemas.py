"""Requests and answers of the fulfilment."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storefront_api.events.fulfilment import ShipmentStatus, ShippedLineV1
from storefront_api.events.parts import Packaging
from storefront_api.inventory.warehouse_schemas import WarehouseId
from storefront_api.orders.status import SCANNED, OrderStatus
from storefront_api.platform.requests import Instant

CancelReason = Literal["shopper", "out_of_stock", "fraud", "other"]


class AllocatedLine(BaseModel):
    """Units of an order's line."""

    model_config = ConfigDict(extra="forbid")

    line_number: int = Field(ge=1, le=500)
    quantity: int = Field(ge=1, le=10**9, description="In the variant's unit.")


class ShipmentIn(BaseModel):
    """A shipment to make; a line may be sent in parts."""

    model_config = ConfigDict(extra="forbid")

    carrier: str = Field(min_length=1, max_length=32)
    lines: list[AllocatedLine] = Field(
        default=[], max_length=500, description="Empty for all that is left of the order."
    )
    warehouse_id: WarehouseId | Literal[""] = Field(
        default="", description="From where alone; empty for wherever it is."
    )

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[AllocatedLine]) -> list[AllocatedLine]:
        if len({line.line_number for line in lines}) < len(lines):
            raise ValueError("a line may be given once")
        return lines


class PackIn(BaseModel):
    """What a shipment was packed in."""

    model_config = ConfigDict(extra="forbid")

    packaging: Packaging
    mass_grams: int = Field(ge=1, le=10**6, description="Of the parcel, packaging included.")


class LabelIn(BaseModel):
    """Which of the carrier's services to buy."""

    model_config = ConfigDict(extra="forbid")

    service: str = Field(min_length=1, max_length=32)


class ScanIn(BaseModel):
    """A scan by the store itself."""

    model_config = ConfigDict(extra="forbid")

    kind: ShipmentStatus = Field(examples=[ShipmentStatus.ACCEPTED])
    scanned_at: Instant | None = Field(default=None, description="Now, unless it is stated.")
    place: str = Field(default="", max_length=64, pattern=r"^[^\x00]*$")

    @field_validator("kind")
    @classmethod
    def _is_scanned(cls, kind: ShipmentStatus) -> ShipmentStatus:
        if kind not in SCANNED:
            raise ValueError(f"must be one of {', '.join(sorted(SCANNED))}")
        return kind


class ScanOut(BaseModel):
    """A scan of a shipment."""

    kind: ShipmentStatus
    scanned_at: datetime


class ShipmentOut(BaseModel):
    """A shipment; its status follows from its scans."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    status: ShipmentStatus
    lines: list[ShippedLineV1]
    packaging: str = Field(description="Empty before it is packed.")
    tracking_number: str = Field(description="Empty before there is a label.")
    scans: list[ScanOut] = Field(description="In the order of their time, not of their arrival.")


class RateOut(BaseModel):
    """What a carrier asks."""

    service: str
    price_minor: int
    currency: str
    days: int


class ScansTaken(BaseModel):
    """What became of a carrier's notice."""

    shipments: int = Field(description="Of the store's that it was about.")


class CancelIn(BaseModel):
    """Why an order is cancelled; all but `shopper` is for staff."""

    model_config = ConfigDict(extra="forbid")

    reason: CancelReason = "shopper"


class CancelledOut(BaseModel):
    """A cancelled order."""

    order_id: UUID
    status: OrderStatus
    refunded_minor: int = Field(description="By the cancellation, fees included.")
    tax_minor: int | None = Field(
        description="Part of what the goods' refund gives back that is value added tax; null where "
        "nothing was given back or the order's is not known."
    )


class PackagingOption(BaseModel):
    """What an order may be packed in, for each piece that it takes."""

    packaging: Packaging
    version: int
    name: str
    material: str
    currency: str
    price_minor: int
    deposit_minor: int = Field(description="Given back when it comes back.")
    mass_grams: int
    capacity_grams: int = Field(description="Goods for which one piece is enough.")
    trips: int = Field(description="Uses that share the footprint of making it.")
    kg_co2e_per_use: float
    factor_source: str
    factor_row: str = Field(description="Row of the source that the footprint follows from.")


class PackagingOptions(BaseModel):
    """The packaging on offer in one currency."""

    options: list[PackagingOption]


class DepositIn(BaseModel):
    """Reusable packaging that came back."""

    model_config = ConfigDict(extra="forbid")

    pieces: int = Field(ge=1, le=10_000)


class DepositOut(BaseModel):
    """A deposit that was given back."""

    order_id: UUID
    refund_id: UUID
    pieces: int
    amount_minor: int
    pieces_out: int = Field(description="That the shopper still has.")
