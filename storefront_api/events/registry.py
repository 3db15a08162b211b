"""Every event that exists, by topic, type and version."""

from __future__ import annotations

import json
from typing import Any

from storefront_api.events.alerts import AlertRemovedV1, AlertSetV1, AlertTriggeredV1
from storefront_api.events.business import (
    CompanyCreatedV1,
    CompanyMemberSetV1,
    InvoiceIssuedV1,
    InvoicePaidV1,
    QuoteApprovedV1,
    QuoteRequestedV1,
)
from storefront_api.events.carts import (
    CartMergedV1,
    CartUpdatedV1,
    CheckoutEndedV1,
    CheckoutOpenedV1,
)
from storefront_api.events.catalog import (
    CategoryChangedV1,
    ImportFinishedV1,
    OfferChangedV1,
    ProductArchivedV1,
    ProductCreatedV1,
    ProductDescribedV1,
    ProductRestoredV1,
    ProductUpdatedV1,
    VariantCreatedV1,
)
from storefront_api.events.clickstream import (
    CartViewedV1,
    CheckoutStartedV1,
    ProductAddedV1,
    ProductClickedV1,
    ProductListViewedV1,
    ProductRemovedV1,
    ProductsSearchedV1,
    ProductViewedV1,
)
from storefront_api.events.decisions import DecisionMadeV1
from storefront_api.events.envelope import Event
from storefront_api.events.fulfilment import (
    DepositReturnedV1,
    PackagingChosenV1,
    ShipmentCreatedV1,
    ShipmentDeliveredV1,
    ShipmentStatusChangedV1,
)
from storefront_api.events.identity import (
    EmailVerifiedV1,
    LoggedInV1,
    LoginFailedV1,
    MfaChallengedV1,
    MfaEnrolledV1,
    MfaFailedV1,
    MfaPassedV1,
    MfaRemovedV1,
    PasswordChangedV1,
    PreferencesChangedV1,
    RoleChangedV1,
    SessionRevokedV1,
    UserRegisteredV1,
)
from storefront_api.events.interactions import INTERACTIONS
from storefront_api.events.inventory import (
    LowStockV1,
    StockAllocatedV1,
    StockChangedV1,
    StockDeallocatedV1,
    StockReleasedV1,
    StockReservedV1,
    StockTransferredV1,
    WarehouseChangedV1,
    WarehouseStockChangedV1,
)
from storefront_api.events.ledger import (
    GiftcardIssuedV1,
    GiftcardRedeemedV1,
    GiftcardRefundedV1,
    GiftcardReleasedV1,
    LoyaltyEarnedV1,
    LoyaltyExpiredV1,
    LoyaltyReversedV1,
    LoyaltyRuleCreatedV1,
    LoyaltySpentV1,
)
from storefront_api.events.marketplace import (
    CommissionChargedV1,
    CommissionReversedV1,
    CommissionRuleCreatedV1,
    PayoutCreatedV1,
    PayoutFailedV1,
    PayoutPaidV1,
    VendorAppliedV1,
    VendorApprovedV1,
    VendorRejectedV1,
    VendorReviewMovedV1,
    VendorSuspendedV1,
)
from storefront_api.events.notifications import (
    NotificationFailedV1,
    NotificationQueuedV1,
    NotificationSentV1,
    RecipientSuppressedV1,
)
from storefront_api.events.orders import (
    OrderCancelledV1,
    OrderCompletedV1,
    OrderCompletedV2,
    OrderCompletedV3,
    OrderRefundedV1,
    OrderRefundedV2,
)
from storefront_api.events.payments import PaymentDisputedV1, PaymentSettledV1
from storefront_api.events.pricing import PriceChangedV1, PriceRuleCreatedV1
from storefront_api.events.privacy import SubjectErasedV1
from storefront_api.events.promotions import CouponAppliedV1, PromotionCreatedV1
from storefront_api.events.returns import (
    ReturnApprovedV1,
    ReturnReceivedV1,
    ReturnReceivedV2,
    ReturnRejectedV1,
    ReturnRequestedV1,
)
from storefront_api.events.scores import ScoreChangedV1
from storefront_api.events.social import (
    ReviewDeletedV1,
    ReviewEditedV1,
    ReviewModeratedV1,
    ReviewPostedV1,
    ReviewVotedV1,
    VendorFollowedV1,
    VendorUnfollowedV1,
)
from storefront_api.events.topics import Topic

