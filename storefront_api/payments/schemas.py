"""Requests and answers about payments."""

from __future__ import annotations

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storefront_api.events.orders import RefundedLineV1
from storefront_api.events.parts import Sku
from storefront_api.inventory.books import MAIN
from storefront_api.inventory.warehouse_schemas import WarehouseId
from storefront_api.platform.requests import Instant

RefundReason = Literal["returned", "not_received", "damaged", "goodwill"]
DisputeReason = Literal["fraudulent", "product_not_received", "duplicate", "general"]


class Returned(BaseModel):
    """Goods that came back."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(ge=1, le=10**9)


class RefundedLine(BaseModel):
    """What is given back of one line."""

    model_config = ConfigDict(extra="forbid")

    line_number: int = Field(ge=1)
    amount_minor: int = Field(ge=1, le=2**53 - 1)


class RefundIn(BaseModel):
    """A refund to make."""

    model_config = ConfigDict(extra="forbid")

    amount_minor: int = Field(ge=1, le=2**53 - 1)
    reason: RefundReason
    restock: list[Returned] = Field(default=[], max_length=500, description="Put back into stock.")
    warehouse_id: WarehouseId = Field(
        default=MAIN, description="Where what the shopper had is put; what was not sent stays."
    )
    lines: list[RefundedLine] = Field(
        default=[],
        max_length=500,
        description="Which lines it is for. Whatever they do not say is borne by the lines of what "
        "comes back, then by all lines, in proportion to what is left of them.",
    )

    @model_validator(mode="after")
    def _lines_are_within_it(self) -> Self:
        if len({line.line_number for line in self.lines}) < len(self.lines):
            raise ValueError("lines: each may be stated once")
        if sum(line.amount_minor for line in self.lines) > self.amount_minor:
            raise ValueError("lines: together exceed amount_minor")
        return self


class RefundOut(BaseModel):
    """A refund that was made."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "refund_id": "01931f2e-7c40-7d3a-8c55-0f4b6a1e92d7",
                "order_id": "01931f2e-6b1c-7f20-9b14-5d3c2a7e8f01",
                "amount_minor": 269,
                "tax_minor": 18,
                "lines": [{"line_number": 1, "amount_minor": 269, "tax_minor": 18}],
                "refunded_minor": 269,
            }
        }
    )

    refund_id: UUID
    order_id: UUID
    amount_minor: int
    tax_minor: int | None = Field(
        description="Part of the amount that is value added tax; null where the order's is."
    )
    lines: list[RefundedLineV1] = Field(description="Which lines bear it.")
    refunded_minor: int = Field(description="Of the order, this refund included.")


class DisputeIn(BaseModel):
    """A chargeback, as the payment provider reports it."""

    model_config = ConfigDict(extra="forbid")

    dispute_id: UUID
    order_id: UUID
    amount_minor: int = Field(ge=1, le=2**53 - 1)
    reason: DisputeReason
    disputed_at: Instant


class DisputeOut(BaseModel):
    """What became of the report."""

    dispute_id: UUID
    recorded: bool = Field(description="False if it was known already.")
