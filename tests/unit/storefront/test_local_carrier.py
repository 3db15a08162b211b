"""The carrier that ships with the store: its parcels move with the clock that it is given."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from storefront_api.fulfilment.local_carrier import JOURNEY, MAX_GRAMS, LocalCarrier
from storefront_api.payments.signature import sign
from storefront_api.platform.carrier import (
    CarrierRefusedError,
    ForgedScanError,
    Parcel,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def carrier(clock: Clock) -> LocalCarrier:
    return LocalCarrier("secret", clock)


PARCEL = Parcel(mass_grams=1200, distance_km=5.0, ready_at=START)


async def test_the_cheapest_rate_comes_first_and_is_what_the_label_costs(
    carrier: LocalCarrier,
) -> None:
    rates = await carrier.rate(PARCEL)
    assert [rate.price_minor for rate in rates] == sorted(rate.price_minor for rate in rates)
    label = await carrier.label(PARCEL, rates[0].service, "key")
    assert (label.price_minor, label.currency) == (rates[0].price_minor, rates[0].currency)


async def test_the_same_key_buys_the_same_label_later_and_elsewhere_too(
    carrier: LocalCarrier, clock: Clock
) -> None:
    first = await carrier.label(PARCEL, "express", "key")
    clock.now += timedelta(hours=3)
    again = await LocalCarrier("secret", clock).label(PARCEL, "express", "key")
    other = await carrier.label(PARCEL, "express", "another")
    assert first == again
    assert other.tracking_number != first.tracking_number


async def test_a_parcel_is_scanned_as_time_goes_by(carrier: LocalCarrier, clock: Clock) -> None:
    number = (await carrier.label(PARCEL, "standard", "key")).tracking_number
    for scanned, (after, _, _) in enumerate(JOURNEY, 1):
        clock.now = START + after
        assert len(await carrier.track(number)) == scanned
    told = [scan.kind for scan in await carrier.track(number)]
    assert told == [kind.value for _, kind, _ in JOURNEY]


async def test_a_label_is_given_back_only_before_the_parcel_is_on_its_way(
    carrier: LocalCarrier, clock: Clock
) -> None:
    used, unused = [
        (await carrier.label(PARCEL, "standard", key)).tracking_number for key in ("a", "b")
    ]
    await carrier.void(unused)
    await carrier.void(unused)
    clock.now += timedelta(days=2)
    assert await carrier.track(unused) == []
    with pytest.raises(CarrierRefusedError, match="on its way"):
        await carrier.void(used)


async def test_what_it_does_not_carry_or_know_is_refused(carrier: LocalCarrier) -> None:
    heavy = Parcel(MAX_GRAMS + 1, 1.0, START)
    with pytest.raises(CarrierRefusedError, match="at most"):
        await carrier.rate(heavy)
    with pytest.raises(CarrierRefusedError, match="at most"):
        await carrier.label(heavy, "standard", "key")
    with pytest.raises(CarrierRefusedError, match="rocket"):
        await carrier.label(PARCEL, "rocket", "key")
    with pytest.raises(CarrierRefusedError, match="not a number"):
        await carrier.track("XX-1")


def test_only_what_it_signed_lately_is_believed(carrier: LocalCarrier) -> None:
    scan = {"kind": "accepted", "scanned_at": START.isoformat(), "place": "hub"}
    body = json.dumps({"tracking_number": "LC-1-a", "scans": [scan]}).encode()
    header = sign("secret", body, START)
    told = carrier.scans(body, header, START)
    assert [(each.tracking_number, each.kind) for each in told] == [("LC-1-a", "accepted")]
    for signature, at in ((sign("other", body, START), START), (header, START + timedelta(days=1))):
        with pytest.raises(ForgedScanError):
            carrier.scans(body, signature, at)
    with pytest.raises(ForgedScanError):
        LocalCarrier("", Clock()).scans(body, sign("", body, START), START)
    with pytest.raises(CarrierRefusedError):
        carrier.scans(b"{}", sign("secret", b"{}", START), START)
