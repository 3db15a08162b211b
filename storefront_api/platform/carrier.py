"""What the store asks of a carrier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Parcel:
    """What is to be carried.

    Parameters
    ----------
    ready_at
        When the carrier may fetch it.
    """

    mass_grams: int
    distance_km: float
    ready_at: datetime


@dataclass(frozen=True)
class Rate:
    """What a carrier asks for a parcel, in minor units of `currency` (ISO 4217)."""

    service: str
    price_minor: int
    currency: str
    days: int


@dataclass(frozen=True)
class Label:
    """A parcel's label: it may be handed over now."""

    tracking_number: str
    price_minor: int
    currency: str


@dataclass(frozen=True)
class CarrierScan:
    """A scan as a carrier tells it.

    Parameters
    ----------
    kind
        One of the contract's shipment statuses, from `announced` on.
    place
        A depot's name; never an address.
    """

    tracking_number: str
    kind: str
    scanned_at: datetime
    place: str


class ForgedScanError(Exception):
    """The signature does not match, or is too old."""


class CarrierAwayError(Exception):
    """Transient: nobody knows what happened; the same call with the same key tells."""


class CarrierRefusedError(Exception):
    """Permanent: the carrier will not do this, however often it is asked."""


class Carrier(Protocol):
    """A carrier. Every call of it raises `CarrierAwayError` or `CarrierRefusedError`."""

    async def rate(self, parcel: Parcel) -> Sequence[Rate]:
        """Return what it would cost, cheapest first."""
        ...

    async def label(self, parcel: Parcel, service: str, idempotency_key: str) -> Label:
        """Buy a label. The same idempotency key buys the same one once."""
        ...

    async def void(self, tracking_number: str) -> None:
        """Give a label back that was not used; one that was given back stays so."""
        ...

    async def track(self, tracking_number: str) -> Sequence[CarrierScan]:
        """Return all scans of a parcel so far."""
        ...

    def scans(self, body: bytes, signature: str, now: datetime) -> Sequence[CarrierScan]:
        """Return what a webhook's body tells.

        Raises
        ------
        ForgedScanError
            If the carrier did not send it, or not lately.
        CarrierRefusedError
            If it is signed and cannot be read.
        """
        ...
