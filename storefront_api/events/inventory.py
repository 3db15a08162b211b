"""What the inventory module publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Sku


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
