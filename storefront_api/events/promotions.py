"""What the promotion module publishes, to the topics of the catalogue and of orders."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict, Timestamp
from storefront_api.events.parts import Currency, Minor

Code = Annotated[str, Field(pattern="^[A-Z0-9][A-Z0-9-]{2,31}$", description="As printed.")]


class PromotionV1(Strict):
    """A promotion code and its conditions, as it was created."""

    code: Code
    kind: Literal["percent", "amount"]
    value: int = Field(ge=1, description="Basis points of the price, or minor units off.")
    currency: Currency
    department: str = Field(max_length=120, description="Lines it is for; empty means all.")
    min_total_minor: Minor = Field(description="What those lines must cost before it, at least.")
    starts_at: Timestamp
    ends_at: Timestamp | None = Field(description="The first instant without it; null = never.")
    max_uses: int | None = Field(ge=1, description="By everybody together; null = no limit.")
    max_uses_per_shopper: int | None = Field(ge=1, description="null = no limit.")
    stackable: bool = Field(description="Whether it may stand beside other codes.")


class PromotionCreatedV1(Event):
    """A promotion code can be used from its start on."""

    type: Literal["promotion_created"] = "promotion_created"
    version: Literal[1] = 1
    data: PromotionV1


class DiscountedLineV1(Strict):
    """A line's share of a discount."""

    line_number: int = Field(ge=1)
    amount_minor: int = Field(ge=1, le=2**53 - 1)


class AppliedCouponV1(Strict):
    """What one code took off an order; ``amount_minor`` is the sum over the lines."""

    order_id: UUID
    code: Code
    currency: Currency
    amount_minor: Minor
    lines: list[DiscountedLineV1] = Field(max_length=500)


class CouponAppliedV1(Event):
    """An order was placed with a promotion code."""

    type: Literal["coupon_applied"] = "coupon_applied"
    version: Literal[1] = 1
    data: AppliedCouponV1
