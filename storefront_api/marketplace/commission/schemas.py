"""Requests and answers about commission."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.marketplace import BasisPoints
from storefront_api.platform.requests import Instant


class RuleIn(BaseModel):
    """A rate and whom it is for.

    An empty scope is everything. A rule for a product is more specific than one for a vendor's
    category, that than one for a vendor, that than one for a category, and the most specific one
    that is valid holds. Within one scope the latest version that is valid holds.
    """

    model_config = ConfigDict(extra="forbid")

    vendor_id: str = Field(default="", max_length=64)
    category: str = Field(default="", max_length=120)
    product_id: str = Field(default="", max_length=64)
    rate_bp: BasisPoints
    valid_from: Instant | None = Field(default=None, description="null = now.")
    valid_until: Instant | None = Field(
        default=None, description="The first instant without it; null = never."
    )


class RuleOut(BaseModel):
    """A rule as it was created; it never changes."""

    rule_id: UUID
    vendor_id: str
    category: str
    product_id: str
    version: int = Field(description="Of the rules for this scope.")
    rate_bp: int
    valid_from: datetime
    valid_until: datetime | None


class RulePage(BaseModel):
    """Some rules, and where the next page begins."""

    rules: list[RuleOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")
