"""A carrier on one machine: its parcels move with the injected clock, and need no store of theirs.

A tracking number says when its parcel was ready, so that every process tells the same of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.payments.signature import verify
from storefront_api.platform.carrier import (
    CarrierRefusedError,
    CarrierScan,
    ForgedScanError,
    Label,
    Parcel,
    Rate,
)
from storefront_api.platform.clock import Clock
from storefront_api.platform.errors import UnauthenticatedError
from storefront_api.platform.requests import Instant

_NUMBER = re.compile(r"LC-(\d{1,10})-[0-9a-f]{16}")

MAX_GRAMS = 30_000
CURRENCY = "USD"
SERVICES = {"standard": (300, 20, 2), "express": (700, 35, 1)}
"""By service: minor units for a parcel, minor units for each kilogram begun, days."""
JOURNEY = (
    (timedelta(0), ShipmentStatus.ANNOUNCED, "store"),
    (timedelta(hours=1), ShipmentStatus.ACCEPTED, "first depot"),
    (timedelta(hours=6), ShipmentStatus.IN_TRANSIT, "hub"),
    (timedelta(hours=22), ShipmentStatus.OUT_FOR_DELIVERY, "last depot"),
    (timedelta(hours=26), ShipmentStatus.DELIVERED, "door"),
)
"""How long after it was ready a parcel is scanned, and where."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: ShipmentStatus
    scanned_at: Instant
    place: str = Field(max_length=64, pattern=r"^[^\x00]*$")


class _Notice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tracking_number: str = Field(max_length=64, pattern=r"^[A-Za-z0-9-]+$")
    scans: list[_Told] = Field(min_length=1, max_length=100)


class LocalCarrier:
    """A carrier that ships with the store, for one machine and for tests.

    Parameters
    ----------
    secret
        Key of its webhooks' signature; empty admits none.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._voided: set[str] = set()

    async def rate(self, parcel: Parcel) -> Sequence[Rate]:
        """Return what it would cost, cheapest first."""
        self._check(parcel)
        return [self._rated(parcel, service) for service in SERVICES]

    def _rated(self, parcel: Parcel, service: str) -> Rate:
        base, each, days = SERVICES[service]
        kilograms = -(-parcel.mass_grams // 1000)
        return Rate(service, base + each * kilograms, CURRENCY, days)

    @staticmethod
    def _check(parcel: Parcel) -> None:
        if parcel.mass_grams > MAX_GRAMS:
            raise CarrierRefusedError(f"a parcel has at most {MAX_GRAMS} g")

    async def label(self, parcel: Parcel, service: str, idempotency_key: str) -> Label:
        """Buy a label; the same key and parcel give the same number."""
        self._check(parcel)
        if service not in SERVICES:
            raise CarrierRefusedError(f"there is {', '.join(SERVICES)}, and no {service!r}")
        seconds = int(parcel.ready_at.timestamp())
        rate = self._rated(parcel, service)
        digest = hashlib.sha256(idempotency_key.encode()).hexdigest()[:16]
        return Label(f"LC-{seconds}-{digest}", rate.price_minor, rate.currency)

    async def void(self, tracking_number: str) -> None:
        """Give a label back that was not used."""
        if any(scan.kind != ShipmentStatus.ANNOUNCED for scan in await self.track(tracking_number)):
            raise CarrierRefusedError(f"{tracking_number} is on its way")
        self._voided.add(tracking_number)

    async def track(self, tracking_number: str) -> Sequence[CarrierScan]:
        """Return the scans that are due by the clock."""
        match = _NUMBER.fullmatch(tracking_number)
        if match is None:
            raise CarrierRefusedError(f"{tracking_number} is not a number of this carrier's")
        if tracking_number in self._voided:
            return []
        ready, now = datetime.fromtimestamp(int(match[1]), UTC), self._clock()
        return [
            CarrierScan(tracking_number, kind.value, ready + after, place)
            for after, kind, place in JOURNEY
            if ready + after <= now
        ]

    def scans(self, body: bytes, signature: str, now: datetime) -> Sequence[CarrierScan]:
        """Return what a webhook's body tells."""
        try:
            verify(self._secret, signature, body, now)
        except UnauthenticatedError as error:
            raise ForgedScanError(str(error)) from error
        try:
            notice = _Notice.model_validate_json(body)
        except ValidationError as error:
            raise CarrierRefusedError(str(error)) from error
        return [
            CarrierScan(notice.tracking_number, told.kind.value, told.scanned_at, told.place)
            for told in notice.scans
        ]
