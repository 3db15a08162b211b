"""How well expected purchases and their worth hold on later days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.artifacts import Metric
from models.lifetime.history import HORIZON_DAYS

SO_FAR = "as often and as much as so far, since the first order"
LATELY = f"the last {HORIZON_DAYS} days once more"


def happened(purchases: pd.DataFrame, subjects: pd.Series[str]) -> pd.DataFrame:
    """Return days with an order (``purchases``) and what they were worth (``value``) by shopper.

    Parameters
    ----------
    purchases
        Those of the days in question.
    subjects
        Whose figures are wanted; who bought nothing has zeros.
    """
    by_subject = purchases.groupby("subject")["net_minor"].agg(["size", "sum"])
    found = by_subject.reindex(subjects, fill_value=0).astype(float)
    return found.set_axis(["purchases", "value"], axis="columns")


def evaluate(expected: pd.DataFrame, purchases: pd.DataFrame, cut: pd.Timestamp) -> list[Metric]:
    """Return the errors a shopper in the days from a cut on, beside the naive ones.

    They are root mean squares, which an expectation makes small: most shoppers of many a store buy
    nothing in a window, so that absolute errors favour who expects nothing of anybody.

    Parameters
    ----------
    expected
        What `models.lifetime.score.Outlook.ahead` says of them, as of the cut.
    purchases
        ``subject``, ``day``, ``net_minor``: of the days before the cut, and of the window.
    cut
        Naive midnight, UTC: the window's first.
    """
    end, start = (cut + days * pd.Timedelta(days=HORIZON_DAYS) for days in (1, -1))
    subjects, day = expected["subject"], purchases["day"]
    then = happened(purchases[(day >= cut) & (day < end)], subjects)
    known = purchases[day < cut]
    first = pd.DatetimeIndex(known.groupby("subject")["day"].min().reindex(subjects))
    ages = (cut - first).days.to_numpy(dtype=float)
    naive = {
        SO_FAR: happened(known, subjects).mul(HORIZON_DAYS / ages, axis="index"),
        LATELY: happened(known[known["day"] >= start], subjects),
    }
    told = {"purchases": "expected_purchases", "value": "expected_value_minor"}

    def error(of: pd.DataFrame, column: str, figure: str) -> float:
        difference = of[column].to_numpy(dtype=float) - then[figure].to_numpy()
        return float(np.sqrt(np.square(difference).mean()))

    return [
        Metric(
            name=f"{figure}_rmse",
            value=error(expected, column, figure),
            baseline=baseline,
            baseline_value=error(figures, figure, figure),
            higher_is_better=False,
            window_from=str(cut.date()),
            window_to=str(end.date()),
            n=len(subjects),
        )
        for figure, column in told.items()
        for baseline, figures in naive.items()
    ]
