"""Stripe as the payment provider, through its own SDK; the local provider speaks the same API.

Payments are authorised first and captured once there is an order: Stripe's manual capture.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import stripe
from opentelemetry.trace import SpanKind

from storefront_api.platform.payment_provider import (
    Card,
    ForgedNoticeError,
    Intent,
    IntentStatus,
    Notice,
    ProviderAwayError,
    ProviderRefusedError,
)
from storefront_api.platform.tracing import span

TIMEOUT_S = 10.0
RETRIES = 2
_AWAY = (stripe.APIConnectionError, stripe.RateLimitError)
_CHARGE = "latest_charge"
_SIGNATURE_AGE_S = 300
_Answer = TypeVar("_Answer")


class StripeProvider:
    """A `PaymentProvider`.

    Parameters
    ----------
    url
        Base URL of the API.
    key
        The account's secret key.
    webhook_secret
        Key of the webhook's signature; empty admits no notice.
    """

    def __init__(self, url: str, key: str, webhook_secret: str) -> None:
        self._http = stripe.AIOHTTPClient(timeout=TIMEOUT_S)
        self._api = stripe.StripeClient(
            key,
            base_addresses={"api": url},
            http_client=self._http,
            max_network_retries=RETRIES,
        ).v1
        self._webhook_secret = webhook_secret

    async def authorize(
        self, amount_minor: int, currency: str, reference: str, idempotency_key: str
    ) -> Intent:
        """Begin a payment that is taken only when it is captured."""
        call = self._api.payment_intents.create_async(
            {
                "amount": amount_minor,
                "currency": currency.lower(),
                "capture_method": "manual",
                "metadata": {"checkout_id": reference},
                "expand": [_CHARGE],
            },
            {"idempotency_key": idempotency_key},
        )
        return _intent(await asked(call))

    async def retrieve(self, intent_id: str) -> Intent:
        """Return how far a payment is."""
        call = self._api.payment_intents.retrieve_async(intent_id, {"expand": [_CHARGE]})
        return _intent(await asked(call))

    async def capture(self, intent_id: str, idempotency_key: str) -> Intent:
        """Take an authorised payment."""
        call = self._api.payment_intents.capture_async(
            intent_id, {"expand": [_CHARGE]}, {"idempotency_key": idempotency_key}
        )
        return _intent(await asked(call))

    async def cancel(self, intent_id: str, idempotency_key: str) -> Intent:
        """Let an authorised payment go."""
        call = self._api.payment_intents.cancel_async(
            intent_id, {"expand": [_CHARGE]}, {"idempotency_key": idempotency_key}
        )
        return _intent(await asked(call))

    async def refund(self, intent_id: str, amount_minor: int, idempotency_key: str) -> str:
        """Give back a part of what was captured and return the refund's id."""
        call = self._api.refunds.create_async(
            {"payment_intent": intent_id, "amount": amount_minor},
            {"idempotency_key": idempotency_key},
        )
        return (await asked(call)).id

    def notice(self, body: bytes, signature: str) -> Notice | None:
        """Return what a webhook's body tells; None if it is of no concern to the store."""
        if not self._webhook_secret:
            raise ForgedNoticeError("no notice is admitted here")
        try:
            event: Any = stripe.Webhook.construct_event(
                body, signature, self._webhook_secret, _SIGNATURE_AGE_S
            )
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise ForgedNoticeError(str(error)) from error
        told = event.data.object
        if event.type == "payment_intent.amount_capturable_updated":
            return Notice("authorized", told.id, told.id, 0, "")
        if event.type == "charge.dispute.created":
            return Notice("disputed", told.payment_intent, told.id, told.amount, told.reason)
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


async def asked(call: Awaitable[_Answer]) -> _Answer:
    """Wait for an answer of the SDK's.

    Raises
    ------
    ProviderAwayError
        If nobody knows what happened.
    ProviderRefusedError
        If the provider will not do it.
    """
    with span("payment provider", SpanKind.CLIENT):
        try:
            return await call
        except _AWAY as error:
            raise ProviderAwayError(str(error)) from error
        except stripe.StripeError as error:
            if (error.http_status or 500) >= 500:
                raise ProviderAwayError(str(error)) from error
            raise ProviderRefusedError(error.user_message or str(error)) from error


def _intent(told: stripe.PaymentIntent) -> Intent:
    charge: Any = told.latest_charge
    card = None
    if charge is not None:
        used = charge.payment_method_details.card
        card = Card(used.fingerprint or "", used.country or "")
    return Intent(
        intent_id=told.id,
        client_secret=told.client_secret or "",
        status=cast(IntentStatus, told.status),
        amount_minor=told.amount,
        currency=told.currency.upper(),
        card=card,
    )
