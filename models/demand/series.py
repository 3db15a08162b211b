"""Daily sales as a matrix, and what is known of them at an instant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HORIZON = 14
"""Days that are forecast."""
WEEKS = 8
"""Same weekdays before the instant that are looked at."""
WARM_UP = 7 * WEEKS
"""Days of sales that an instant needs behind it."""
_SPANS = (7, 14, 28, 56)
NAMES = [
    "ahead",
    "weekday",
    "last_same_weekday",
    "mean_4_same_weekdays",
    "mean_8_same_weekdays",
    "most_8_same_weekdays",
    *(f"mean_{span}d" for span in _SPANS),
    "deviation_28d",
    "share_sold_28d",
    "days_since_sold",
    "store_level_7d",
]


@dataclass(frozen=True)
class Series:
    """Units by product and day, days without sales being 0.

    Parameters
    ----------
    skus
        The products, those with most days of sales first.
    first_day
        UTC day of the first column.
    units
        Products by days.
    """

    skus: tuple[str, ...]
    first_day: pd.Timestamp
    units: NDArray[np.float32]

    @property
    def length(self) -> int:
        """Number of days."""
        return int(self.units.shape[1])


def series(daily: pd.DataFrame, end: pd.Timestamp, most: int) -> Series:
    """Return the sales before a day of the products that were sold on most days.

    Parameters
    ----------
    daily
        ``features.feat_sku_daily``: sku, sales_date, units; only days with sales.
    end
        Day after the last one, without time zone.
    most
        Products at most.
    """
    dates = pd.to_datetime(daily["sales_date"])
    rows = daily[dates < end]
    counts = rows["sku"].astype(str).value_counts().sort_index(kind="stable")
    skus = counts.sort_values(ascending=False, kind="stable").index[:most]
    first = dates[rows.index].min() if len(rows) else end
    places = skus.get_indexer(pd.Index(rows["sku"].astype(str)))
    columns = (dates[rows.index] - first).dt.days.to_numpy()
    units = np.zeros((len(skus), (end - first).days), dtype=np.float32)
    kept = places >= 0
    np.add.at(units, (places[kept], columns[kept]), rows["units"].to_numpy()[kept])
    return Series(tuple(skus), first, units)


def same_weekdays(units: NDArray[np.float32], origin: int, ahead: int) -> NDArray[np.float32]:
    """Return the sales on the last same weekdays that are known at an instant, latest first.

    Parameters
    ----------
    units
        Products by days.
    origin
        Column of the first day that is not known.
    ahead
        Day to forecast, 1 being the origin itself.
    """
    latest = origin + ahead - 1 - 7 * (-(-ahead // 7))
    return units[:, [latest - 7 * week for week in range(WEEKS)]]


def known_at(given: Series, origin: int) -> NDArray[np.float32]:
    """Return the features at an instant: products times days ahead, by `NAMES`.

    Parameters
    ----------
    origin
        Column of the first day that is not known; at least `WARM_UP`.
    """
    units = given.units[:, :origin]
    level = units[:, -7:].sum() / max(1.0, float(units[:, -28:].sum()) / 4)
    sold = units[:, -WARM_UP:] > 0
    since = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), WARM_UP)
    at_origin = [
        *(units[:, -span:].mean(axis=1) for span in _SPANS),
        units[:, -28:].std(axis=1),
        sold[:, -28:].mean(axis=1),
        since,
        np.full(len(units), level),
    ]
    blocks = []
    for ahead in range(1, HORIZON + 1):
        past = same_weekdays(units, origin, ahead)
        day = given.first_day + pd.Timedelta(days=origin + ahead - 1)
        columns = [
            np.full(len(units), ahead),
            np.full(len(units), day.day_of_week),
            past[:, 0],
            past[:, :4].mean(axis=1),
            past.mean(axis=1),
            past.max(axis=1),
            *at_origin,
        ]
        blocks.append(np.column_stack(columns))
    return np.stack(blocks, axis=1).reshape(-1, len(NAMES)).astype(np.float32)


def sold_from(given: Series, origin: int) -> NDArray[np.float32]:
    """Return what was sold on the days from an instant on, products by days ahead."""
    return given.units[:, origin : origin + HORIZON]
