"""The lowest price of the 30 days before a reduction, to the edges of the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.catalog.prices import Asked, Reduction, reduction

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)


def asked(*prices: tuple[timedelta, int], currency: str = "EUR") -> list[Asked]:
    """Return prices by how long before now each began."""
    return [Asked(currency, minor, NOW - ago) for ago, minor in prices]


def lowest(history: list[Asked], now: datetime = NOW) -> int | None:
    found = reduction(history, now)
    return found.lowest_before_minor if found else None


def test_a_lower_price_is_a_reduction_of_the_one_before() -> None:
    history = asked((90 * DAY, 1000), (DAY, 800))
    assert reduction(history, NOW) == Reduction(NOW - DAY, 1000)


@pytest.mark.parametrize("prices", [[], [(DAY, 1000)], [(9 * DAY, 800), (DAY, 1000)]])
def test_without_a_lower_price_there_is_no_reduction(prices: list[tuple[timedelta, int]]) -> None:
    assert reduction(asked(*prices), NOW) is None


def test_raising_a_price_in_order_to_lower_it_shows_nothing() -> None:
    assert lowest(asked((60 * DAY, 800), (3 * DAY, 1500), (DAY, 800))) is None
    assert lowest(asked((60 * DAY, 800), (3 * DAY, 1500), (DAY, 900))) is None
    assert lowest(asked((60 * DAY, 800), (3 * DAY, 1500), (DAY, 799))) == 800


def test_a_price_that_ended_when_the_window_opens_does_not_count() -> None:
    # The window of a reduction one day ago opens 31 days ago.
    opens = 31 * DAY
    assert lowest(asked((90 * DAY, 100), (opens, 1000), (DAY, 800))) == 1000
    assert lowest(asked((90 * DAY, 100), (opens + TICK, 1000), (DAY, 800))) == 1000
    assert lowest(asked((90 * DAY, 900), (opens - TICK, 1000), (DAY, 800))) == 900


def test_a_price_from_long_before_counts_while_it_was_still_asked() -> None:
    assert lowest(asked((900 * DAY, 700), (5 * DAY, 1000), (DAY, 600))) == 700


def test_the_reduced_price_itself_does_not_count() -> None:
    assert lowest(asked((10 * DAY, 1000), (timedelta(0), 10))) == 1000


def test_a_reduction_is_told_for_thirty_days_and_from_its_first_instant_on() -> None:
    history = asked((90 * DAY, 1000), (timedelta(0), 800))
    assert lowest(history, NOW - TICK) is None
    assert lowest(history, NOW) == 1000
    assert lowest(history, NOW + 30 * DAY - TICK) == 1000
    assert lowest(history, NOW + 30 * DAY) is None


def test_a_second_reduction_is_measured_by_the_first() -> None:
    assert lowest(asked((90 * DAY, 1000), (2 * DAY, 900), (DAY, 800))) == 900


def test_prices_in_another_currency_do_not_count() -> None:
    dollars = asked((90 * DAY, 5000), (20 * DAY, 100), currency="USD")
    assert lowest(dollars + asked((9 * DAY, 1000), (DAY, 900))) == 1000
    assert lowest(dollars + asked((DAY, 50))) is None


@given(
    st.lists(st.tuples(st.integers(0, 80 * 24), st.integers(1, 9)), min_size=1, max_size=12),
    st.integers(0, 24 * 90),
)
def test_it_is_what_asking_hour_by_hour_finds(
    changes: list[tuple[int, int]], hours_later: int
) -> None:
    start = NOW - 80 * DAY
    at = dict(sorted(dict(changes).items()))
    history = [Asked("EUR", minor, start + timedelta(hours=hour)) for hour, minor in at.items()]
    now = history[-1].since + timedelta(hours=hours_later)
    since = max(at)
    held = [
        at[max(h for h in at if h <= hour)]
        for hour in range(since - 30 * 24, since)
        if any(h <= hour for h in at)
    ]
    shown = held and at[since] < min(held) and hours_later < 30 * 24
    assert lowest(history, now) == (min(held) if shown else None)
