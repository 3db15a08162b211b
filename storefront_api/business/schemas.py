"""Requests and answers of companies."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.orders import DeliveryV1, OrderLineV2
from storefront_api.events.parts import Currency
from storefront_api.orders.schemas import Destination
from storefront_api.pricing.schemas import ExplainedLine

MemberRole = Literal["buyer", "approver"]


class CompanyIn(BaseModel):
    """A company to create."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Field Canteens",
                "currency": "USD",
                "credit_limit_minor": 5_000_000,
                "approval_above_minor": 100_000,
            }
        },
    )

    name: str = Field(min_length=1, max_length=200)
    currency: Currency
    credit_limit_minor: int = Field(ge=0, le=10**12)
    approval_above_minor: int = Field(ge=0, le=10**12, description="Dearer quotes need approval.")
    term_days: int = Field(default=30, ge=0, le=365, description="To pay an invoice in.")


class CompanyOut(BaseModel):
    """A company."""

    company_id: UUID
    name: str
    currency: str
    credit_limit_minor: int
    approval_above_minor: int
    term_days: int


class MemberIn(BaseModel):
    """Whom a company lets act."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    role: MemberRole


class MemberOut(BaseModel):
    """Somebody who acts for a company."""

    company_id: UUID
    subject: str
    role: MemberRole


class ListIn(BaseModel):
    """A list of skus to put into the buyer's cart."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"csv": "sku,quantity\nCJ26190,24\n"}}
    )

    csv: str = Field(min_length=1, max_length=500_000)


class ListOut(BaseModel):
    """What a list put into the cart."""

    lines: int


class QuoteIn(BaseModel):
    """How the buyer's cart is to be bought for the company."""

    model_config = ConfigDict(extra="forbid")

    purchase_order: str = Field(min_length=1, max_length=64, description="The company's number.")
    store_id: str = Field(min_length=1, max_length=64)
    delivery: DeliveryV1
    destination: Destination = ""


class QuoteOut(BaseModel):
    """A quote; approved, it is an order of the same id with an invoice."""

    quote_id: UUID
    company_id: UUID
    purchase_order: str
    state: Literal["requested", "approved"]
    currency: str
    destination: str = Field(description="Country whose rates of value added tax hold.")
    lines: list[OrderLineV2]
    explanation: list[ExplainedLine]
    total_minor: int
    tax_minor: int | None = Field(
        description="Part of the total that is value added tax; null where nobody computed it."
    )
    expires_at: datetime
    invoice_id: UUID | None


class TaxOut(BaseModel):
    """What of an invoice is taxed at one rate."""

    rate_bp: int = Field(description="In basis points of the price before tax.")
    total_minor: int = Field(description="Of the lines, tax included.")
    tax_minor: int


class InvoiceOut(BaseModel):
    """What a company owes, or owed, for an order."""

    invoice_id: UUID
    number: int
    company_id: UUID
    company_name: str
    order_id: UUID
    purchase_order: str
    currency: str
    lines: list[OrderLineV2]
    total_minor: int
    tax_minor: int | None = Field(
        description="Part of the total that is value added tax; null where nobody computed it."
    )
    taxes: list[TaxOut] = Field(description="By rate, lowest first; they add up to it.")
    issued_at: datetime
    due_at: datetime
    paid_at: datetime | None
