"""Points: never a fraction, never worth more than the rule says, all gone with a full refund."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.loyalty.points import Lot, earned, needed, spend, taken_back, usable, worth

AT = datetime(2018, 1, 1, tzinfo=UTC)
RATES = st.integers(1, 10**6)


def test_an_order_brings_whole_points_by_the_rate() -> None:
    assert earned(10_000, 100) == 100
    assert earned(199, 100) == 1
    assert earned(99, 100) == 0
    assert earned(100, 0) == 0


def test_points_pay_whole_units_by_the_rate() -> None:
    assert worth(100, 10_000) == 100
    assert worth(199, 100) == 1
    assert needed(1, 100) == 100
    assert needed(2, 15_000) == 2
    assert needed(3, 15_000) == 2
    assert needed(0, 100) == 0


@pytest.mark.parametrize(
    ("wanted", "minor", "rate", "outcome"),
    [
        (500, 300, 10_000, (300, 300)),
        (200, 300, 10_000, (200, 200)),
        (250, 300, 100, (200, 2)),
        (50, 300, 100, (0, 0)),
        (5, 4, 15_000, (3, 4)),
    ],
)
def test_no_more_points_are_taken_than_the_price_needs(
    wanted: int, minor: int, rate: int, outcome: tuple[int, int]
) -> None:
    assert spend(wanted, minor, rate) == outcome


@given(wanted=st.integers(0, 10**9), minor=st.integers(0, 10**9), rate=RATES)
def test_points_taken_are_the_fewest_that_pay_what_they_pay(
    wanted: int, minor: int, rate: int
) -> None:
    points, paid = spend(wanted, minor, rate)
    assert 0 <= points <= wanted
    assert 0 <= paid <= minor
    assert worth(points, rate) >= paid
    assert points == 0 or worth(points - 1, rate) < paid


def test_lots_that_expire_first_are_used_first_and_those_that_did_are_not() -> None:
    def lot(name: str, hours: int) -> Lot:
        return Lot(name, 1, AT + timedelta(hours=hours))

    lots = [lot("d", 5), lot("c", 1), lot("b", 5), lot("gone", 0), lot("past", -1)]
    assert [each.account_id for each in usable(lots, AT)] == ["c", "b", "d"]


@given(
    points=st.integers(0, 10**6),
    parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
)
def test_all_points_are_gone_when_all_is_refunded_in_whatever_steps(
    points: int, parts: list[int]
) -> None:
    total = sum(parts)
    before, taken = 0, 0
    for part in parts:
        step = taken_back(points, total, before, before + part)
        assert abs(step - points * part / total) <= 1
        taken += step
        before += part
        assert abs(taken - points * before / total) <= 0.5
    assert taken == points


def test_half_a_point_goes_with_the_refunded_part() -> None:
    assert taken_back(1, 10, 0, 5) == 1
    assert taken_back(1, 10, 5, 10) == 0
    assert taken_back(10, 100, 20, 50) == 3
