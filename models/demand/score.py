"""Answering with stored forecasts; nothing is ever fitted or predicted here."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

SKUS_FILE = "skus.json"
FORECASTS_FILE = "forecasts.npz"
UNIT = "each"
"""Demand counts pieces; of goods sold by the thousandth it counts lines."""


@dataclass(frozen=True)
class DayDemand:
    """A UTC day's demand: with probability 0.1, 0.5 and 0.9 it is at most so much."""

    date: date
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True)
class Forecast:
    """A product's demand on consecutive days, the first one being `as_of`."""

    as_of: date
    unit: str
    days: tuple[DayDemand, ...]


class Forecaster:
    """Forecasts made when the model was trained.

    Parameters
    ----------
    skus
        The products.
    quantiles
        Demand by product, day and quantile (p10, p50, p90).
    as_of
        The first day forecast.
    """

    def __init__(self, skus: Sequence[str], quantiles: NDArray[np.float32], as_of: date) -> None:
        self._places = {sku: place for place, sku in enumerate(skus)}
        self._quantiles = quantiles
        self._as_of = as_of

    @property
    def longest_horizon(self) -> int:
        """Days that it looks ahead."""
        return int(self._quantiles.shape[1])

    @property
    def skus(self) -> tuple[str, ...]:
        """The products that it knows."""
        return tuple(self._places)

    def forecast(self, sku: str, horizon: int) -> Forecast | None:
        """Return a product's forecast; None if the model knows no such product.

        Parameters
        ----------
        sku
            The product.
        horizon
            Days wanted, 1 to `longest_horizon`.

        Raises
        ------
        ValueError
            If the horizon is out of range.
        """
        if not 1 <= horizon <= self.longest_horizon:
            raise ValueError(f"horizon: {horizon} is not from 1 to {self.longest_horizon}")
        place = self._places.get(sku)
        if place is None:
            return None
        days = tuple(
            DayDemand(self._as_of + timedelta(days=ahead), float(p10), float(p50), float(p90))
            for ahead, (p10, p50, p90) in enumerate(self._quantiles[place, :horizon])
        )
        return Forecast(self._as_of, UNIT, days)


def save(skus: Sequence[str], quantiles: NDArray[np.float32]) -> dict[str, bytes]:
    """Return forecasts as an artifact's files; the same forecasts give the same bytes."""
    content = io.BytesIO()
    np.savez(content, quantiles=quantiles)
    return {SKUS_FILE: json.dumps(list(skus)).encode(), FORECASTS_FILE: content.getvalue()}


def load(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Forecaster:
    """Return the scorer of an artifact.

    Raises
    ------
    KeyError
        If a file, the forecasts or their first day are missing.
    """
    with np.load(io.BytesIO(files[FORECASTS_FILE]), allow_pickle=False) as arrays:
        quantiles = arrays["quantiles"]
    as_of = date.fromisoformat(manifest["params"]["first_day"])
    return Forecaster(json.loads(files[SKUS_FILE]), quantiles, as_of)
