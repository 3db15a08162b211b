"""Requests and answers about payouts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.parts import Currency


class RunIn(BaseModel):
    """Whom to pay: every approved vendor with a payout account that is owed enough."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    minimum_minor: int = Field(
        ge=1, le=2**53 - 1, description="Smaller balances are left for a later run."
    )


class PayoutOut(BaseModel):
    """A vendor's balance on its way, or there."""

    payout_id: UUID
    run_id: UUID
    vendor_id: str
    currency: str
    amount_minor: int
    state: Literal["created", "paid", "failed"]
    provider_reference: str
    failure: str = Field(description="Why it failed; its amount is the vendor's balance again.")
    created_at: datetime
    closed_at: datetime | None


class RunOut(BaseModel):
    """A run and the payouts that it made."""

    run_id: UUID
    currency: str
    minimum_minor: int
    started_at: datetime
    payouts: list[PayoutOut]


class PayoutPage(BaseModel):
    """Some payouts, newest first, and where the next page begins."""

    payouts: list[PayoutOut]
    next_cursor: str = Field(description="Pass as `before`; empty on the last page.")
