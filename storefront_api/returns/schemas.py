"""Requests and answers of returns."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storefront_api.inventory.books import MAIN
from storefront_api.inventory.warehouse_schemas import WarehouseId

Reason = Literal["unwanted", "damaged", "wrong_item", "not_as_described"]
State = Literal["requested", "approved", "rejected", "received"]


class ReturnLineIn(BaseModel):
    """Units of an order's line to give back."""

    model_config = ConfigDict(extra="forbid")

    line_number: int = Field(ge=1, le=500)
    units: int = Field(ge=1, le=10**9, description="In the variant's unit.")
    reason: Reason


class ReturnIn(BaseModel):
    """What of an order is to come back."""

    model_config = ConfigDict(extra="forbid")

    lines: list[ReturnLineIn] = Field(min_length=1, max_length=500)

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[ReturnLineIn]) -> list[ReturnLineIn]:
        if len({line.line_number for line in lines}) < len(lines):
            raise ValueError("a line may be given once")
        return lines


class DecisionIn(BaseModel):
    """Why, in words for the shopper."""

    model_config = ConfigDict(extra="forbid")

    decision: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")


class InspectedLine(BaseModel):
    """Units as they were found."""

    model_config = ConfigDict(extra="forbid")

    line_number: int = Field(ge=1, le=500)
    restocked: int = Field(ge=0, le=10**9, description="As good as new.")
    written_off: int = Field(ge=0, le=10**9)


class InspectionIn(BaseModel):
    """What came back: every line of the return, to the last unit."""

    model_config = ConfigDict(extra="forbid")

    lines: list[InspectedLine] = Field(min_length=1, max_length=500)
    warehouse_id: WarehouseId = Field(default=MAIN, description="Where it came back to.")


class ReturnLineOut(BaseModel):
    """A line of a return; what came of it is null before it was inspected."""

    line_number: int
    sku: str
    units: int
    reason: str
    rule_id: str
    rule_version: int
    restocked: int | None
    written_off: int | None
    list_minor: int | None
    discount_minor: int | None
    refunded_minor: int | None = Field(description="What the line bears of the refund, if any.")
    tax_minor: int | None = Field(
        description="Part of that which is value added tax; null where the order's is not known."
    )


class ReturnOut(BaseModel):
    """A return."""

    return_id: UUID
    order_id: UUID
    state: State
    requested_at: datetime
    decided_at: datetime | None
    decision: str
    received_at: datetime | None
    refund_id: UUID | None = Field(description="Null if there was no money left to give back.")
    lines: list[ReturnLineOut]
