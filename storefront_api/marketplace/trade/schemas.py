"""Answers about a vendor's part of orders; who the shopper is is not among them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from storefront_api.events.parts import DeliveryMode, Packaging


class VendorOrderLine(BaseModel):
    """A line that the vendor sold, with the commission that was frozen with it."""

    line_number: int
    sku: str
    name: str
    package_size: str
    quantity: int = Field(description="In `unit`.")
    unit: str
    list_minor: int
    discount_minor: int
    total_minor: int
    rate_bp: int
    commission_minor: int


class Shipping(BaseModel):
    """What is needed to ship."""

    mode: DeliveryMode
    packaging: Packaging
    area: str = Field(description="Postal area.")


class VendorOrderSummary(BaseModel):
    """A vendor's part of an order, in a list."""

    order_id: UUID
    placed_at: datetime
    currency: str
    total_minor: int
    undone_minor: int = Field(description="Refunded or charged back.")


class VendorOrderOut(VendorOrderSummary):
    """A vendor's part of an order."""

    lines: list[VendorOrderLine]
    shipping: Shipping


class VendorOrderPage(BaseModel):
    """Some orders, newest first, and where the next page begins."""

    orders: list[VendorOrderSummary]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class Packed(BaseModel):
    """So much of one variant; lines of the same variant are one."""

    sku: str
    name: str
    package_size: str
    quantity: int
    unit: str


class PackingList(BaseModel):
    """What goes into the parcel."""

    order_id: UUID
    placed_at: datetime
    shipping: Shipping
    items: list[Packed]
    mass_grams: int | None = Field(
        description="Without packaging; null if a variant's is not known, or it is not by piece."
    )


class Rate(BaseModel):
    """One measure of the scorecard: ``value`` is ``counted / among``, as its form says."""

    measure: str
    version: int = Field(description="Of the measure's definition.")
    form: Literal["share", "mean"]
    description: str
    counted: int = Field(description="Orders, or the sum of what was given.")
    among: int
    value: int | None = Field(
        description="share: basis points; mean: hundredths; null where there is nothing to tell."
    )


class ScorecardOut(BaseModel):
    """How well a vendor serves the orders that were placed in some days."""

    since: date
    until: date = Field(description="The first day that is not counted.")
    rates: list[Rate]
