"""Requests and answers of gift cards."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.parts import Currency
from storefront_api.giftcards.codes import GiftCode
from storefront_api.platform.requests import Instant


class GiftcardIn(BaseModel):
    """A gift card to issue."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"currency": "USD", "amount_minor": 5000, "reason": "goodwill"}
        },
    )

    currency: Currency
    amount_minor: int = Field(ge=1, le=10**9)
    reason: Literal["goodwill", "promotion", "compensation"]
    expires_at: Instant | None = Field(default=None, description="The first instant without it.")


class GiftcardIssued(BaseModel):
    """A gift card that was issued."""

    giftcard_id: UUID
    code: str | None = Field(
        description="Shown this once, and kept nowhere: null when the request comes again."
    )
    currency: str
    amount_minor: int
    expires_at: datetime | None


class CodeIn(BaseModel):
    """A gift card's code, in a body because addresses are logged."""

    model_config = ConfigDict(extra="forbid")

    code: GiftCode


class GiftcardOut(BaseModel):
    """What is on a gift card."""

    giftcard_id: UUID
    currency: str
    balance_minor: int = Field(description="What open checkouts keep of it is not in it.")
    expires_at: datetime | None
