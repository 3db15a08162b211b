"""Days that are not as the same weekdays before, whatever the season.

A day's number is divided by the median of the seven days before it, which takes trend and season
off; what is left is compared with what was left of the last eight same weekdays. Median and median
absolute deviation are used throughout, so that past anomalies do not shift what is expected [1]_.

.. [1] Leys et al. (2013), Detecting outliers: do not use standard deviation around the mean, use
   absolute deviation around the median, Journal of Experimental Social Psychology 49(4), 764-766.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log, log1p, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from clickhouse_connect.driver.client import Client

from pipelines.quality.monitors import Kind, Monitor
from pipelines.warehouse.client import frame

LEVEL_DAYS = 7
WEEKS = 8
FEWEST_WEEKS = 4
"""A key with fewer same weekdays before a day is too young to be judged."""
DEVIATIONS = 5.0
"""Half of the band, in deviations: with eight weekdays the deviation itself is a rough guess."""
TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""
HISTORY = timedelta(days=LEVEL_DAYS + 7 * WEEKS)
"""What is read before the first day that is judged."""

Numbers = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judgement:
    """A day's number beside the band in which it was expected."""

    day: date
    key: str
    value: float
    low: float
    high: float
    is_anomaly: bool
    is_error: bool


def judge(
    monitor: Monitor, numbers: pd.DataFrame, start: date, end: date
) -> dict[str, list[Judgement]]:
    """Judge the days ``[start, end)`` of each key by the days before them.

    Parameters
    ----------
    numbers
        Columns day, key and value, of the days from ``start - HISTORY`` on.

    Returns
    -------
    dict
        By key, the days that could be judged, in order.
    """
    days = pd.date_range(start - HISTORY, end, inclusive="left")
    found: dict[str, list[Judgement]] = {}
    for key, rows in numbers.groupby("key"):
        told = rows.assign(day=pd.to_datetime(rows["day"])).set_index("day")["value"]
        values = told.astype("float64").reindex(days)
        first = int(values.notna().to_numpy().argmax())
        if monitor.kind is Kind.COUNT:
            values.iloc[first:] = values.iloc[first:].fillna(0.0)
        series = values.to_numpy(dtype="float64")
        judged = [
            _judge_day(monitor, str(key), days[i].date(), series[first : i + 1])
            for i in range(max(HISTORY.days, first), len(days))
        ]
        found[str(key)] = [each for each in judged if each is not None]
    return found


def _judge_day(monitor: Monitor, key: str, day: date, series: Numbers) -> Judgement | None:
    """Judge the last number of a key's series, which begins with its first day."""
    last = len(series) - 1
    weekdays = [last - 7 * week for week in range(1, WEEKS + 1)]
    before = [_relative(monitor, series, i) for i in weekdays if i >= LEVEL_DAYS]
    known = np.array([each for each in before if not np.isnan(each)])
    if len(known) < FEWEST_WEEKS or np.isnan(series[last]):
        return None
    usual = float(np.median(known))
    sigma = TO_SIGMA * float(np.median(np.abs(known - usual)))
    level = _level(monitor, series, last)
    if np.isnan(level):
        return None
    band = max(DEVIATIONS * sigma, log1p(monitor.tolerance))
    if monitor.kind is Kind.COUNT:
        # A count of independent arrivals varies by its root.
        band = max(band, DEVIATIONS / sqrt(max(level * exp(usual), 1.0)))
    value = float(series[last])
    off = abs(log(value + monitor.offset) - log(level) - usual)
    is_anomaly = off > band and not monitor.accepts(day)
    return Judgement(
        day=day,
        key=key,
        value=value,
        low=max(0.0, level * exp(usual - band) - monitor.offset),
        high=level * exp(usual + band) - monitor.offset,
        is_anomaly=is_anomaly,
        is_error=is_anomaly and off > log(monitor.error_beyond),
    )


def _level(monitor: Monitor, series: Numbers, i: int) -> float:
    """Return the median of the days before a day, offset included; NaN where there are none."""
    window = series[i - LEVEL_DAYS : i]
    if np.isnan(window).all():
        return float("nan")
    return float(np.nanmedian(window)) + monitor.offset


def _relative(monitor: Monitor, series: Numbers, i: int) -> float:
    """Return the logarithm of a day's number as a multiple of its level."""
    return float(np.log(series[i] + monitor.offset) - np.log(_level(monitor, series, i)))


def look(
    client: Client, monitor: Monitor, start: date, end: date, tables: tuple[str, ...] = ()
) -> dict[str, list[Judgement]]:
    """Judge the days ``[start, end)`` as they are in the warehouse.

    Parameters
    ----------
    tables
        Raw tables, where each key is one.
    """
    query = monitor.query.replace("{tables}", "|".join(tables))
    numbers = frame(client, query, {"start": start - HISTORY, "end": end})
    return judge(monitor, numbers, start, end)
