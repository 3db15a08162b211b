"""What the payment provider tells: a payment is authorised, or was charged back."""

from __future__ import annotations

from typing import cast, get_args
from uuid import NAMESPACE_URL, uuid5

from storefront_api.checkouts import repository
from storefront_api.checkouts.completion import NotPaidError, complete
from storefront_api.checkouts.service import CheckoutClosedError
from storefront_api.payments.schemas import DisputeIn, DisputeReason
from storefront_api.payments.service import dispute
from storefront_api.platform.payment_provider import Notice
from storefront_api.services import Services


async def take(services: Services, told: Notice, trace_id: str) -> bool:
    """Do what a notice asks for and return whether there was anything to do.

    Raises
    ------
    AwayError
        If the provider does not answer; it will tell again.
    """
    checkout = await repository.of_intent(services.pool, told.intent_id)
    if checkout is None:
        return False
    if told.kind == "authorized":
        try:
            return await complete(services, checkout, trace_id)
        except (NotPaidError, CheckoutClosedError):
            # It came too late: the payment is let go when the checkout is settled.
            return False
    if checkout.state != "completed":
        return False
    known = get_args(DisputeReason)
    reported = DisputeIn(
        dispute_id=uuid5(NAMESPACE_URL, told.notice_id),
        order_id=checkout.checkout_id,
        amount_minor=told.amount_minor,
        reason=cast(DisputeReason, told.reason if told.reason in known else "general"),
        disputed_at=services.clock(),
    )
    return (await dispute(services, reported, trace_id)).recorded
