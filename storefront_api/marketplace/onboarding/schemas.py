"""Requests and answers about vendors."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.marketplace.onboarding.states import State
from storefront_api.notifications.schemas import Address

PaperKind = Literal["registration", "identity", "tax", "certificate"]
NEEDED: frozenset[PaperKind] = frozenset({"registration", "identity"})
"""Papers without which nobody is approved."""


class ApplicationIn(BaseModel):
    """Who wants to sell."""

    model_config = ConfigDict(extra="forbid")

    display_name: str = Field(min_length=1, max_length=80, description="As shoppers see it.")
    legal_name: str = Field(min_length=1, max_length=200)
    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 code.")
    registration_number: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9./ -]+$")
    contact_email: Address
    about: str = Field(default="", max_length=2_000, description="What is sold, and why it lasts.")


class DecisionIn(BaseModel):
    """What a reviewer decides."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["begin_review", "approve", "reject", "ask", "suspend"]
    note: str = Field(
        default="", max_length=2_000, description="The reason; needed unless a review begins."
    )


class PayoutAccountIn(BaseModel):
    """Where a vendor's money goes."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field(
        pattern="^acct_[A-Za-z0-9]{4,64}$",
        description="The provider's connected account.",
        examples=["acct_1Nv0FGQ9RKHgCVdK"],
    )


class PaperOut(BaseModel):
    """A paper without its content."""

    paper_id: UUID
    kind: PaperKind
    filename: str
    media_type: str
    size_bytes: int
    sha256: str = Field(description="Of the content, in hexadecimal digits.")
    uploaded_at: datetime


class VendorOut(BaseModel):
    """A vendor as it sees itself."""

    vendor_id: str
    state: State
    display_name: str
    legal_name: str
    country: str
    registration_number: str
    contact_email: str
    about: str
    created_at: datetime
    updated_at: datetime
    papers: list[PaperOut]
    note: str = Field(description="What the latest decision said; empty if it said nothing.")


class LogEntry(BaseModel):
    """Who did what, and what state followed."""

    action: str
    state: State
    actor: str = Field(description="A pseudonym.")
    note: str
    logged_at: datetime


class CheckOut(BaseModel):
    """What a check of the company found."""

    check_id: UUID
    outcome: Literal["clear", "consider", "refused"]
    provider_reference: str
    checked_at: datetime


class ReviewOut(VendorOut):
    """A vendor as a reviewer sees it."""

    payout_account: str
    checks: list[CheckOut]
    log: list[LogEntry]


class VendorLine(BaseModel):
    """A vendor in a list."""

    vendor_id: str
    state: State
    display_name: str
    country: str
    updated_at: datetime


class VendorPage(BaseModel):
    """Some vendors, and where the next page begins."""

    vendors: list[VendorLine]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")
