"""Requests and answers of orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storefront_api.events.orders import DeliveryV1, OrderLineV2, PaymentV2
from storefront_api.events.parts import Channel, Country, Currency, Minor, Pseudonym, Sku
from storefront_api.events.promotions import Code
from storefront_api.orders.changes import What
from storefront_api.orders.status import OrderStatus
from storefront_api.pricing.schemas import ExplainedLine

Destination = Annotated[
    Country,
    Field(
        description="Country that the goods go to, whose rates of value added tax hold, "
        "ISO 3166-1; left out: the store's own."
    ),
]
MAX_LINES = 500
MAX_CODES = 5


class LineIn(BaseModel):
    """One wanted line. The money may be stated; otherwise the catalogue's price holds."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(
        ge=0, le=10**9, description="In the variant's unit; 0 only where the money is stated."
    )
    list_minor: Minor | None = None
    discount_minor: Minor | None = None


class OrderIn(BaseModel):
    """An order that was made elsewhere, with its payment and, if it says so, its money."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "store_id": "S330",
                "channel": "web",
                "currency": "USD",
                "subject": "p-51ab",
                "session_id": "ses-1",
                "device_id": "d-9",
                "lines": [{"sku": "CJ26190", "quantity": 2}],
                "payment": {"method": "card", "fingerprint": "c-51ab", "country": "US"},
                "delivery": {
                    "mode": "van",
                    "packaging": "paper_bag",
                    "distance_km": 6.4,
                    "area": "452",
                },
            }
        },
    )

    store_id: str = Field(min_length=1, max_length=64)
    channel: Channel
    currency: Currency
    subject: str = Field(min_length=1, max_length=64, description="Whose order it is.")
    session_id: str = Field(default="", max_length=64)
    device_id: Pseudonym = ""
    ip_country: Country = ""
    source_ref: str = Field(default="", max_length=64)
    lines: list[LineIn] = Field(min_length=1, max_length=MAX_LINES)
    payment: PaymentV2
    delivery: DeliveryV1
    destination: Destination = ""
    promotion_codes: list[Code] = Field(
        default=[],
        max_length=MAX_CODES,
        description="Applied in this order, each to what the ones before it left.",
    )

    @field_validator("promotion_codes")
    @classmethod
    def _each_once(cls, codes: list[str]) -> list[str]:
        if len(set(codes)) < len(codes):
            raise ValueError("a code may be given once")
        return codes


class LineDiscount(BaseModel):
    """A line's share of a discount."""

    line_number: int
    amount_minor: int


class DiscountOut(BaseModel):
    """What one promotion code took off, line by line."""

    code: str
    amount_minor: int
    lines: list[LineDiscount]


class OrderOut(BaseModel):
    """An order as it was placed."""

    order_id: UUID
    subject: str
    store_id: str
    channel: str
    source_ref: str
    currency: str
    ordered_at: datetime
    destination: str = Field(
        description="Country whose rates of value added tax hold; empty where it is not known."
    )
    lines: list[OrderLineV2]
    discounts: list[DiscountOut] = Field(
        description="What the codes took off; a line's discount holds its shares."
    )
    explanation: list[ExplainedLine] = Field(description="How each line came to its price.")
    total_minor: int
    tax_minor: int | None = Field(
        description="Part of the total that is value added tax; null where nobody computed it."
    )
    fees_minor: int = Field(description="What was paid beside the lines, deposits included.")
    refunded_minor: int = Field(description="Of the total.")
    tax_refunded_minor: int | None = Field(
        description="Part of what was refunded that is tax; null where `tax_minor` is."
    )
    fees_refunded_minor: int
    status: OrderStatus = Field(description="Told from what happened to its units and its money.")
    risk: Literal["allow", "review", "unscored"]


class OrderSummary(BaseModel):
    """An order in a list."""

    order_id: UUID
    store_id: str
    channel: str
    currency: str
    total_minor: int
    fees_minor: int
    refunded_minor: int
    ordered_at: datetime
    status: OrderStatus


class OrderPage(BaseModel):
    """Some orders, latest first."""

    orders: list[OrderSummary]
    next_cursor: str = Field(description="For the page after this one; empty on the last.")


class ChangeOut(BaseModel):
    """One entry of an order's log."""

    number: int = Field(description="Counts from 1 without gaps.")
    what: What
    status: OrderStatus = Field(description="What the order was from then on.")
    happened_at: datetime
    recorded_at: datetime = Field(description="When the store learned of it.")
    details: dict[str, Any]


class HistoryOut(BaseModel):
    """All that happened to an order, oldest first."""

    order_id: UUID
    status: OrderStatus
    changes: list[ChangeOut]
