"""What the inventory module publishes."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Country, Sku


class MovementV1(Strict):
    """One entry of the stock ledger and the stock after it."""

    sku: Sku
    delta: int
    on_hand: int = Field(ge=0)


class StockV1(Strict):
    """Movements that happened together, for one reason."""

    reason: Literal["order", "receipt", "adjustment", "return"]
    reference: str = Field(max_length=64, description="The order or receipt that caused it.")
    movements: list[MovementV1] = Field(min_length=1, max_length=1000)


class StockChangedV1(Event):
    """Stock moved."""

    type: Literal["stock_changed"] = "stock_changed"
    version: Literal[1] = 1
    data: StockV1


class ReservedV1(Strict):
    """A part of a reservation, and what everybody else may still buy."""

    sku: Sku
    quantity: int = Field(ge=1)
    available: int = Field(ge=0)


class ReservationV1(Strict):
    """Stock that is kept for one checkout."""

    reservation_id: UUID = Field(description="The checkout.")
    items: list[ReservedV1] = Field(min_length=1, max_length=500)


class StockReservedV1(Event):
    """Stock is kept for a checkout."""

    type: Literal["stock_reserved"] = "stock_reserved"
    version: Literal[1] = 1
    data: ReservationV1


class StockReleasedV1(Event):
    """Stock is free again, since the checkout that it was kept for ended without an order."""

    type: Literal["stock_released"] = "stock_released"
    version: Literal[1] = 1
    data: ReservationV1


class ThresholdV1(Strict):
    """Stock that has fallen to its vendor's threshold."""

    sku: Sku
    vendor_id: str = Field(min_length=1, max_length=64)
    on_hand: int = Field(ge=0)
    threshold: int = Field(ge=0)
    crossing: int = Field(ge=1, description="How often it has fallen so far; each is told once.")


class LowStockV1(Event):
    """Stock has fallen to its threshold, or below it."""

    type: Literal["low_stock"] = "low_stock"
    version: Literal[1] = 1
    data: ThresholdV1


WarehouseId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class WarehouseMovementV1(Strict):
    """One entry of the warehouses' ledger, and what is there after it."""

    sku: Sku
    warehouse_id: WarehouseId
    on_hand_delta: int
    allocated_delta: int
    on_hand: int = Field(ge=0)
    allocated: int = Field(ge=0, description="Of what is there, what is an order's.")


class WarehouseStockV1(Strict):
    """Movements in warehouses that happened together, for one reason."""

    reason: Literal["receipt", "shipment", "return", "adjustment"]
    reference: str = Field(
        max_length=64, description="The receipt, count, order or shipment that caused it."
    )
    movements: list[WarehouseMovementV1] = Field(min_length=1, max_length=1000)


class WarehouseStockChangedV1(Event):
    """Goods came into warehouses, left them, or were counted there."""

    type: Literal["warehouse_stock_changed"] = "warehouse_stock_changed"
    version: Literal[1] = 1
    data: WarehouseStockV1


class AllocatedV1(Strict):
    """Units of an order's line in one warehouse."""

    line_number: int = Field(ge=1)
    sku: Sku
    warehouse_id: WarehouseId
    units: int = Field(ge=1)


class AllocationV1(Strict):
    """What of an order is set aside, or set free, in warehouses."""

    order_id: UUID
    lines: list[AllocatedV1] = Field(min_length=1, max_length=10_000)


class StockAllocatedV1(Event):
    """Units that an order has bought are set aside in warehouses."""

    type: Literal["stock_allocated"] = "stock_allocated"
    version: Literal[1] = 1
    data: AllocationV1


class StockDeallocatedV1(Event):
    """Units that were set aside for an order are free again in their warehouses."""

    type: Literal["stock_deallocated"] = "stock_deallocated"
    version: Literal[1] = 1
    data: AllocationV1


class TransferredV1(Strict):
    """What was moved of one variant, and what is there after it."""

    sku: Sku
    quantity: int = Field(ge=1)
    from_on_hand: int = Field(ge=0)
    to_on_hand: int = Field(ge=0)


class TransferV1(Strict):
    """Goods that moved from one warehouse to another."""

    reference: str = Field(min_length=1, max_length=64)
    from_warehouse_id: WarehouseId
    to_warehouse_id: WarehouseId
    items: list[TransferredV1] = Field(min_length=1, max_length=1000)


class StockTransferredV1(Event):
    """Goods moved between warehouses; the store has neither more nor less of them."""

    type: Literal["stock_transferred"] = "stock_transferred"
    version: Literal[1] = 1
    data: TransferV1


class WarehouseV1(Strict):
    """A warehouse."""

    warehouse_id: WarehouseId
    name: str = Field(min_length=1, max_length=200)
    country: Country
    latitude: float | None = Field(ge=-90, le=90, description="Degrees north; null if unknown.")
    longitude: float | None = Field(ge=-180, le=180, description="Degrees east; null if unknown.")
    priority: int = Field(ge=0, description="The lower, the sooner it is sent from.")
    active: bool = Field(description="Whether it is sent from at all.")


class WarehouseChangedV1(Event):
    """A warehouse is new, or not what it was."""

    type: Literal["warehouse_changed"] = "warehouse_changed"
    version: Literal[1] = 1
    data: WarehouseV1
