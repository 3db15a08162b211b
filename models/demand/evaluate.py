"""How well quantiles of demand hold on later days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.artifacts import Metric
from models.demand.series import HORIZON, Series, same_weekdays

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
LAST_WEEKDAY = "seasonal naive: the last known same weekday, for all three quantiles"
WEEKDAYS = "quantiles of the last 8 same weekdays"


def pinball(sold: NDArray[np.float32], forecast: NDArray[np.float32]) -> float:
    """Return the mean pinball loss of the three quantiles, in units a product and day.

    Parameters
    ----------
    sold
        Products by days.
    forecast
        Products by days by quantiles.
    """
    over = sold[:, :, None] - forecast
    levels = np.array(list(QUANTILES.values()))
    return float(np.maximum(levels * over, (levels - 1.0) * over).mean())


def coverage(sold: NDArray[np.float32], forecast: NDArray[np.float32]) -> float:
    """Return the share of days whose sales lie from p10 to p90, the ends included."""
    return float(((sold >= forecast[:, :, 0]) & (sold <= forecast[:, :, 2])).mean())


def exceedance(sold: NDArray[np.float32], forecast: NDArray[np.float32]) -> float:
    """Return the share of days that sold more than p90: what a stock of p90 would have missed.

    Sales of 0 cannot fall below a p10 of 0, so for slow products this end alone can be wrong.
    """
    return float((sold > forecast[:, :, 2]).mean())


def naive(early: Series) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the two baselines' forecasts: the last same weekday, and quantiles of the last 8."""
    past = np.stack(
        [same_weekdays(early.units, early.length, ahead + 1) for ahead in range(HORIZON)], axis=1
    )
    last = np.repeat(past[:, :, :1], len(QUANTILES), axis=2)
    spread = np.quantile(past, list(QUANTILES.values()), axis=2)
    return last, np.moveaxis(spread, 0, 2).astype(np.float32)


def evaluate(
    early: Series,
    forecast: NDArray[np.float32],
    sold: NDArray[np.float32],
    cut: pd.Timestamp,
) -> list[Metric]:
    """Return the figures on the days after a cut beside the baselines'.

    Parameters
    ----------
    early
        Sales before the cut.
    forecast
        The forecast made from them, products by days by quantiles.
    sold
        What was sold then, products by days.
    cut
        The first day of the window.
    """
    last, weekdays = naive(early)
    window = {
        "window_from": str(cut.date()),
        "window_to": str((cut + pd.Timedelta(days=HORIZON)).date()),
    }
    metrics = [
        Metric(
            name="pinball",
            value=pinball(sold, forecast),
            baseline=baseline,
            baseline_value=pinball(sold, theirs),
            higher_is_better=False,
            n=sold.size,
            **window,
        )
        for baseline, theirs in ((LAST_WEEKDAY, last), (WEEKDAYS, weekdays))
    ]
    ends = [
        Metric(
            name=name,
            value=abs(share(sold, forecast) - nominal),
            baseline=WEEKDAYS,
            baseline_value=abs(share(sold, weekdays) - nominal),
            higher_is_better=False,
            n=sold.size,
            **window,
        )
        for name, share, nominal in (
            ("interval_80_miscoverage", coverage, 0.8),
            ("p90_misexceedance", exceedance, 0.1),
        )
    ]
    return [*metrics, *ends]
