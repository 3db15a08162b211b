"""Requests and answers about payments."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.parts import Sku
from storefront_api.platform.requests import Instant

RefundReason = Literal["returned", "not_received", "damaged", "goodwill"]
DisputeReason = Literal["fraudulent", "product_not_received", "duplicate", "general"]


class Returned(BaseModel):
    """Goods that came back."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(ge=1, le=10**9)


class RefundIn(BaseModel):
    """A refund to make."""

    model_config = ConfigDict(extra="forbid")

    amount_minor: int = Field(ge=1, le=2**53 - 1)
    reason: RefundReason
    restock: list[Returned] = Field(default=[], max_length=500, description="Put back into stock.")


class RefundOut(BaseModel):
    """A refund that was made."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "refund_id": "01931f2e-7c40-7d3a-8c55-0f4b6a1e92d7",
                "order_id": "01931f2e-6b1c-7f20-9b14-5d3c2a7e8f01",
                "amount_minor": 269,
                "refunded_minor": 269,
            }
        }
    )

    refund_id: UUID
    order_id: UUID
    amount_minor: int
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
