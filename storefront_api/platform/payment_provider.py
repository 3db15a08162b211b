"""What the store asks of a payment provider, in the provider's own order of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
]


@dataclass(frozen=True)
class Card:
    """The card of a payment, without anything that could be charged.

    Parameters
    ----------
    fingerprint
        The same for the same card, whoever uses it.
    country
        ISO 3166-1 code of its issuer; empty if unknown.
    """

    fingerprint: str
    country: str


@dataclass(frozen=True)
class Intent:
    """A payment on its way.

    Parameters
    ----------
    client_secret
        By which the shopper's client pays with the provider; never stored.
    amount_minor
        What is to be paid, in minor units of `currency` (ISO 4217, upper case).
    card
        None until one was used.
    """

    intent_id: str
    client_secret: str
    status: IntentStatus
    amount_minor: int
    currency: str
    card: Card | None


@dataclass(frozen=True)
class Notice:
    """What a provider tells of itself, with its signature checked.

    Parameters
    ----------
    kind
        `authorized`: ask for the payment; `disputed`: the shopper's bank took money back.
    notice_id
        The provider's name of what it tells of: a dispute's id, or the intent's.
    amount_minor
        What is disputed; 0 for other kinds.
    """

    kind: Literal["authorized", "disputed"]
    intent_id: str
    notice_id: str
    amount_minor: int
    reason: str


class ForgedNoticeError(Exception):
    """The signature does not match, or is too old."""


class ProviderAwayError(Exception):
    """Transient: nobody knows what happened; the same call with the same key tells."""


class ProviderRefusedError(Exception):
    """Permanent: the provider will not do this, however often it is asked."""


class PaymentProvider(Protocol):
    """A payment provider. The same idempotency key does the same thing once.

    Every call of it raises `ProviderAwayError` or `ProviderRefusedError`.
    """

    async def authorize(
        self, amount_minor: int, currency: str, reference: str, idempotency_key: str
    ) -> Intent:
        """Begin a payment that is taken only when it is captured."""
        ...

    async def retrieve(self, intent_id: str) -> Intent:
        """Return how far a payment is."""
        ...

    async def capture(self, intent_id: str, idempotency_key: str) -> Intent:
        """Take an authorised payment."""
        ...

    async def cancel(self, intent_id: str, idempotency_key: str) -> Intent:
        """Let an authorised payment go."""
        ...

    async def refund(self, intent_id: str, amount_minor: int, idempotency_key: str) -> str:
        """Give back a part of what was captured and return the refund's id."""
        ...

    def notice(self, body: bytes, signature: str) -> Notice | None:
        """Return what a webhook's body tells; None if it is of no concern to the store.

        Raises
        ------
        ForgedNoticeError
            If the provider did not send it, or not lately.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
