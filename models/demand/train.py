"""Training the demand model: one set of trees a quantile, for all products and days ahead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.artifacts import Artifact, Training, build
from models.demand.evaluate import QUANTILES, evaluate
from models.demand.score import save
from models.demand.series import HORIZON, NAMES, WARM_UP, Series, known_at, series, sold_from

FAMILY = "demand"
PRODUCTS = 1500
"""Products forecast: those sold on most days."""
ORIGINS = 40
"""Instants that are learned from, `STEP` days apart, the latest first."""
STEP = 5
SAMPLE = 250_000
"""Examples a model learns from, drawn by the seed."""
ROUNDS = 80
PARAMS: dict[str, Any] = {
    "objective": "quantile",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


class TooFewDaysError(ValueError):
    """The sales do not reach back far enough to learn from."""


def train(daily: pd.DataFrame, *, as_of: datetime, seed: int) -> Artifact:
    """Forecast from everything before a day; measure on the last days with an earlier model first.

    Parameters
    ----------
    daily
        ``features.feat_sku_daily``: sku, sales_date, units; only days with sales.
    as_of
        Aware instant; its UTC day is the first one forecast, and nothing from it on is used.
    seed
        Seed of the drawing of examples and features.

    Raises
    ------
    TooFewDaysError
        If there are fewer than `WARM_UP` + `HORIZON` days.
    """
    end = pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None).normalize()
    given = series(daily, end, PRODUCTS)
    if given.length < WARM_UP + HORIZON:
        raise TooFewDaysError(f"{given.length} days are fewer than {WARM_UP + HORIZON}")
    metrics = []
    if given.length >= WARM_UP + 2 * HORIZON:
        # The products are chosen anew: those of the whole time would tell of the window.
        cut = end - pd.Timedelta(days=HORIZON)
        early = series(daily, cut, PRODUCTS)
        forecast = _forecast(_fit(early, seed), early)
        metrics = evaluate(early, forecast, _sold(daily, early, cut, end), cut)
    boosters = _fit(given, seed)
    files = save(given.skus, _forecast(boosters, given))
    for name, booster in zip(QUANTILES, boosters, strict=True):
        files[f"{name}.txt"] = booster.model_to_string().encode()
    training = Training(
        as_of=as_of,
        data_from=str(given.first_day.date()),
        data_to=str(end.date()),
        rows=int((given.units > 0).sum()),
        seed=seed,
        params={
            **PARAMS,
            "rounds": ROUNDS,
            "origins": ORIGINS,
            "step_days": STEP,
            "sample": SAMPLE,
            "products": len(given.skus),
            "horizon_days": HORIZON,
            "inputs": NAMES,
            "first_day": str(end.date()),
        },
    )
    return build(FAMILY, training, files, metrics)


def _sold(
    daily: pd.DataFrame, early: Series, cut: pd.Timestamp, end: pd.Timestamp
) -> NDArray[np.float32]:
    """Return what the products of an earlier model sold in the window after it."""
    dates = pd.to_datetime(daily["sales_date"])
    window = daily[(dates >= cut) & (dates < end) & daily["sku"].isin(early.skus)]
    units = np.zeros((len(early.skus), HORIZON), dtype=np.float32)
    places = pd.Index(early.skus).get_indexer(pd.Index(window["sku"].astype(str)))
    columns = (dates[window.index] - cut).dt.days.to_numpy()
    np.add.at(units, (places, columns), window["units"].to_numpy())
    return units


def _fit(given: Series, seed: int) -> list[lgb.Booster]:
    """Return the trees of each quantile."""
    latest = given.length - HORIZON
    origins = list(range(latest, WARM_UP - 1, -STEP))[:ORIGINS]
    inputs = np.concatenate([known_at(given, origin) for origin in origins])
    labels = np.concatenate([sold_from(given, origin).ravel() for origin in origins])
    if len(inputs) > SAMPLE:
        drawn = np.random.default_rng(seed).choice(len(inputs), SAMPLE, replace=False)
        inputs, labels = inputs[np.sort(drawn)], labels[np.sort(drawn)]
    data = lgb.Dataset(inputs, label=labels, feature_name=NAMES, free_raw_data=False)
    return [
        lgb.train({**PARAMS, "alpha": alpha, "seed": seed}, data, num_boost_round=ROUNDS)
        for alpha in QUANTILES.values()
    ]


def _forecast(boosters: list[lgb.Booster], given: Series) -> NDArray[np.float32]:
    """Return products by days by quantiles, none negative, in order at each point."""
    inputs = known_at(given, given.length)
    raw = np.column_stack([booster.predict(inputs, num_threads=2) for booster in boosters])
    # Sorting crossed quantiles never makes the pinball loss worse.
    ordered = np.sort(np.maximum(raw, 0.0), axis=1).round(3)
    return ordered.reshape(len(given.skus), HORIZON, len(boosters)).astype(np.float32)
