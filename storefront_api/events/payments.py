"""What the payment module publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor


class DisputeV1(Strict):
    """A chargeback: the cardholder's bank takes the money back, days after the order."""

    dispute_id: UUID
    order_id: UUID
    currency: Currency
    amount_minor: Minor
    reason: Literal["fraudulent", "product_not_received", "duplicate", "general"]


class SettlementV1(Strict):
    """What became of a card payment: taken, let go unpaid for, or refused by the provider."""

    checkout_id: UUID = Field(description="The order's id too, if there is one.")
    currency: Currency
    amount_minor: Minor
    outcome: Literal["captured", "released", "refused"]


class PaymentSettledV1(Event):
    """The provider has done what the store decided about a payment."""

    type: Literal["payment_settled"] = "payment_settled"
    version: Literal[1] = 1
    data: SettlementV1


class PaymentDisputedV1(Event):
    """A payment was charged back."""

    type: Literal["payment_disputed"] = "payment_disputed"
    version: Literal[1] = 1
    data: DisputeV1
