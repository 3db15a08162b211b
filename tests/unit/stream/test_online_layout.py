"""What is written for a shopper or an order is what is read back."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import ORDER_FRAUD, Source
from models.features.online import (
    DAY_MS,
    HOUR_MS,
    decode_batch,
    encode_batch,
    epoch_ms,
    stream_features,
    velocity_member,
)

AT = 1_514_102_400_000
NAMES = [feature.name for feature in ORDER_FRAUD.of(Source.BATCH)]
DAY = date(2017, 12, 29)


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**50)), min_size=5, max_size=5))
def test_batch_features_survive_the_store(values: list[int | None]) -> None:
    row = dict(zip(NAMES, values, strict=True))
    assert decode_batch(encode_batch(DAY, row)) == (DAY, row)


def test_missing_values_are_written_so_that_they_replace_older_ones() -> None:
    fields = encode_batch(DAY, dict.fromkeys(NAMES, math.nan))
    assert fields == {"as_of": "2017-12-29"} | dict.fromkeys(NAMES, "")


def test_nothing_is_known_of_a_shopper_without_a_hash() -> None:
    assert decode_batch({}) == (None, dict.fromkeys(NAMES))


def test_a_row_without_a_feature_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="refunds_90d"):
        encode_batch(DAY, {name: 1 for name in NAMES if name != "refunds_90d"})


def test_stream_features_count_by_window_and_sum_by_member() -> None:
    orders = [
        (velocity_member("a:b", 100), AT - DAY_MS),
        (velocity_member("c", 20), AT - HOUR_MS - 1),
        (velocity_member("d", 3), AT - HOUR_MS),
        (velocity_member("e", 0), AT - 1),
    ]
    features = stream_features(
        at_ms=AT,
        card_orders=[(member, float(score)) for member, score in orders],
        device_orders=2,
        shopper_orders=1,
        card_known_since=AT - 1,
        device_known_since=AT,
    )
    assert features == {
        "card_orders_1h": 2,
        "card_orders_24h": 4,
        "card_amount_24h_minor": 123,
        "device_orders_24h": 2,
        "shopper_orders_24h": 1,
        "known_card": 1,
        "known_device": 0,
    }
    assert list(features) == [feature.name for feature in ORDER_FRAUD.of(Source.STREAM)]


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001
def test_an_instant_is_the_same_millisecond_in_every_zone(naive: datetime, hours: int) -> None:
    instant = naive.replace(tzinfo=UTC)
    abroad = instant.astimezone(timezone(timedelta(hours=hours)))
    back = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=epoch_ms(abroad))
    assert timedelta(0) <= instant - back < timedelta(milliseconds=1)
