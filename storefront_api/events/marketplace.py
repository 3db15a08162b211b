"""What the marketplace module publishes: vendors, commission, payouts."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict, Timestamp
from storefront_api.events.parts import Country, Currency, Minor

VendorId = Annotated[str, Field(min_length=1, max_length=64)]
SellerId = Annotated[str, Field(max_length=64, description="Empty: the store's own goods.")]
BasisPoints = Annotated[int, Field(ge=0, le=10_000, description="Hundredths of a percent.")]
VendorState = Literal[
    "submitted",
    "under_review",
    "more_information_wanted",
    "approved",
    "rejected",
    "suspended",
]


class VendorV1(Strict):
    """A vendor and how far it is; what it is called is in the store's own tables alone."""

    vendor_id: VendorId
    state: VendorState
    country: Country


class VendorAppliedV1(Event):
    """Somebody wants to sell; the subject is who applied."""

    type: Literal["vendor_applied"] = "vendor_applied"
    version: Literal[1] = 1
    data: VendorV1


class VendorReviewMovedV1(Event):
    """A review was begun, wants more information, or was given it."""

    type: Literal["vendor_review_moved"] = "vendor_review_moved"
    version: Literal[1] = 1
    data: VendorV1


class VendorApprovedV1(Event):
    """A vendor may sell: reviewed, or brought in with the catalogue, without a subject then."""

    type: Literal["vendor_approved"] = "vendor_approved"
    version: Literal[1] = 1
    data: VendorV1


class VendorRejectedV1(Event):
    """An application was turned down for good."""

    type: Literal["vendor_rejected"] = "vendor_rejected"
    version: Literal[1] = 1
    data: VendorV1


class VendorSuspendedV1(Event):
    """A vendor may not sell until it was reviewed again."""

    type: Literal["vendor_suspended"] = "vendor_suspended"
    version: Literal[1] = 1
    data: VendorV1


class CommissionRuleV1(Strict):
    """A rate and whom it is for; an empty scope is everything."""

    rule_id: UUID
    vendor_id: str = Field(max_length=64)
    category: str = Field(max_length=120)
    product_id: str = Field(max_length=64)
    version: int = Field(ge=1, description="Of the rule for this scope.")
    rate_bp: BasisPoints
    valid_from: Timestamp
    valid_until: Timestamp | None = Field(description="The first instant without it; null = never.")


class CommissionRuleCreatedV1(Event):
    """A rate holds for orders placed in its validity from now on."""

    type: Literal["commission_rule_created"] = "commission_rule_created"
    version: Literal[1] = 1
    data: CommissionRuleV1


class ChargedLineV1(Strict):
    """The commission of one line, by the rate that was frozen with it."""

    line_number: int = Field(ge=1)
    rule_id: UUID | None = Field(description="null = no rule held, and nothing is charged.")
    rate_bp: BasisPoints
    sale_minor: Minor
    commission_minor: Minor


class CommissionV1(Strict):
    """One vendor's part of an order and what it owes for it, the sums over the lines."""

    order_id: UUID
    vendor_id: SellerId
    currency: Currency
    sale_minor: Minor
    commission_minor: Minor
    lines: list[ChargedLineV1] = Field(min_length=1, max_length=500)


class CommissionChargedV1(Event):
    """A vendor's part of an order was placed; it is told even where nothing is charged for it."""

    type: Literal["commission_charged"] = "commission_charged"
    version: Literal[1] = 1
    data: CommissionV1


class ReversedLineV1(Strict):
    """What one line lost, and the commission that comes back with it."""

    line_number: int = Field(ge=1)
    sale_minor: Minor
    commission_minor: Minor


class ReversalV1(Strict):
    """What one refund or chargeback takes from a vendor, and gives back of its commission."""

    cause: Literal["refund", "chargeback"]
    cause_id: UUID = Field(description="The refund or the dispute.")
    order_id: UUID
    vendor_id: SellerId
    currency: Currency
    sale_minor: Minor
    commission_minor: Minor
    lines: list[ReversedLineV1] = Field(min_length=1, max_length=500)


class CommissionReversedV1(Event):
    """A part of a vendor's sale was undone, with its part of the commission."""

    type: Literal["commission_reversed"] = "commission_reversed"
    version: Literal[1] = 1
    data: ReversalV1


class PayoutV1(Strict):
    """Money on its way to a vendor."""

    payout_id: UUID
    run_id: UUID
    vendor_id: VendorId
    currency: Currency
    amount_minor: Minor


class PayoutCreatedV1(Event):
    """A vendor's balance was set aside to be paid."""

    type: Literal["payout_created"] = "payout_created"
    version: Literal[1] = 1
    data: PayoutV1


class PayoutPaidV1(Event):
    """The provider has transferred a payout."""

    type: Literal["payout_paid"] = "payout_paid"
    version: Literal[1] = 1
    data: PayoutV1


class PayoutFailedV1(Event):
    """The provider will not transfer a payout; it is the vendor's balance again."""

    type: Literal["payout_failed"] = "payout_failed"
    version: Literal[1] = 1
    data: PayoutV1
