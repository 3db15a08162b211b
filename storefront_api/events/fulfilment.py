"""What the fulfilment module publishes."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Packaging, Sku


class ShipmentStatus(StrEnum):
    """How far a shipment is; those from `announced` on are what a carrier scans."""

    ALLOCATED = "allocated"
    """Order lines are set aside for it."""
    PACKED = "packed"
    ANNOUNCED = "announced"
    """The carrier knows of it, and does not have it."""
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    SENT_BACK = "sent_back"
    """It could not be delivered and is back with the sender."""
    VOIDED = "voided"
    """Given up before the carrier had it."""


class ShippedLineV1(Strict):
    """A part of an order's line."""

    line_number: int = Field(ge=1)
    sku: Sku
    quantity: int = Field(ge=1, description="In the variant's unit.")


class ShipmentV1(Strict):
    """Parts of an order that travel together."""

    shipment_id: UUID
    order_id: UUID
    carrier: str = Field(min_length=1, max_length=32)
    lines: list[ShippedLineV1] = Field(min_length=1, max_length=500)


class ShipmentCreatedV1(Event):
    """Parts of an order were set aside to be sent together."""

    type: Literal["shipment_created"] = "shipment_created"
    version: Literal[1] = 1
    data: ShipmentV1


class ShipmentChangeV1(Strict):
    """What a shipment was and is."""

    shipment_id: UUID
    order_id: UUID
    carrier: str = Field(min_length=1, max_length=32)
    before: ShipmentStatus
    status: ShipmentStatus


class ShipmentStatusChangedV1(Event):
    """A shipment got further; it occurred when it was scanned, not when that was told."""

    type: Literal["shipment_status_changed"] = "shipment_status_changed"
    version: Literal[1] = 1
    data: ShipmentChangeV1


class DeliveredShipmentV1(Strict):
    """A shipment at its goal."""

    shipment_id: UUID
    order_id: UUID
    carrier: str = Field(min_length=1, max_length=32)
    seconds_since_order: int = Field(description="From the order to the scan at the door.")


class ShipmentDeliveredV1(Event):
    """A shipment was handed over."""

    type: Literal["shipment_delivered"] = "shipment_delivered"
    version: Literal[1] = 1
    data: DeliveredShipmentV1


class ChosenPackagingV1(Strict):
    """What an order is packed in, what that costs and weighs on the climate."""

    order_id: UUID
    packaging: Packaging
    option_version: int = Field(ge=1)
    pieces: int = Field(ge=1)
    currency: Currency
    price_minor: Minor = Field(description="Of all pieces, paid beside the order's total.")
    deposit_minor: Minor = Field(description="Of all pieces, given back when they come back.")
    kg_co2e: float = Field(ge=0, description="Of this use, all pieces together.")


class PackagingChosenV1(Event):
    """A shopper bought an order in this packaging."""

    type: Literal["packaging_chosen"] = "packaging_chosen"
    version: Literal[1] = 1
    data: ChosenPackagingV1


class ReturnedDepositV1(Strict):
    """Reusable packaging that came back."""

    order_id: UUID
    packaging: Packaging
    pieces: int = Field(ge=1)
    refund_id: UUID
    currency: Currency
    amount_minor: Minor


class DepositReturnedV1(Event):
    """A deposit was given back; this is no part of an order's refunds."""

    type: Literal["deposit_returned"] = "deposit_returned"
    version: Literal[1] = 1
    data: ReturnedDepositV1
