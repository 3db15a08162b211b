"""What the business module publishes; subjects are the people who act, companies have no names."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor


class CompanyV1(Strict):
    """A company and what it may do."""

    company_id: UUID
    currency: Currency
    credit_limit_minor: Minor
    approval_above_minor: Minor = Field(description="Dearer quotes need an approver.")
    term_days: int = Field(ge=0, le=365, description="In which an invoice is to be paid.")


class CompanyCreatedV1(Event):
    """A company may buy on credit."""

    type: Literal["company_created"] = "company_created"
    version: Literal[1] = 1
    data: CompanyV1


class MemberV1(Strict):
    """Somebody who acts for a company: the event's subject."""

    company_id: UUID
    role: Literal["buyer", "approver"]


class CompanyMemberSetV1(Event):
    """Somebody may buy or approve for a company."""

    type: Literal["company_member_set"] = "company_member_set"
    version: Literal[1] = 1
    data: MemberV1


class QuoteV1(Strict):
    """What a company would buy; once approved there is an order of the same id."""

    quote_id: UUID
    company_id: UUID
    currency: Currency
    total_minor: Minor
    lines: int = Field(ge=1, le=500, description="How many.")


class QuoteRequestedV1(Event):
    """A buyer wants to buy."""

    type: Literal["quote_requested"] = "quote_requested"
    version: Literal[1] = 1
    data: QuoteV1


class ApprovedQuoteV1(Strict):
    """A quote that became an order."""

    quote_id: UUID
    company_id: UUID
    currency: Currency
    total_minor: Minor
    needed_approver: bool = Field(description="False if it was cheap enough to need none.")


class QuoteApprovedV1(Event):
    """A quote became an order; the subject approved it, or requested it if that was enough."""

    type: Literal["quote_approved"] = "quote_approved"
    version: Literal[1] = 1
    data: ApprovedQuoteV1


class InvoiceV1(Strict):
    """What a company owes for an order."""

    invoice_id: UUID
    company_id: UUID
    order_id: UUID
    currency: Currency
    total_minor: Minor
    term_days: int = Field(ge=0, le=365)


class InvoiceIssuedV1(Event):
    """A company owes for an order."""

    type: Literal["invoice_issued"] = "invoice_issued"
    version: Literal[1] = 1
    data: InvoiceV1


class PaidInvoiceV1(Strict):
    """An invoice and how long it took."""

    invoice_id: UUID
    company_id: UUID
    currency: Currency
    total_minor: Minor
    days_late: int = Field(ge=0, description="Whole days after it was due; 0 if in time.")


class InvoicePaidV1(Event):
    """A company has paid an invoice."""

    type: Literal["invoice_paid"] = "invoice_paid"
    version: Literal[1] = 1
    data: PaidInvoiceV1
