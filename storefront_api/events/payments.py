"""What the payment module publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor


class DisputeV1(Strict):
    """A chargeback: the cardholder's bank takes the money back, days after the order."""

    dispute_id: UUID
    order_id: UUID
    currency: Currency
    amount_minor: Minor
    reason: Literal["fraudulent", "product_not_received", "duplicate", "general"]


class PaymentDisputedV1(Event):
    """A payment was charged back."""

    type: Literal["payment_disputed"] = "payment_disputed"
    version: Literal[1] = 1
    data: DisputeV1
