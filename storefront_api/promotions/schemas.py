"""Requests and answers of promotions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storefront_api.events.parts import Currency, Minor
from storefront_api.events.promotions import Code
from storefront_api.platform.requests import Instant

MAX_BASIS_POINTS = 10_000


class PromotionIn(BaseModel):
    """A promotion code to create; it cannot be changed afterwards, since orders refer to it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "code": "SPRING-10",
                "kind": "percent",
                "value": 1000,
                "currency": "USD",
                "max_uses": 500,
                "max_uses_per_shopper": 1,
            }
        },
    )

    code: Code
    kind: Literal["percent", "amount"]
    value: int = Field(
        ge=1, le=2**53 - 1, description="Basis points (1,000 is 10 %), or minor units off."
    )
    currency: Currency
    department: str = Field(default="", max_length=120, description="Empty: every line.")
    min_total_minor: Minor = 0
    starts_at: Instant | None = Field(default=None, description="Left out: now.")
    ends_at: Instant | None = Field(default=None, description="The first instant without it.")
    max_uses: int | None = Field(default=None, ge=1, le=2**31 - 1)
    max_uses_per_shopper: int | None = Field(default=None, ge=1, le=2**31 - 1)
    stackable: bool = False

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.kind == "percent" and self.value > MAX_BASIS_POINTS:
            raise ValueError(f"value: a percentage is at most {MAX_BASIS_POINTS} basis points")
        return self


class PromotionOut(BaseModel):
    """A promotion code and how often it was used."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "SPRING-10",
                "kind": "percent",
                "value": 1000,
                "currency": "USD",
                "department": "",
                "min_total_minor": 0,
                "starts_at": "2026-03-01T09:30:00Z",
                "ends_at": "2026-04-01T00:00:00Z",
                "max_uses": 500,
                "max_uses_per_shopper": 1,
                "stackable": False,
                "used": 17,
            }
        }
    )

    code: str
    kind: Literal["percent", "amount"]
    value: int
    currency: str
    department: str
    min_total_minor: int
    starts_at: datetime
    ends_at: datetime | None
    max_uses: int | None
    max_uses_per_shopper: int | None
    stackable: bool
    used: int
