"""Where the online store keeps features, and how one order's are computed from what it holds.

The stream consumer writes these keys and serving reads them; neither may import the other, so the
layout and the arithmetic live here. Instants are epoch milliseconds, UTC. Windows are closed at
their start and open at the order: ``[at - window, at)``. An empty identifier has no history.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from models.features.order_fraud import ORDER_FRAUD
from models.features.view import Source

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
VELOCITY_RETENTION_MS = 2 * DAY_MS
"""A day's window, and a day for orders that arrive late; older members are trimmed."""
RECENT_LENGTH = 50
"""Products that `recent` keeps of a shopper: the latest."""
AS_OF = "as_of"
"""Field of a batch hash: the day at whose start its features are as of, ISO 8601."""
BATCH_AS_OF_KEY = "batch:shopper.as_of"
"""The day that was last published for every shopper."""

COUNTED_IN_DAYS = ("days_since_first_order", "days_since_last_order")
"""Batch features that grow by one a day, published or not."""

VelocityKind = Literal["card", "device", "shopper"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def epoch_ms(instant: datetime) -> int:
    """Return an aware instant as epoch milliseconds, cut to the millisecond."""
    return (instant - _EPOCH) // _MILLISECOND


def velocity_key(kind: VelocityKind, identifier: str) -> str:
    """Return the sorted set of the orders of a card, device or shopper, scored by their instant."""
    return f"velocity:{kind}:{identifier}"


def velocity_member(order_id: str, amount_minor: int) -> str:
    """Return an order's member; it names the order, so writing it twice counts once."""
    return f"{order_id}:{amount_minor}"


def known_key(subject: str) -> str:
    """Return the sorted set of a shopper's cards and devices, scored by their first order."""
    return f"known:{subject}"


def known_member(kind: Literal["card", "device"], identifier: str) -> str:
    """Return the member of a card or device in its shopper's known set."""
    return f"{kind}:{identifier}"


def recent_key(subject: str) -> str:
    """Return the sorted set of the SKUs that a shopper met, scored by the latest time."""
    return f"recent:{subject}"


def batch_key(subject: str) -> str:
    """Return the hash of a shopper's batch features, one field each, and `AS_OF`."""
    return f"batch:shopper:{subject}"


def encode_batch(as_of: date, row: Mapping[str, float | int | None]) -> dict[str, str]:
    """Return a shopper's batch features as the fields of one hash.

    Every field is written each time, a missing value as an empty string, so that one HSET
    replaces a day as a whole.

    Raises
    ------
    KeyError
        If the row lacks a batch feature of the view.
    """
    fields = {AS_OF: as_of.isoformat()}
    for feature in ORDER_FRAUD.of(Source.BATCH):
        value = row[feature.name]
        fields[feature.name] = _text(feature.dtype, value)
    return fields


def decode_batch(fields: Mapping[str, str]) -> tuple[date | None, dict[str, float | None]]:
    """Return the day and the features of a batch hash; nothing is known of an empty one.

    Raises
    ------
    ValueError
        If a field is not a number, or the day not a date: somebody else wrote the hash.
    """
    day = fields.get(AS_OF)
    values = {feature.name: fields.get(feature.name) for feature in ORDER_FRAUD.of(Source.BATCH)}
    numbers = {name: float(value) if value else None for name, value in values.items()}
    return (date.fromisoformat(day) if day else None), numbers


def aged(values: Mapping[str, float | None], days: int) -> dict[str, float | None]:
    """Return batch features as a later day's, as far as they follow from the calendar alone."""
    grown = {name: value + days for name in COUNTED_IN_DAYS if (value := values[name]) is not None}
    return {**values, **grown}


def stream_features(
    *,
    at_ms: int,
    card_orders: Iterable[tuple[str, float]],
    device_orders: int,
    shopper_orders: int,
    card_known_since: float | None,
    device_known_since: float | None,
) -> dict[str, float | None]:
    """Compute an order's stream features from what the online store holds.

    Parameters
    ----------
    at_ms
        The order's instant, epoch milliseconds.
    card_orders
        Members and scores of the card's orders in ``[at - 24 h, at)``.
    device_orders, shopper_orders
        Orders of the device and of the shopper in ``[at - 24 h, at)``.
    card_known_since, device_known_since
        Instant of the shopper's first order by this card or device; None if there is none.
    """
    day = list(card_orders)
    return {
        "card_orders_1h": sum(score >= at_ms - HOUR_MS for _, score in day),
        "card_orders_24h": len(day),
        "card_amount_24h_minor": sum(_amount(member) for member, _ in day),
        "device_orders_24h": device_orders,
        "shopper_orders_24h": shopper_orders,
        "known_card": _before(card_known_since, at_ms),
        "known_device": _before(device_known_since, at_ms),
    }


def latest(times: Mapping[str, int], length: int = RECENT_LENGTH) -> Sequence[tuple[str, int]]:
    """Return the latest entries in the order in which a sorted set would keep them."""
    return sorted(times.items(), key=lambda entry: (entry[1], entry[0]), reverse=True)[:length]


def _amount(member: str) -> int:
    return int(member.rpartition(":")[2])


def _before(since: float | None, at_ms: int) -> int:
    return int(since is not None and since < at_ms)


def _text(dtype: str, value: float | int | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return repr(int(value) if dtype == "int64" else float(value))
