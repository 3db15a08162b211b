"""Requests and answers of loyalty points."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.ledger import RuleId
from storefront_api.events.parts import Currency
from storefront_api.platform.requests import Instant


class LoyaltyRuleIn(BaseModel):
    """What orders bring in points and points pay, until a rule of the currency starts later.

    It cannot be changed; under the same id it becomes the next version.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "rule_id": "points",
                "currency": "USD",
                "earn_basis_points": 100,
                "spend_basis_points": 10_000,
                "expires_after_days": 365,
                "source": "pricing committee, 2026-01",
            }
        },
    )

    rule_id: RuleId
    currency: Currency
    earn_basis_points: int = Field(ge=0, le=10**6, description="Points for 10,000 minor units.")
    spend_basis_points: int = Field(ge=1, le=10**6, description="Minor units for 10,000 points.")
    expires_after_days: int = Field(ge=1, le=36_500)
    source: str = Field(min_length=1, max_length=200, description="Who decided it, and where.")
    starts_at: Instant | None = Field(default=None, description="Left out: now.")


class LoyaltyRuleOut(BaseModel):
    """A rule as it is kept."""

    rule_id: str
    version: int
    currency: str
    earn_basis_points: int
    spend_basis_points: int
    expires_after_days: int
    source: str
    starts_at: datetime


class LotOut(BaseModel):
    """Points that expire together."""

    points: int
    expires_at: datetime


class PointsOut(BaseModel):
    """A customer's points, what open checkouts keep left out."""

    points: int
    lots: list[LotOut] = Field(description="In the order in which they are spent.")
