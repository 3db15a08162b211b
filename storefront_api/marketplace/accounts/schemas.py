"""Answers about what vendors were credited and charged."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Balance(BaseModel):
    """What a vendor is owed in one currency; negative is carried forward."""

    currency: str
    balance_minor: int
    on_its_way_minor: int = Field(description="In payouts that are not transferred yet.")
    paid_minor: int


class Entry(BaseModel):
    """One entry of the ledger; positive is the vendor's."""

    entry_id: int
    kind: str
    reference: str
    amount_minor: int
    currency: str
    order_id: UUID | None
    line_number: int | None
    booked_at: datetime


class EntryPage(BaseModel):
    """Some entries, newest first, and where the next page begins."""

    entries: list[Entry]
    next_cursor: str = Field(description="Pass as `before`; empty on the last page.")


class Totals(BaseModel):
    """What came of sales, in one currency: ``net`` is the sum of the others."""

    currency: str
    sales_minor: int
    refunds_minor: int = Field(description="0 or less.")
    chargebacks_minor: int = Field(description="0 or less.")
    commission_minor: int = Field(description="0 or less.")
    commission_reversed_minor: int
    net_minor: int


class SalesRow(Totals):
    """Of one day, or of one product."""

    of: str = Field(description="A day in UTC as ISO 8601, or a product's id.")


class SalesOut(BaseModel):
    """A vendor's sales, by when they and what undid them were booked."""

    by: Literal["day", "product"]
    since: date
    until: date = Field(description="The first day that is not counted.")
    rows: list[SalesRow]
    totals: list[Totals]


class Difference(BaseModel):
    """Two numbers that should be one."""

    what: Literal["sales", "undone", "commission", "commission_reversed", "payouts"]
    of: str = Field(description="The order or the payout.")
    ledger_minor: int
    expected_minor: int


class ReconciliationOut(BaseModel):
    """Whether vendors' totals are the ledger's, and the ledger's are the orders'."""

    orders: int = Field(description="How many were compared.")
    payouts: int
    differences: list[Difference] = Field(description="At most 100.")
