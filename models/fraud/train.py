"""Training the fraud model."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.artifacts import Artifact, Training, build
from models.features import ORDER_FRAUD
from models.fraud.evaluate import ALERT_SHARE, evaluate

FAMILY = "fraud"
MODEL_FILE = "model.txt"
TRAIN_SHARE = 0.7
"""Share of the labelled days that the evaluated model is trained on; the later rest tests it."""
LABEL_DELAY = timedelta(days=5)
"""Chargebacks arrive within this; younger orders are left out, known frauds among them too, or
recent days would consist of frauds alone."""
HISTORY = timedelta(days=60)
"""Older orders are left out: they have no label in the time before chargebacks were collected."""
ROUNDS = 120
PARAMS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


class TooFewLabelsError(ValueError):
    """There are not yet enough chargebacks, or no good orders, to learn from."""


MIN_FRAUDS = 10


def known_rows(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Return the orders old enough to have a label at an instant, with that label."""
    instant = pd.Timestamp(as_of)
    ordered = pd.to_datetime(frame["ordered_at"], utc=True)
    labelled = pd.to_datetime(frame["label_at"], utc=True)
    rows = frame[(ordered < instant - LABEL_DELAY) & (ordered >= instant - HISTORY)]
    known = (rows["is_fraud"] == 1) & (labelled[rows.index] < instant)
    return rows.assign(is_fraud=known.astype("int64"))


def _matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    return frame[ORDER_FRAUD.names].astype("float64").to_numpy(na_value=np.nan)


def _fit(frame: pd.DataFrame, seed: int) -> lgb.Booster:
    data = lgb.Dataset(
        _matrix(frame),
        label=frame["is_fraud"].to_numpy(),
        feature_name=ORDER_FRAUD.names,
        free_raw_data=False,
    )
    return lgb.train({**PARAMS, "seed": seed}, data, num_boost_round=ROUNDS)


def _predict(booster: lgb.Booster, frame: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(booster.predict(_matrix(frame)), dtype=np.float64)


def _first_labelled_day(frame: pd.DataFrame) -> pd.Timestamp:
    """Return the first day with a fraud: before it nobody reported any."""
    first: pd.Timestamp = pd.to_datetime(frame.loc[frame["is_fraud"] == 1, "order_date"]).min()
    return first


def train(frame: pd.DataFrame, *, as_of: datetime, seed: int) -> Artifact:
    """Train on what was known at an instant; measure on the later part of it first.

    Parameters
    ----------
    frame
        ``features.feat_order_fraud``: the view's columns, ``ordered_at``, ``order_date``,
        ``is_fraud`` and ``label_at``.
    as_of
        Aware instant; nothing later is used.
    seed
        Seed of the sampling of rows and columns.

    Raises
    ------
    TooFewLabelsError
        If fewer than `MIN_FRAUDS` chargebacks were known.
    """
    rows = known_rows(frame, as_of)
    frauds = int(rows["is_fraud"].sum())
    if frauds < MIN_FRAUDS or frauds == len(rows):
        raise TooFewLabelsError(f"{frauds} frauds in {len(rows)} labelled orders are not enough")
    rows = rows[pd.to_datetime(rows["order_date"]) >= _first_labelled_day(rows)]
    rows = rows.sort_values(["ordered_at", "order_id"], kind="stable").reset_index(drop=True)
    days = pd.to_datetime(rows["order_date"])
    cut = days.min() + TRAIN_SHARE * (days.max() - days.min() + pd.Timedelta(days=1))
    early, late = rows[days < cut.normalize()], rows[days >= cut.normalize()]
    # Early orders' labels may have arrived during the later days: the figures are those of a model
    # whose labels are all in, and no feature of an order looks past the order.
    metrics = []
    booster = _fit(rows, seed)
    unseen = _predict(booster, rows)
    if len(early) and len(late):
        unseen = _predict(_fit(early, seed), late)
        metrics = evaluate(late, unseen)
    # Of orders that the trees have not seen, or far more than the share would lie above it.
    threshold = float(np.quantile(unseen, 1 - ALERT_SHARE))
    training = Training(
        as_of=as_of,
        data_from=str(days.min().date()),
        data_to=str((days.max() + pd.Timedelta(days=1)).date()),
        rows=len(rows),
        seed=seed,
        params={**PARAMS, "rounds": ROUNDS, "threshold": threshold, "frauds": frauds},
    )
    files = {MODEL_FILE: booster.model_to_string().encode()}
    return build(FAMILY, training, files, metrics, ORDER_FRAUD)
