"""Requests and answers of checkouts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storefront_api.events.orders import DeliveryV1, OrderLineV2
from storefront_api.events.parts import Country, Minor, Pseudonym
from storefront_api.events.promotions import Code
from storefront_api.fulfilment.packaging import ChosenPackaging
from storefront_api.giftcards.codes import GiftCode
from storefront_api.notifications.schemas import MaybeAddress
from storefront_api.orders.schemas import MAX_CODES, Destination, DiscountOut
from storefront_api.pricing.schemas import ExplainedLine

MAX_GIFT_CARDS = 5
State = Literal["open", "completed", "expired", "cancelled"]


def each_once(codes: list[str]) -> list[str]:
    """Return codes, none of which is given twice.

    Raises
    ------
    ValueError
        If one is.
    """
    if len(set(codes)) < len(codes):
        raise ValueError("a code may be given once")
    return codes


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
    destination: Destination = ""
    promotion_codes: list[Code] = Field(default=[], max_length=MAX_CODES)
    contact_email: MaybeAddress = Field(
        default="",
        description="Where to write about the order; the address of the account that is signed "
        "in, if none is stated. It stays in the store's own database.",
    )
    gift_cards: list[GiftCode] = Field(
        default=[],
        max_length=MAX_GIFT_CARDS,
        description="Codes, in the order in which they are to pay.",
    )
    points: int = Field(
        default=0, ge=0, le=10**12, description="To spend at most, after gift cards; of customers."
    )
    expected_total_minor: Minor | None = Field(
        default=None,
        description="What the shopper was shown, fees included; "
        "if it costs anything else now, nothing is taken.",
    )

    _codes_once = field_validator("promotion_codes", "gift_cards")(each_once)


class TenderOut(BaseModel):
    """What is kept of a gift card or of points to pay a part."""

    kind: Literal["gift_card", "points"]
    tender_id: str = Field(description="The gift card, or the rule that says what points pay.")
    amount_minor: int
    points: int = Field(description="0 for a gift card.")


class CheckoutOut(BaseModel):
    """A checkout; once it is completed there is an order of the same id."""

    checkout_id: UUID
    state: State
    currency: str
    destination: str = Field(description="Country whose rates of value added tax hold.")
    lines: list[OrderLineV2]
    discounts: list[DiscountOut]
    explanation: list[ExplainedLine] = Field(description="How each line came to its price.")
    total_minor: int = Field(description="Of the lines.")
    tax_minor: int | None = Field(
        description="Part of the total that is value added tax; null where nobody computed it."
    )
    packaging: ChosenPackaging = Field(description="Its price and deposit are due, too.")
    tenders: list[TenderOut] = Field(description="What pays for the lines, in the order of paying.")
    due_minor: int = Field(
        description="What is to be paid by card: total and packaging, less the tenders."
    )
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


class QuoteIn(BaseModel):
    """What the shopper would use for what is in the cart."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"points": 100}})

    destination: Destination = ""
    promotion_codes: list[Code] = Field(default=[], max_length=MAX_CODES)
    gift_cards: list[GiftCode] = Field(default=[], max_length=MAX_GIFT_CARDS)
    points: int = Field(default=0, ge=0, le=10**12)

    _codes_once = field_validator("promotion_codes", "gift_cards")(each_once)


class QuoteOut(BaseModel):
    """What a checkout would cost now; nothing is kept, so it may cost something else later."""

    currency: str
    destination: str = Field(description="Country whose rates of value added tax hold.")
    explanation: list[ExplainedLine] = Field(description="How each line came to its price.")
    total_minor: int
    tax_minor: int | None = Field(description="Part of the total that is value added tax.")
    tenders: list[TenderOut]
    due_minor: int
