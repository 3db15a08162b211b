"""What the store asks of a provider that pays vendors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Transfer:
    """Money that was moved to a vendor's account.

    Parameters
    ----------
    amount_minor
        In minor units of `currency` (ISO 4217, upper case).
    destination
        The provider's name of the vendor's account.
    """

    transfer_id: str
    amount_minor: int
    currency: str
    destination: str


class PayoutProvider(Protocol):
    """A provider of payouts. The same idempotency key moves money once, while it is remembered.

    Every call of it raises `ProviderAwayError` or `ProviderRefusedError`.
    """

    async def transfer(
        self, amount_minor: int, currency: str, destination: str, reference: str
    ) -> Transfer:
        """Move money to a vendor's account; `reference` names it and is its idempotency key."""
        ...

    async def find(self, reference: str) -> Transfer | None:
        """Return what was moved under a reference, however long ago; None if nothing was."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
