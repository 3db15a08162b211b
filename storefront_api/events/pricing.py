"""What the pricing module publishes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from storefront_api.events.envelope import Event, Strict, Timestamp
from storefront_api.events.ledger import RuleId, Version


class PriceRuleV1(Strict):
    """A version of a price rule, which replaces the ones before it from its start on."""

    rule_id: RuleId
    rule_version: Version
    kind: Literal["percent", "amount", "price"]
    value: int = Field(
        ge=0,
        le=2**53 - 1,
        description="Basis points off, minor units off each unit, or the price of each unit.",
    )
    currency: str = Field(pattern="^([A-Z]{3})?$", description="ISO 4217; empty means any.")
    scope: Literal["all", "department", "category", "vendor", "sku"]
    target: str = Field(max_length=120, description="What the scope names; empty if it is all.")
    audience: Literal["everybody", "business"]
    min_quantity: int = Field(ge=1, description="Of one sku in an order; above 1 it is a tier.")
    source: str = Field(max_length=200, description="Who decided it, and where.")
    starts_at: Timestamp
    ends_at: Timestamp | None = Field(description="The first instant without it; null = never.")


class PriceRuleCreatedV1(Event):
    """A price rule holds from its start on."""

    type: Literal["price_rule_created"] = "price_rule_created"
    version: Literal[1] = 1
    data: PriceRuleV1


class PriceChangedV1(Event):
    """A price rule has a new version."""

    type: Literal["price_changed"] = "price_changed"
    version: Literal[1] = 1
    data: PriceRuleV1
