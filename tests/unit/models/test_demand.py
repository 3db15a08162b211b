"""Daily series, what is known of them at an instant, and stored forecasts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import demand
from models.demand.evaluate import coverage, exceedance, naive, pinball
from models.demand.score import Forecaster, load, save
from models.demand.series import (
    HORIZON,
    NAMES,
    WARM_UP,
    WEEKS,
    Series,
    known_at,
    same_weekdays,
    series,
    sold_from,
)
from models.demand.train import TooFewDaysError

FIRST = pd.Timestamp("2017-01-01")


def weekly(products: int = 3, days: int = 120) -> Series:
    units = np.tile(np.arange(days) % 7, (products, 1)).astype(np.float32)
    return Series(tuple(f"p{n}" for n in range(products)), FIRST, units)


def test_days_without_sales_are_zero_and_later_days_unknown() -> None:
    daily = pd.DataFrame(
        {
            "sku": ["a", "b", "a", "a"],
            "sales_date": [date(2017, 1, 1), date(2017, 1, 2), date(2017, 1, 4), date(2017, 1, 5)],
            "units": [2, 7, 3, 99],
        }
    )
    given = series(daily, pd.Timestamp("2017-01-05"), most=2)
    assert given.skus == ("a", "b")
    assert given.units.tolist() == [[2, 0, 0, 3], [0, 7, 0, 0]]


def test_only_the_products_sold_on_most_days_are_kept() -> None:
    daily = pd.DataFrame(
        {
            "sku": ["rare", "often", "often"],
            "sales_date": pd.to_datetime(["2017-01-01", "2017-01-01", "2017-01-02"]),
            "units": [1000, 1, 1],
        }
    )
    assert series(daily, pd.Timestamp("2017-01-03"), most=1).skus == ("often",)


@given(st.integers(WARM_UP, 110), st.integers(1, HORIZON))
def test_the_same_weekdays_are_known_ones_and_of_that_weekday(origin: int, ahead: int) -> None:
    columns = np.arange(120, dtype=np.float32)[None, :]
    found = same_weekdays(columns, origin, ahead)[0]
    assert found.max() < origin
    assert {(int(day) - (origin + ahead - 1)) % 7 for day in found} == {0}
    assert np.diff(found).tolist() == [-7.0] * (WEEKS - 1)


def test_nothing_from_an_instant_on_changes_what_is_known_at_it() -> None:
    given = weekly()
    changed = given.units.copy()
    changed[:, 80:] = 1e6
    later = Series(given.skus, given.first_day, changed)
    assert np.array_equal(known_at(given, 80), known_at(later, 80))


def test_features_and_labels_stand_row_by_row() -> None:
    given = weekly()
    inputs, labels = known_at(given, 80), sold_from(given, 80).ravel()
    assert inputs.shape == (3 * HORIZON, len(NAMES))
    assert np.array_equal(inputs[:, NAMES.index("last_same_weekday")], labels)
    assert inputs[:, NAMES.index("ahead")].tolist() == list(range(1, HORIZON + 1)) * 3


def test_the_naive_forecast_repeats_the_last_week() -> None:
    early = weekly(days=84)
    last, weekdays = naive(early)
    expected = (np.arange(84, 84 + HORIZON) % 7).astype(np.float32)
    for quantile in range(3):
        assert np.array_equal(last[0, :, quantile], expected)
        assert np.array_equal(weekdays[0, :, quantile], expected)


def test_pinball_loss_worked_by_hand() -> None:
    sold = np.array([[10.0]], dtype=np.float32)
    forecast = np.array([[[8.0, 10.0, 13.0]]], dtype=np.float32)
    assert pinball(sold, forecast) == pytest.approx((0.1 * 2 + 0 + 0.1 * 3) / 3)


def test_an_interval_holds_its_ends() -> None:
    sold = np.array([[1.0, 3.0, 0.0, 4.0]], dtype=np.float32)
    forecast = np.tile(np.array([1.0, 2.0, 3.0], dtype=np.float32), (1, 4, 1))
    assert coverage(sold, forecast) == 0.5
    assert exceedance(sold, forecast) == 0.25


@pytest.fixture
def forecaster() -> Forecaster:
    quantiles = np.arange(2 * HORIZON * 3, dtype=np.float32).reshape(2, HORIZON, 3)
    return load(save(["a", "b"], quantiles), {"params": {"first_day": "2018-01-01"}})


def test_a_stored_forecast_is_answered_day_by_day(forecaster: Forecaster) -> None:
    found = forecaster.forecast("b", 2)
    assert found is not None
    assert found.as_of == date(2018, 1, 1)
    assert [day.date for day in found.days] == [date(2018, 1, 1), date(2018, 1, 2)]
    assert [(d.p10, d.p50, d.p90) for d in found.days] == [(42, 43, 44), (45, 46, 47)]


def test_an_unknown_product_has_no_forecast(forecaster: Forecaster) -> None:
    assert forecaster.forecast("c", 1) is None


@pytest.mark.parametrize("horizon", [0, HORIZON + 1, -1])
def test_a_horizon_out_of_range_is_refused(forecaster: Forecaster, horizon: int) -> None:
    with pytest.raises(ValueError, match="horizon"):
        forecaster.forecast("a", horizon)


def test_too_short_a_past_is_refused() -> None:
    daily = pd.DataFrame({"sku": ["a"], "sales_date": [FIRST], "units": [1]})
    with pytest.raises(TooFewDaysError, match="5 days are fewer"):
        demand.train(daily, as_of=datetime(2017, 1, 6, tzinfo=UTC), seed=1)
