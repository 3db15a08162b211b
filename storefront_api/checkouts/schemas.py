"""Requests and answers of checkouts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storefront_api.events.orders import DeliveryV1, OrderLineV1
from storefront_api.events.parts import Country, Minor, Pseudonym
from storefront_api.events.promotions import Code
from storefront_api.fulfilment.packaging import ChosenPackaging
from storefront_api.orders.schemas import MAX_CODES, DiscountOut

State = Literal["open", "completed", "expired", "cancelled"]


class CheckoutIn(BaseModel):
    """How the shopper's cart is to be delivered, and what it is expected to cost."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "store_id": "S330",
                "session_id": "ses-1",
                "device_id": "d-9",
                "delivery": {
                    "mode": "van",
                    "packaging": "reusable_crate",
                    "distance_km": 6.4,
                    "area": "452",
                },
                "expected_total_minor": 547,
            }
        },
    )

    store_id: str = Field(min_length=1, max_length=64)
    session_id: str = Field(default="", max_length=64)
    device_id: Pseudonym = ""
    ip_country: Country = ""
    delivery: DeliveryV1
    promotion_codes: list[Code] = Field(default=[], max_length=MAX_CODES)
    contact_email: str = Field(
        default="",
        max_length=254,
        pattern=r"^([^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+)?$",
        description="Where to write about the order; it stays in the store's own database.",
    )
    expected_total_minor: Minor | None = Field(
        default=None,
        description="What the shopper was shown, fees included; "
        "if it costs anything else now, nothing is taken.",
    )

    @field_validator("promotion_codes")
    @classmethod
    def _each_once(cls, codes: list[str]) -> list[str]:
        if len(set(codes)) < len(codes):
            raise ValueError("a code may be given once")
        return codes


class CheckoutOut(BaseModel):
    """A checkout; once it is completed there is an order of the same id."""

    checkout_id: UUID
    state: State
    currency: str
    lines: list[OrderLineV1]
    discounts: list[DiscountOut]
    total_minor: int = Field(description="Of the lines.")
    packaging: ChosenPackaging = Field(description="Its price and deposit are due, too.")
    due_minor: int = Field(description="What is to be paid by card.")
    expires_at: datetime = Field(description="Until then stock and codes are kept for it.")


class PaymentOut(BaseModel):
    """What the shopper's client needs to pay with the payment provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "intent_id": "pi_3Nk2",
                "client_secret": "pi_3Nk2_secret_9fQ",
                "status": "requires_payment_method",
                "amount_minor": 538,
                "currency": "USD",
            }
        }
    )

    intent_id: str
    client_secret: str
    status: str
    amount_minor: int
    currency: str


class NoticeOut(BaseModel):
    """What became of a provider's event."""

    handled: bool = Field(description="False if there was nothing to do.")
