"""What gift cards and loyalty points publish."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict, Timestamp
from storefront_api.events.parts import Currency, Minor

Points = Annotated[int, Field(ge=0, le=2**53 - 1, description="Loyalty points.")]
RuleId = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="Of a rule.")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="Of the rule of that id.")]
BasisPoints = Annotated[int, Field(ge=0, le=1_000_000, description="1,000 are a tenth.")]


class GiftcardV1(Strict):
    """A gift card as it was issued; its code is nowhere but with whom it was given to."""

    giftcard_id: UUID
    currency: Currency
    amount_minor: Minor
    reason: Literal["goodwill", "promotion", "compensation"]
    expires_at: Timestamp | None = Field(description="The first instant without it; null = never.")


class GiftcardIssuedV1(Event):
    """A gift card can be used."""

    type: Literal["giftcard_issued"] = "giftcard_issued"
    version: Literal[1] = 1
    data: GiftcardV1


class GiftcardUseV1(Strict):
    """A part of a checkout that a gift card pays."""

    giftcard_id: UUID
    checkout_id: UUID = Field(description="The order's id too, if there is one.")
    currency: Currency
    amount_minor: Minor


class GiftcardRedeemedV1(Event):
    """An order was made that a gift card has paid a part of."""

    type: Literal["giftcard_redeemed"] = "giftcard_redeemed"
    version: Literal[1] = 1
    data: GiftcardUseV1


class GiftcardReleasedV1(Event):
    """A checkout ended without an order and gave back what it kept of a gift card."""

    type: Literal["giftcard_released"] = "giftcard_released"
    version: Literal[1] = 1
    data: GiftcardUseV1


class GiftcardBackV1(Strict):
    """A part of a refund that went back to a gift card."""

    giftcard_id: UUID
    refund_id: UUID
    order_id: UUID
    currency: Currency
    amount_minor: Minor


class GiftcardRefundedV1(Event):
    """A refund has brought money back to a gift card."""

    type: Literal["giftcard_refunded"] = "giftcard_refunded"
    version: Literal[1] = 1
    data: GiftcardBackV1


class LoyaltyRuleV1(Strict):
    """What orders bring in points, and what points pay; holds until a later one starts."""

    rule_id: RuleId
    rule_version: Version
    currency: Currency
    earn_basis_points: BasisPoints = Field(description="Points for 10,000 minor units.")
    spend_basis_points: BasisPoints = Field(description="Minor units for 10,000 points.")
    expires_after_days: int = Field(ge=1, le=36_500)
    source: str = Field(max_length=200, description="Who decided it, and where.")
    starts_at: Timestamp


class LoyaltyRuleCreatedV1(Event):
    """A rule about points holds from its start on."""

    type: Literal["loyalty_rule_created"] = "loyalty_rule_created"
    version: Literal[1] = 1
    data: LoyaltyRuleV1


class EarnedV1(Strict):
    """Points that an order has brought."""

    order_id: UUID
    rule_id: RuleId
    rule_version: Version
    points: Points
    expires_after_days: int = Field(ge=1, le=36_500)


class LoyaltyEarnedV1(Event):
    """A customer has earned points."""

    type: Literal["loyalty_earned"] = "loyalty_earned"
    version: Literal[1] = 1
    data: EarnedV1


class SpentV1(Strict):
    """Points that have paid a part of an order."""

    order_id: UUID
    points: Points
    currency: Currency
    amount_minor: Minor


class LoyaltySpentV1(Event):
    """A customer has paid with points."""

    type: Literal["loyalty_spent"] = "loyalty_spent"
    version: Literal[1] = 1
    data: SpentV1


class ExpiredV1(Strict):
    """Points that were not spent in time."""

    points: Points


class LoyaltyExpiredV1(Event):
    """A lot of a customer's points has expired."""

    type: Literal["loyalty_expired"] = "loyalty_expired"
    version: Literal[1] = 1
    data: ExpiredV1


class ReversedV1(Strict):
    """What a refund did to points."""

    refund_id: UUID
    order_id: UUID
    taken_points: Points = Field(description="Of those that the order had brought.")
    missing_points: Points = Field(description="Were to be taken too, but are spent already.")
    restored_points: Points = Field(description="Of those that had paid for the order.")


class LoyaltyReversedV1(Event):
    """A refund took back points that the order had brought, or gave back those it had cost."""

    type: Literal["loyalty_reversed"] = "loyalty_reversed"
    version: Literal[1] = 1
    data: ReversedV1