EVENTS: dict[Topic, tuple[type[Event], ...]] = {
    Topic.CATALOG: (
        ProductCreatedV1,
        ProductUpdatedV1,
        PromotionCreatedV1,
        VariantCreatedV1,
        ProductDescribedV1,
        ProductArchivedV1,
        ProductRestoredV1,
        CategoryChangedV1,
        OfferChangedV1,
        ScoreChangedV1,
        ImportFinishedV1,
    ),
    Topic.ORDERS: (
        OrderCompletedV1,
        OrderCompletedV2,
        OrderCompletedV3,
        OrderRefundedV1,
        OrderRefundedV2,
        CouponAppliedV1,
        OrderCancelledV1,
    ),
    Topic.PAYMENTS: (
        PaymentDisputedV1,
        PaymentSettledV1,
    ),
    Topic.INVENTORY: (
        StockChangedV1,
        StockReservedV1,
        StockReleasedV1,
        LowStockV1,
        StockAllocatedV1,
        StockDeallocatedV1,
        StockTransferredV1,
        WarehouseStockChangedV1,
        WarehouseChangedV1,
    ),
    Topic.CARTS: (
        CartUpdatedV1,
        CartMergedV1,
        CheckoutOpenedV1,
        CheckoutEndedV1,
    ),
    Topic.IDENTITY: (
        UserRegisteredV1,
        EmailVerifiedV1,
        PasswordChangedV1,
        LoggedInV1,
        LoginFailedV1,
        SessionRevokedV1,
        MfaEnrolledV1,
        MfaRemovedV1,
        MfaChallengedV1,
        MfaPassedV1,
        MfaFailedV1,
        RoleChangedV1,
        PreferencesChangedV1,
        SubjectErasedV1,
    ),
    Topic.LEDGER: (
        GiftcardIssuedV1,
        GiftcardRedeemedV1,
        GiftcardReleasedV1,
        GiftcardRefundedV1,
        LoyaltyRuleCreatedV1,
        LoyaltyEarnedV1,
        LoyaltySpentV1,
        LoyaltyExpiredV1,
        LoyaltyReversedV1,
    ),
    Topic.PRICING: (
        PriceRuleCreatedV1,
        PriceChangedV1,
        AlertSetV1,
        AlertTriggeredV1,
        AlertRemovedV1,
    ),
    Topic.BUSINESS: (
        CompanyCreatedV1,
        CompanyMemberSetV1,
        QuoteRequestedV1,
        QuoteApprovedV1,
        InvoiceIssuedV1,
        InvoicePaidV1,
    ),
    Topic.FULFILMENT: (
        ShipmentCreatedV1,
        ShipmentStatusChangedV1,
        ShipmentDeliveredV1,
        PackagingChosenV1,
        DepositReturnedV1,
    ),
    Topic.RETURNS: (
        ReturnRequestedV1,
        ReturnApprovedV1,
        ReturnRejectedV1,
        ReturnReceivedV1,
        ReturnReceivedV2,
    ),
    Topic.MARKETPLACE: (
        VendorAppliedV1,
        VendorReviewMovedV1,
        VendorApprovedV1,
        VendorRejectedV1,
        VendorSuspendedV1,
        CommissionRuleCreatedV1,
        CommissionChargedV1,
        CommissionReversedV1,
        PayoutCreatedV1,
        PayoutPaidV1,
        PayoutFailedV1,
    ),
    Topic.SOCIAL: (
        ReviewPostedV1,
        ReviewEditedV1,
        ReviewDeletedV1,
        ReviewModeratedV1,
        ReviewVotedV1,
        VendorFollowedV1,
        VendorUnfollowedV1,
    ),
    Topic.NOTIFICATIONS: (
        NotificationQueuedV1,
        NotificationSentV1,
        NotificationFailedV1,
        RecipientSuppressedV1,
    ),
    Topic.CLICKSTREAM: (
        ProductListViewedV1,
        ProductsSearchedV1,
        ProductClickedV1,
        ProductViewedV1,
        ProductAddedV1,
        ProductRemovedV1,
        CartViewedV1,
        CheckoutStartedV1,
        *INTERACTIONS,
    ),
    Topic.DECISIONS: (DecisionMadeV1,),
}
"""The events of each topic; within a topic a type and version occur once."""


class UnknownEventError(ValueError):
    """A payload names a type and version that no schema of its topic has."""


class UnknownVersionError(UnknownEventError):
    """A payload names a version that its type does not have, or not yet."""


def name_of(event: type[Event]) -> tuple[str, int]:
    """Return the type and version that an event class stands for."""
    fields = event.model_fields
    return fields["type"].default, fields["version"].default


_BY_NAME = {(topic, *name_of(event)): event for topic, events in EVENTS.items() for event in events}


def schema_of(topic: Topic, type_: str, version: int) -> type[Event]:
    """Return the event class for a type and version of a topic.

    Raises
    ------
    UnknownVersionError
        If the topic has the type, but not in this version.
    UnknownEventError
        If the topic has no such type.
    """
    try:
        return _BY_NAME[topic, type_, version]
    except KeyError:
        versions = sorted(v for p, t, v in _BY_NAME if (p, t) == (topic, type_))
        if versions:
            raise UnknownVersionError(
                f"version: unknown version {version} of {type_}; {topic} has "
                f"{', '.join(map(str, versions))}"
            ) from None
        known = sorted(f"{t} v{v}" for p, t, v in _BY_NAME if p is topic)
        raise UnknownEventError(
            f"type: {type_!r} v{version} is not an event of {topic}; it has {', '.join(known)}"
        ) from None


def parse(topic: Topic, payload: bytes | str) -> Event:
    """Parse and validate one event of a topic.

    Raises
    ------
    UnknownEventError
        If the payload is not an object, or names no known event.
    pydantic.ValidationError
        If a field breaks its rule; the error names the field.
    """
    try:
        head = json.loads(payload)
    except ValueError as error:
        raise UnknownEventError(f"payload: not JSON ({error})") from None
    if not isinstance(head, dict):
        raise UnknownEventError("payload: an event is a JSON object")
    event = schema_of(topic, str(head.get("type")), _version(head.get("version")))
    return event.model_validate_json(payload)


def _version(value: Any) -> int:
    return value if isinstance(value, int) else 0


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every event, keyed ``<topic>/<type>.v<version>``."""
    schemas = {}
    for topic, events in EVENTS.items():
        for event in events:
            type_, version = name_of(event)
            schemas[f"{topic}/{type_}.v{version}"] = event.model_json_schema()
    return schemas
