"""Requests and answers of the inventory."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.parts import Sku
from storefront_api.inventory.books import MAIN
from storefront_api.inventory.warehouse_schemas import WarehouseId


class Received(BaseModel):
    """Some of one variant."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(ge=1, le=10**12, description="In the variant's `unit`.")


class Receipt(BaseModel):
    """Goods that arrived together."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=64, description="The delivery note.")
    warehouse_id: WarehouseId = Field(default=MAIN, description="Where they arrived.")
    items: list[Received] = Field(min_length=1, max_length=1_000)


class StockOut(BaseModel):
    """Stock after a movement."""

    sku: str
    on_hand: int
