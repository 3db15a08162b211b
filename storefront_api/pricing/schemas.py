"""Requests and answers of prices."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storefront_api.events.ledger import RuleId
from storefront_api.platform.requests import Instant

Scope = Literal["all", "department", "category", "vendor", "sku"]
Audience = Literal["everybody", "business"]
MAX_BASIS_POINTS = 10_000


class PriceRuleIn(BaseModel):
    """A price rule, or under the id of one its next version, which replaces it from its start on.

    A version that ends when it starts takes the rule back.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "rule_id": "oats-by-the-crate",
                "kind": "price",
                "value": 199,
                "currency": "USD",
                "scope": "sku",
                "target": "CJ26190",
                "audience": "business",
                "min_quantity": 24,
                "source": "pricing committee, 2026-01",
            }
        },
    )

    rule_id: RuleId
    kind: Literal["percent", "amount", "price"]
    value: int = Field(
        ge=0,
        le=2**53 - 1,
        description="Basis points off, minor units off each unit, or the price of each unit.",
    )
    currency: str = Field(
        default="", pattern="^([A-Z]{3})?$", description="Empty for a percentage in any currency."
    )
    scope: Scope
    target: str = Field(default="", max_length=120, description="Empty if the scope is all.")
    audience: Audience = "everybody"
    min_quantity: int = Field(
        default=1, ge=1, le=10**9, description="Of one sku in the order, in the variant's unit."
    )
    source: str = Field(min_length=1, max_length=200, description="Who decided it, and where.")
    starts_at: Instant | None = Field(default=None, description="Left out: now.")
    ends_at: Instant | None = Field(default=None, description="The first instant without it.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind == "percent" and self.value > MAX_BASIS_POINTS:
            raise ValueError(f"value: a percentage is at most {MAX_BASIS_POINTS} basis points")
        if self.kind != "percent" and not self.currency:
            raise ValueError("currency: an amount has one")
        if (self.scope == "all") == bool(self.target):
            raise ValueError("target: names what the scope says, and nothing if it is all")
        return self


class PriceRuleOut(BaseModel):
    """A version of a price rule."""

    rule_id: str
    version: int
    kind: str
    value: int
    currency: str
    scope: str
    target: str
    audience: str
    min_quantity: int
    source: str
    starts_at: datetime
    ends_at: datetime | None


class PriceRuleVersions(BaseModel):
    """All versions of a price rule; the latest that has started holds until its end."""

    versions: list[PriceRuleOut]


class Step(BaseModel):
    """Something that made a line cheaper, or pays a part of it."""

    kind: Literal["stated", "rule", "tier", "code", "gift_card", "points"]
    id: str = Field(description="Of the rule, the code, or the gift card; empty if stated.")
    version: int | None = Field(default=None, description="Of a rule.")
    amount_minor: int


class ExplainedLine(BaseModel):
    """A line with its price explained."""

    line_number: int
    sku: str
    quantity: int
    list_minor: int
    steps: list[Step] = Field(description="In the order of application.")
    total_minor: int = Field(description="The list price less rules, tiers and codes.")
    tax_rate_bp: int | None = Field(
        description="Value added tax, in basis points of the price before it; null where nobody "
        "computed it."
    )
    tax_minor: int | None = Field(description="Part of the total that is tax.")
    due_minor: int = Field(description="The total less gift cards and points.")
