"""Requests and answers about alerts of prices."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.parts import Currency, Minor
from storefront_api.notifications.schemas import Address


class AlertIn(BaseModel):
    """What the caller waits for, and where to tell it."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    target_minor: Minor
    recipient: Address | None = Field(
        default=None, description="null for the address of the account that is signed in."
    )


class AlertOut(BaseModel):
    """What the caller waits for, and what it costs."""

    sku: str
    currency: str
    target_minor: int
    list_price_minor: int = Field(description="What it costs now.")
    reached: bool = Field(
        description="Whether it costs that little already: the next drop, after a rise, is told."
    )
    times: int = Field(description="How often it has been told.")
    set_at: datetime


class AlertsOut(BaseModel):
    """All that the caller waits for."""

    alerts: list[AlertOut]
