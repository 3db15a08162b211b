"""What the inventory module publishes."""

from __future__ import annotations

from typing import Literal

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
